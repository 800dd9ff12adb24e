"""Tables with a header row, in csv or tsv: one document a row."""

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from xagent.errors import FileError
from xagent.readers._decoding import SAMPLE, clean, damaged, encoding_of
from xagent.readers._document import Document
from xagent.readers.jsonl import LANGUAGE, LONGEST, TEXT, TITLE, field
from xagent.readers.plain import readable


def read(path: Path) -> Iterator[Document]:
    """Read a table. A row's text is its text column, else every column as 'name: value', a line each."""
    stem = readable(path)
    listed = rows(path)
    names = [clean(name).strip() for _, row in [next(listed, (0, []))] for name in row]
    if not any(names):
        raise FileError("has no header row")
    found = False
    for number, row in listed:
        document = _document(names, row, number, stem)
        if document:
            found = True
            yield document
    if not found:
        raise FileError("has a header row and no other with text")


def _document(names: Sequence[str], row: Sequence[str], number: int, stem: str) -> Document | None:
    if len(row) > len(names) and any(cell.strip() for cell in row[len(names) :]):
        raise FileError(
            f"row {number:,} has {len(row)} columns and the header {len(names)}; quote cells with separators"
        )
    record = {name: cell for name, cell in zip(names, row, strict=False) if cell.strip()}
    has_text = any(name.lower() in TEXT for name in names)
    text = field(record, TEXT) if has_text else _joined(record)
    if not text:
        return None
    title = " ".join(field(record, TITLE).split()) or stem
    return Document(f"line={number}", title, text, language=field(record, LANGUAGE).strip() or None)


def _joined(record: dict[str, str]) -> str:
    kept = {name: cell for name, cell in record.items() if name.lower() not in LANGUAGE}
    return "\n".join(
        f"{name}: {clean(cell).strip()}" if name else clean(cell).strip() for name, cell in kept.items()
    )


def rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with its number: 1 is the header. Raises FileError and OSError."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
        encoding = encoding_of(sample, whole=len(sample) < SAMPLE)
        file.seek(0)
        reader = io.TextIOWrapper(file, encoding=encoding, newline="")
        separator = "\t" if path.suffix.lower() == ".tsv" else _separator(sample.decode(encoding, "ignore"))
        before = csv.field_size_limit(min(LONGEST, sys.maxsize))
        try:
            for number, row in enumerate(csv.reader(_without_nuls(reader), delimiter=separator), 1):
                if any(cell.strip() for cell in row):
                    yield number, row
        except UnicodeDecodeError as error:
            raise damaged(file.tell() - len(error.object) + error.start, encoding) from None
        except csv.Error as error:
            raise FileError(f"not a table: {error}") from None
        finally:
            csv.field_size_limit(before)


def _without_nuls(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line.replace("\0", "")


def _separator(sample: str) -> str:
    """The separator that splits the first rows into the same number of columns, most of them.

    csv.Sniffer takes letters for separators in a table of one column.
    """

    def columns(separator: str) -> int:
        first = [
            row for row in csv.reader(io.StringIO(sample[:65536], newline=None), delimiter=separator) if row
        ][:20]
        first = first[:-1] if len(first) > 2 and len(sample) >= 65536 else first
        width = len(first[0]) if first else 0
        return width if all(len(row) == width for row in first) else 0

    header = sample.lstrip("\ufeff").partition("\n")[0]
    best = max(",;\t|", key=lambda separator: columns(separator) if separator in header else 0)
    if columns(best) > 1:
        return best
    return max(",;\t|", key=header.count)
