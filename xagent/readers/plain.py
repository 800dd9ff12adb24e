"""Plain text: one document, or several cut at paragraphs when it is too long to hold at once."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

from xagent.errors import FileError
from xagent.readers._decoding import SAMPLE, clean, damaged, decode, encoding_of
from xagent.readers._document import Document

WHOLE = 8_000_000
"""Bytes (and, of a longer text, characters) that make one document at most."""


def read(path: Path) -> Iterator[Document]:
    """Read a text file; parts of a long one are named by the line (and column) where they start."""
    title = readable(path)
    if path.stat().st_size <= WHOLE:
        text = decode(path.read_bytes())
        if not text.strip():
            raise FileError("holds no text")
        yield Document("", title, text)
        return
    found = False
    for part, text in _parts(path):
        found = True
        yield Document(part, title, text)
    if not found:
        raise FileError("holds no text")


def readable(path: Path) -> str:
    """A file's name as a title: without its suffix, dashes and underscores."""
    stem = path.stem.encode("utf-8", "replace").decode()
    return " ".join(re.sub(r"[_\s-]+", " ", stem).split()) or stem


def _parts(path: Path) -> Iterator[tuple[str, str]]:
    line = column = 1
    for text in _pieces(path):
        if text.strip():
            yield f"line={line}" + (f",column={column}" if column > 1 else ""), text
        breaks = text.count("\n")
        line += breaks
        column = len(text) - text.rfind("\n") if breaks else column + len(text)


def _pieces(path: Path) -> Iterator[str]:
    """The text in pieces of at most `WHOLE` characters, each ending at a paragraph, line or space."""
    held = ""
    for block in _blocks(path):
        held += block
        while len(held) >= WHOLE:
            end = _end(held[:WHOLE])
            yield held[:end]
            held = held[end:]
    yield held


def _end(text: str) -> int:
    half = len(text) // 2
    for mark in ("\n\n", "\n", "。", ". ", " "):
        place = text.rfind(mark, half)
        if place >= 0:
            return place + len(mark)
    return len(text)


def _blocks(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
        encoding = encoding_of(sample, whole=False)
        file.seek(0)
        reader = io.TextIOWrapper(file, encoding=encoding, newline=None)
        try:
            while block := reader.read(1 << 20):
                yield clean(block)
        except UnicodeDecodeError as error:
            raise damaged(file.tell() - len(error.object) + error.start, encoding) from None
