"""A file to documents: one reader a format, each lazy, so that a file may be larger than memory."""

from collections.abc import Callable, Iterator
from pathlib import Path

from xagent.errors import FileError
from xagent.readers import docx, html, jsonl, markdown, pdf, plain, table
from xagent.readers._document import Document

__all__ = ["READABLE", "Document", "read"]

_READERS: dict[str, Callable[[Path], Iterator[Document]]] = {
    ".txt": plain.read,
    ".rst": plain.read,
    ".md": markdown.read,
    ".markdown": markdown.read,
    ".html": html.read,
    ".htm": html.read,
    ".pdf": pdf.read,
    ".docx": docx.read,
    ".csv": table.read,
    ".tsv": table.read,
    ".jsonl": jsonl.read,
    ".ndjson": jsonl.read,
}

READABLE: frozenset[str] = frozenset(_READERS)
"""Suffixes, in lower case with the dot; a file with any other is read as plain text."""


def read(path: Path) -> Iterator[Document]:
    """Read the documents of a file, one at a time.

    Raises FileError (one line, without the path) when it is missing, empty, a folder, locked,
    damaged or not what its suffix says; MissingExtra when its format needs `xagent[docs]`.
    The error may come after some documents.
    """
    try:
        if path.is_dir():
            raise FileError("a folder, not a file")
        if path.stat().st_size == 0:
            raise FileError("empty")
        yield from _READERS.get(path.suffix.lower(), plain.read)(path)
    except FileNotFoundError:
        raise FileError("no such file") from None
    except PermissionError:
        raise FileError("permission denied") from None
    except OSError as error:
        raise FileError(error.strerror or str(error)) from None
    except ValueError as error:
        raise FileError(f"could not be opened: {error}") from None
