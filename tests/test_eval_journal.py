"""What was written stays written, wherever a process is ended."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xagent.errors import InputError
from xagent.evaluation.journal import Head, Journal, Lines, places, whole

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
HEADS = st.lists(st.builds(Head, key=st.sampled_from("abcdef"), error=TEXTS), max_size=8)


@given(heads=HEADS, share=st.floats(0, 1), more=HEADS)
def test_a_kill_loses_the_torn_line_at_most(heads: list[Head], share: float, more: list[Head]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        with Journal(path) as journal:
            for head in heads:
                journal.add(head)
        written = path.read_bytes()
        path.write_bytes(written[: int(share * len(written))])
        kept = heads[: path.read_bytes().count(b"\n")]
        with Journal(path) as journal:
            for head in more:
                journal.add(head)
        newest = {head.key: head for head in [*kept, *more]}
        found = places(path)
        assert {key: place.failed for key, place in found.items()} == {
            key: bool(head.error) for key, head in newest.items()
        }
        lines = Lines(path, Head, list(found.values()))
        assert list(lines) == list(newest.values())
        assert [lines[n] for n in range(len(lines))] == list(lines)
        assert list(lines[1:]) == list(lines)[1:]


def test_a_torn_line_longer_than_a_block_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b'{"key": "a"}\n' + b"x" * 200_000)
    assert whole(path) == 13
    assert list(places(path)) == ["a"]


def test_a_line_that_is_damaged_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b'{"key": "a"}\n{"key": 3}\n{"key": "b"}\n')
    with pytest.raises(InputError, match=r"journal, line 2, key: .*remove the line"):
        places(path)


def test_no_journal_has_no_lines(tmp_path: Path) -> None:
    assert places(tmp_path / "none") == {}
