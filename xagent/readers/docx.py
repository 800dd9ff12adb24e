"""Word documents: paragraphs, headings by their style, and tables, in the order they stand in."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xagent.errors import FileError, MissingExtra
from xagent.readers._decoding import clean
from xagent.readers._document import Document
from xagent.readers.plain import readable

LARGEST = 200_000_000
"""Bytes it may unpack to, pictures included."""
RATIO = 200
"""Times a part over a megabyte may grow: text in XML grows tenfold to fiftyfold."""


def read(path: Path) -> Iterator[Document]:
    """Read a docx file. Raises FileError when it is no docx, holds no text, or would unpack to too much."""
    try:
        import docx
        from docx.opc.exceptions import OpcError
        from lxml.etree import LxmlError  # type: ignore[import-untyped]
    except ImportError:
        raise MissingExtra("reading docx", "docs") from None
    _refuse_bombs(path)
    try:
        document = docx.Document(str(path))
        text, headings, titled = _flatten(document)
    except (
        OpcError,
        LxmlError,
        KeyError,
        ValueError,
        AttributeError,
        RecursionError,
        zipfile.BadZipFile,
    ) as error:
        raise FileError(f"damaged, or not a docx: {' '.join(str(error).split())[:200]}") from None
    if not text.strip():
        raise FileError("holds no text")
    core = document.core_properties
    title = " ".join(clean(core.title or "").split()) or titled or readable(path)
    yield Document("", title, text, headings, (core.language or "").strip() or None)


def _refuse_bombs(path: Path) -> None:
    """Unpack every part once, counting: what a zip says of its sizes need not be true."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > LARGEST or len(parts) > 20_000:
                raise _bomb()
            left = LARGEST
            for part in parts:
                left -= _unpacked(archive, part, left)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError):
        raise FileError("not a docx: it is no zip archive, or a damaged one") from None
    except RuntimeError:
        raise FileError("encrypted: it needs a password; save a copy without one") from None


def _unpacked(archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int) -> int:
    size = 0
    is_xml = part.filename.endswith((".xml", ".rels"))
    tail = b""
    with archive.open(part) as file:
        while block := file.read(1 << 20):
            size += len(block)
            if size > left or (size > 1 << 20 and size > RATIO * max(1, part.compress_size)):
                raise _bomb()
            # Word writes no document types; what has one has entities to expand.
            if is_xml and _DOCTYPE.search(tail + block):
                raise FileError("refused: it declares XML entities, which no word processor writes")
            tail = block[-40:]
    return size


# In UTF-8 and in UTF-16, either way round.
_DOCTYPE = re.compile(rb"<\0?!\0?(?:D\0?O\0?C\0?T\0?Y\0?P\0?E|E\0?N\0?T\0?I\0?T\0?Y)")


def _bomb() -> FileError:
    return FileError(f"refused: it would unpack to over {LARGEST // 1_000_000} MB, or {RATIO} times its size")


def _flatten(document: Any) -> tuple[str, tuple[tuple[int, str], ...], str]:
    pieces: list[str] = []
    headings: list[tuple[int, str]] = []
    title = ""
    size = 0
    for style, block in _blocks(document):
        if style == "title":
            title = title or " ".join(block.split())
        if style and len(block) <= _LONGEST_HEADING and "\n" not in block:
            headings.append((size, block))
        pieces.append(block)
        size += len(block) + 2
    return "\n\n".join(pieces), tuple(headings), title


# Whole texts are set in a heading's style by people who want them large.
_LONGEST_HEADING = 200


def _blocks(document: Any) -> Iterator[tuple[str, str]]:
    """Paragraphs and rows with text in order, each with 'title', 'heading' or ''."""
    for block in document.iter_inner_content():
        if hasattr(block, "rows"):
            yield from (("", row) for row in _rows(block))
            continue
        text = clean(block.text).strip()
        if text:
            yield _kind(block), text


def _kind(paragraph: Any) -> str:
    # The identifier stays English where the name is translated ('Überschrift 1').
    style = paragraph.style
    name = f"{style.style_id or ''} {style.name or ''}".lower() if style is not None else ""
    if name.startswith("title") or name.endswith(" title"):
        return "title"
    return "heading" if "heading" in name else ""


def _rows(table: Any) -> Iterator[str]:
    for row in table.rows:
        cells: list[str] = []
        seen: set[int] = set()
        for cell in row.cells:
            # A merged cell comes once for each column it spans.
            if id(cell._tc) not in seen:
                seen.add(id(cell._tc))
                cells.append(" ".join(clean(cell.text).split()))
        if any(cells):
            yield " | ".join(filter(None, cells))
