"""What in a text may be in any language, blanked out: quotations, code, addresses, numbers, names.

The patterns, and the marks of quotation of all languages, are in confusion.toml.
"""

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Sequence
from importlib.resources import files

DATA = tomllib.loads(files("xagent").joinpath("confusion.toml").read_text("utf-8"))
PATTERNS = {name: re.compile(pattern) for name, pattern in DATA["patterns"].items()}
ENDS: str = DATA["ends"]


def masked(text: str) -> str:
    """`text` with spaces for all that may be in any language; as long, so that places stay the same."""
    text = without_spans(text, _fenced(text))
    text = without_spans(text, [found.span() for found in PATTERNS["anything"].finditer(text)])
    return without_spans(text, _quotations(text))


def nameless(text: str, names: Collection[str]) -> str:
    """`text` with spaces for names, also at the edges of its sentences."""
    for name in names:
        if sum(map(str.isalpha, name)) > 1:
            before, after = (r"A-Za-z" if end.isascii() else "" for end in (name[0], name[-1]))
            part = rf"(?<![{before}\0]){re.escape(name)}(?![{after}\0])"  # not of a longer Latin word
            text = without_spans(text, [found.span() for found in re.finditer(part, text)])
    return text


def without_spans(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """`text` with blanks for the spans, but for the mark that one of them, and its sentence, ends with."""
    parts, done = [], 0
    for start, end in spans:
        stop = end - 1 if end > start and text[end - 1] in ENDS else end
        parts += [text[done:start], re.sub(".", " ", text[start:stop])]
        done = stop
    return "".join([*parts, text[done:]])


def _fenced(text: str) -> Iterator[tuple[int, int]]:
    """Blocks of code; a fence that is not closed begins none."""
    opened: re.Match[str] | None = None
    for found in PATTERNS["fence"].finditer(text):
        if opened is None:
            opened = found
        elif found[1] == opened[1] and not found[2].strip("`~ \t\r"):
            yield opened.start(), found.end()
            opened = None


def _quotations(text: str) -> list[tuple[int, int]]:
    """What stands within quotation marks of one paragraph; a mark that is left open begins nothing."""
    spans: list[tuple[int, int]] = []
    opened: list[tuple[str, int]] = []
    for found in PATTERNS["mark"].finditer(text):
        mark, at = found[0], found.start()
        if len(mark) > 1:
            opened.clear()
        elif depth := _closes(text, at, opened):
            start = opened[-depth][1] + 1
            del opened[-depth:]
            while spans and spans[-1][0] >= start:
                spans.pop()
            spans.append((start, at))
        elif _opens(text, at):
            opened.append((mark, at))
    return spans


def _closes(text: str, at: int, opened: Sequence[tuple[str, int]]) -> int:
    """How many of the open quotations the mark ends; 0 when it ends none."""
    mark, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if (mark in "\"'" and before.isspace()) or (mark in "’'" and _in_word(after)):
        return 0
    for depth, (opener, start) in enumerate(reversed(opened[-8:]), 1):
        if mark in DATA["quotations"][opener]:
            return depth if at - start <= DATA["longest_quotation"] else 0
    return 0


def _opens(text: str, at: int) -> bool:
    """Whether the mark begins a quotation; those that also end one, or are apostrophes, do before a word."""
    if text[at] not in "”»›’‘\"'":
        return text[at] in DATA["quotations"]
    return not (at and _in_word(text[at - 1])) and not text[at + 1 : at + 2].isspace()


def _in_word(letter: str) -> bool:
    """Whether a mark beside `letter` is within a word; what is written without spaces cannot tell."""
    return letter.isalnum() and (letter < "\u0e00" or "\u1e00" <= letter < "\u2000")
