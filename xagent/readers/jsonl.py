"""JSON lines: one document a line, from the first field that holds text."""

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from xagent.errors import FileError
from xagent.readers._decoding import SAMPLE, clean, damaged, encoding_of
from xagent.readers._document import Document
from xagent.readers.plain import readable

TEXT = ("text", "content", "contents", "body", "passage", "context")
"""Fields that hold the text, the first there is."""
LANGUAGE = ("language", "lang")
TITLE = ("title",)

LONGEST = 64_000_000
"""Characters of one line at most, so that one file without line ends cannot fill the memory."""


def read(path: Path) -> Iterator[Document]:
    """Read a file of one JSON object a line; blank lines are passed over."""
    stem = readable(path)
    found = False
    for number, line in _lines(path):
        if line.strip():
            found = True
            yield _document(_record(line, number), number, stem)
    if not found:
        raise FileError("holds no lines")


def field(record: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """The first of these fields that holds text, whatever the case of its name; '' if none does."""
    lowered = {str(key).strip().lower(): value for key, value in record.items()}
    values = (lowered.get(name) for name in names)
    return next((clean(value) for value in values if isinstance(value, str) and value.strip()), "")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as file:
        encoding = encoding_of(file.read(SAMPLE), whole=path.stat().st_size <= SAMPLE)
        file.seek(0)
        # Only '\n' ends a line here: JSON may hold the other line ends within a string.
        reader = io.TextIOWrapper(file, encoding=encoding, newline="\n")
        number = 0
        try:
            while line := reader.readline(LONGEST):
                number += 1
                if len(line) >= LONGEST:
                    raise FileError(f"line {number:,} is over {LONGEST:,} characters long")
                yield number, line
        except UnicodeDecodeError as error:
            raise damaged(file.tell() - len(error.object) + error.start, encoding) from None


def _record(line: str, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line.removeprefix("\ufeff"))
    except RecursionError:
        raise FileError(f"line {number:,}: nested too deeply") from None
    except ValueError as error:
        raise FileError(f"line {number:,} is not JSON: {error}") from None
    if not isinstance(record, dict):
        raise FileError(f"line {number:,} is not a JSON object")
    return record


def _document(record: Mapping[str, Any], number: int, stem: str) -> Document:
    text = field(record, TEXT)
    if not text:
        raise FileError(f"line {number:,} has no text in any of the fields {', '.join(TEXT)}")
    title = " ".join(field(record, TITLE).split()) or stem
    return Document(f"line={number}", title, text, language=field(record, LANGUAGE).strip() or None)
