"""Markdown, kept as it is: headings and a front matter title are found, nothing is rendered."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from xagent.readers import plain
from xagent.readers._document import Document


def read(path: Path) -> Iterator[Document]:
    """Read a markdown file, with its headings; those in fenced code are code."""
    title = ""
    for document in plain.read(path):
        found = tuple(headings(document.text))
        front = _front_matter(document.text) if document.part in ("", "line=1") else {}
        title = title or front.get("title") or (plain_text(found[0][1]) if found else "")
        language = front.get("lang") or front.get("language")
        yield replace(document, title=title or document.title, headings=found, language=language)


def plain_text(heading: str) -> str:
    """A heading without its markup: links, emphasis, code."""
    return _MARKUP.sub("", _LINK.sub(r"\1", heading)).strip()


def headings(text: str) -> Iterator[tuple[int, str]]:
    """Where each section of a markdown text starts, and its heading."""
    front = _FRONT.match(text)
    fence = ""
    for line in _LINE.finditer(text, front.end() if front else 0):
        mark = _FENCE.match(line.group())
        if fence:
            closes = mark and mark.group(1).startswith(fence) and not mark.group(2).strip()
            fence = "" if closes else fence
        elif mark:
            fence = mark.group(1)
        else:
            yield from _heading(text, line)


def _heading(text: str, line: re.Match[str]) -> Iterator[tuple[int, str]]:
    content = line.group()
    found = _ATX.match(content) if content.lstrip(" ")[:1] == "#" else None
    if found and found.group(1):
        yield line.start(), found.group(1)
    elif content[:1].strip() and _UNDERLINE.match(text, line.end() + 1) and not _NO_TITLE.match(content):
        above = text[max(0, line.start() - 2) : line.start()]
        # The lines of a paragraph above would belong to the heading, and are more often a mistake.
        if above in ("", "\n", "\n\n") or above.endswith("\n\n"):
            yield line.start(), content.strip()


def _front_matter(text: str) -> dict[str, str]:
    found = _FRONT.match(text)
    pairs = _PAIR.findall(found.group()) if found else []
    return {key.lower(): value.strip().strip("\"'").strip() for key, value in pairs}


_LINE = re.compile(r"[^\n]+")
_ATX = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*(?:\n|$)")
_NO_TITLE = re.compile(r"[-*+>|#]|\d+[.)]|(?:=+|-+)[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_FRONT = re.compile(r"---[ \t]*\n(?=[\w-]+[ \t]*:)(?:[^\n]*\n){1,100}?(?:---|\.\.\.)[ \t]*(?:\n|$)")
_PAIR = re.compile(r"^([\w-]+)[ \t]*:[ \t]*(\S.*)$", re.M)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKUP = re.compile(r"\*\*|__|`|(?<!\w)[*_]|[*_](?!\w)")
