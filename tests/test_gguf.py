"""What a model's file says of itself, and that no file does harm by what it says."""

import os
import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gguf_files import field, gguf, tensor
from xagent.errors import InputError
from xagent.gguf import Header, read_header, size_note


def test_a_header_says_how_large_the_model_is_and_how_much_it_reads(tmp_path: Path) -> None:
    path = tmp_path / "模型 Àwòṣe.gguf"
    path.write_bytes(gguf(tensor(30, 1_000_000), tensor(5_000_000)))
    assert read_header(path) == Header(path.stat().st_size, 35_000_000, 4096)


def test_a_model_in_three_files_is_three_times_the_first(tmp_path: Path) -> None:
    path = tmp_path / "m-00001-of-00003.gguf"
    path.write_bytes(gguf(tensor(7, 1000), more=(field("split.count", 2, struct.pack("<H", 3)),)))
    assert read_header(path).parameters == 21_000


@pytest.mark.parametrize(
    ("parameters", "size", "able"),
    [
        (135_000_000, "135M", "English only at best"),
        (999_000_000, "999M", "English only at best"),
        (1_700_000_000, "1.7B", "often wrong"),
        (7_600_000_000, "7.6B", "weaker in others"),
    ],
)
def test_a_note_says_what_a_model_of_its_size_can_do(
    tmp_path: Path, parameters: int, size: str, able: str
) -> None:
    path = tmp_path / "\x1b[31mm.gguf"
    path.write_bytes(gguf(tensor(parameters)))
    note = size_note(path)
    assert note.startswith(f"m.gguf: {size} parameters, 0.0 GB: ")
    assert able in note


BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "no end"),
    "a web page": (b"<!DOCTYPE html><html>", "letters GGUF"),
    "an older one": (gguf(version=1), "of version 1"),
    "big-endian": (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "of version 50331648"),
    "cut": (gguf(tensor(5))[:-20], "no end"),
    "fields without end": (b"GGUF" + struct.pack("<IQQ", 3, 0, 2**64 - 1), "no end"),
    "a name without end": (gguf(more=(struct.pack("<Q", 2**63),)), "no end"),
    "a list without end": (gguf(more=(field("x", 9, struct.pack("<IQ", 10, 2**62)),)), "no end"),
    "a list of lists": (gguf(more=(field("x", 9, struct.pack("<IQ", 9, 1)),)), "no known type"),
    "an unknown type": (gguf(more=(field("x", 99, b""),)), "no known type"),
    "an unknown shape": (gguf(tensor(1, 2, 3, 4, 5)), "no known shape"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_gguf_file_is_refused_and_said_why(tmp_path: Path, kind: str) -> None:
    content, why = BAD[kind]
    path = tmp_path / "bad.gguf"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"bad\.gguf is no GGUF file .*{why}"):
        read_header(path)


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    for name, why in [
        (f"{tmp_path}", "is a folder"),
        (f"{tmp_path}/none.gguf", "there is no model file"),
        (f"{tmp_path}/pipe.gguf", "there is no model file"),
        (f"{tmp_path}/\0.gguf", "there is no model file"),
        (f"{tmp_path}/{'x' * 300}.gguf", "File name too long"),
    ]:
        with pytest.raises(InputError, match=why):
            read_header(name)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.gguf"
    for written in (content, gguf()[:24] + content):
        path.write_bytes(written)
        with suppress(InputError):
            read_header(path)


@given(st.data())
def test_a_header_with_one_byte_changed_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(gguf(tensor(30, 100), tensor(5)))
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "changed.gguf"
    path.write_bytes(content)
    with suppress(InputError):
        assert read_header(path).parameters >= 0
