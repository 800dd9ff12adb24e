"""HTML: the main text with its headings, without navigation and scripts, as trafilatura finds it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xagent.errors import FileError, MissingExtra
from xagent.readers._decoding import clean, damaged, decode
from xagent.readers._document import Document
from xagent.readers.plain import readable

LARGEST = 50_000_000
"""Bytes of a page at most: a tree of it takes ten times as much memory."""


def read(path: Path) -> Iterator[Document]:
    """Read a page. Raises FileError when it holds no text beyond navigation."""
    try:
        import trafilatura
        from lxml import etree  # type: ignore[import-untyped]
        from lxml import html as lxml_html
    except ImportError:
        raise MissingExtra("reading html", "docs") from None
    if path.stat().st_size > LARGEST:
        raise FileError(f"over {LARGEST // 1_000_000} MB, too large for one page")
    source = _decoded(path.read_bytes())
    try:
        tree: Any = lxml_html.fromstring(_DECLARATION.sub("", source))
    except (etree.ParserError, ValueError, TypeError):
        raise FileError("holds no html") from None
    title = " ".join((tree.findtext(".//title") or "").split())
    declared = (tree.get("lang") or tree.get(_XML_LANG) or "").strip()
    try:
        found: Any = trafilatura.bare_extraction(tree, include_comments=False, favor_recall=True)
        body = getattr(found, "body", None)
        text, headings = _flatten(body) if body is not None else ("", ())
    except RecursionError:
        raise FileError("nested too deeply") from None
    if not text.strip():
        raise FileError("holds no text beyond navigation and scripts")
    yield Document("", title or readable(path), text, headings, declared or None)


def _decoded(data: bytes) -> str:
    """As the page declares its encoding, if that is true; else as it is found."""
    declared = _CHARSET.search(data[:4096])
    if declared and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        name = declared.group(1).decode("ascii").lower()
        try:
            return clean(data.decode(_AS_BROWSERS_DO.get(name, name)))
        except LookupError:
            pass
        except UnicodeDecodeError as error:
            if name in ("utf-8", "utf8"):
                return decode(data)
            raise damaged(error.start, name) from None
    return decode(data)


def _flatten(body: Any) -> tuple[str, tuple[tuple[int, str], ...]]:
    """The blocks of trafilatura's tree as paragraphs, and where each heading stands."""
    pieces: list[str] = []
    headings: list[tuple[int, str]] = []
    size = 0
    for tag, block in _blocks(body):
        if tag == "head":
            headings.append((size, block))
        pieces.append(block)
        size += len(block) + 2
    return "\n\n".join(pieces), tuple(headings)


def _blocks(element: Any) -> Iterator[tuple[str, str]]:
    for child in element:
        if child.tag in _CONTAINERS and len(child):
            yield from _blocks(child)
            continue
        text = _words(child, child.tag == "code")
        if text:
            yield child.tag, text


def _words(element: Any, keep: bool) -> str:
    if element.tag == "row":
        return " | ".join(filter(None, (_words(cell, False) for cell in element)))
    text = clean(_with_breaks(element))
    if keep:
        return text.strip("\n")
    return "\n".join(filter(None, (" ".join(line.split(" ")).strip() for line in text.split("\n"))))


def _with_breaks(element: Any) -> str:
    pieces = [element.text or ""]
    for child in element:
        pieces += ["\n" if child.tag == "lb" else _with_breaks(child), child.tail or ""]
    return "".join(pieces)


_CONTAINERS = frozenset({"list", "table", "quote", "div", "main", "body"})
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.I)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
# https://encoding.spec.whatwg.org/#names-and-labels
_AS_BROWSERS_DO = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "big5": "big5hkscs",
    "tis-620": "cp874",
    "iso-8859-11": "cp874",
    "utf-16": "utf-8",
}
