"""PDF: one document a page. What a scan shows is no text, and is said to be none."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xagent.errors import FileError, MissingExtra
from xagent.readers._decoding import clean
from xagent.readers._document import Document
from xagent.readers.plain import readable


def read(path: Path) -> Iterator[Document]:
    """Read the pages that hold text. Raises FileError when none does, or a password is needed."""
    try:
        import pypdf
        from pypdf.errors import DependencyError, PyPdfError
    except ImportError:
        raise MissingExtra("reading pdf", "docs") from None
    # It warns of each oddity of each file; what matters is raised.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    with path.open("rb") as file:
        try:
            reader = pypdf.PdfReader(file)
            if reader.is_encrypted and not reader.decrypt(""):
                raise FileError("encrypted: it needs a password; save a copy without one")
            yield from _pages(reader, readable(path))
        except DependencyError as error:
            raise FileError(f"encrypted in a way that needs one more package: {error}") from None
        except (
            PyPdfError,
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
            IndexError,
            RecursionError,
        ) as error:
            raise FileError(f"damaged, or not a pdf: {_line(error)}") from None


def _pages(reader: Any, stem: str) -> Iterator[Document]:
    title = _title(reader) or stem
    language = _language(reader)
    found = False
    for number, page in enumerate(reader.pages, 1):
        text = clean(page.extract_text() or "")
        if text.strip():
            found = True
            yield Document(f"page={number}", title, in_reading_order(text), language=language)
    if not found:
        raise FileError("holds no text, so it is probably scanned; run OCR on it first")


def in_reading_order(text: str) -> str:
    """The text with Arabic and Hebrew lines that came out back to front turned round again.

    Told by letters that stand only at one end of a word: Hebrew finals, Arabic ta marbuta and
    alef maqsura, and the Arabic article.
    """
    if not _RIGHT_TO_LEFT.search(text):
        return text
    if len(_REVERSED.findall(text)) <= 2 * len(_ORDERED.findall(text)):
        return text
    return "\n".join(_turned(line) for line in text.split("\n"))


def _turned(line: str) -> str:
    """The line reversed, with its numbers and words in other scripts as they were."""
    if not _RIGHT_TO_LEFT.search(line):
        return line
    return _LEFT_TO_RIGHT.sub(lambda found: found.group()[::-1], line[::-1].translate(_MIRRORED))


_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_LEFT_TO_RIGHT = re.compile(
    r"[A-Za-z0-9\u00c0-\u024f\u0660-\u0669\u06f0-\u06f9](?:[^\s\u0590-\u065f\u066a-\u06ef\u06fa-\u08ff]*"
    r"[A-Za-z0-9\u00c0-\u024f\u0660-\u0669\u06f0-\u06f9])?"
)
_ORDERED = re.compile("[\u05da\u05dd\u05df\u05e3\u05e5\u0629\u0649](?!\\w)|(?<!\\w)ال(?=\\w{2})")
_REVERSED = re.compile("(?<!\\w)[\u05da\u05dd\u05df\u05e3\u05e5\u0629\u0649](?=\\w)|(?<=\\w{2})لا(?!\\w)")
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")


def _title(reader: Any) -> str:
    """The title in the file, unless a program put a file name or a placeholder there."""
    metadata = reader.metadata
    title = " ".join(clean(str(metadata.title or "")).split()) if metadata else ""
    return "" if _NO_TITLE.search(title) or len(title) > 300 else title


_NO_TITLE = re.compile(
    r"^(?:untitled|title|document|microsoft word|powerpoint|slide|no title)\b"
    r"|\.(?:docx?|pdf|tex|indd|xlsx?|pptx?|qxd|rtf|odt|dvi|txt)$|^[\W\d_]*$|[\x00-\x1f\ufffd]",
    re.I,
)


def _language(reader: Any) -> str | None:
    declared = reader.root_object.get("/Lang")
    return (str(declared).strip() or None) if declared else None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
