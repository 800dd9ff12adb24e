"""Documents to passages: whole paragraphs, else sentences, never over the budget."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from xagent.readers import Document
from xagent.sentences import sentence_breaks

BUDGET = 700
"""Width of a passage at most: a paragraph of XQuAD is 780 characters, so a thought stays whole, and it is
150 to 350 tokens of XLM-R in every script measured, which leaves room in an encoder of 512."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document's text, without white space around it."""

    start: int
    end: int
    text: str
    """`document.text[start:end]`."""
    heading: str
    """Of the section it stands in; '' before the first."""


def width(text: str) -> int:
    """Characters, those that East Asian scripts write in two columns counted twice."""
    if text.isascii() or not _PERHAPS_WIDE.search(text):
        return len(text)
    astral = "".join(_ASTRAL.findall(text))
    return len(text) + sum(map(len, _WIDE.findall(text))) + sum(map(len, _WIDE_ASTRAL.findall(astral)))


# East Asian Width W and F, in blocks: asking unicodedata for each character is forty times slower, and
# so is a set with many ranges beyond the BMP, which are tried in turn for each character.
_PERHAPS_WIDE = re.compile("[\u1100-\u115f\u231a-\U0010ffff]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]+")
_WIDE = re.compile(
    "[\u1100-\u115f\u231a\u231b\u2329\u232a\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f"
    "\u2693\u26a1\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705\u270a\u270b"
    "\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55\u2e80-\u303e\u3041-\u3247\u3250-\u4dbf"
    "\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6]+"
)
_WIDE_ASTRAL = re.compile(
    "[\U00016fe0-\U00018d08\U0001aff0-\U0001affe\U0001b000-\U0001b2fb\U0001f004\U0001f0cf\U0001f18e\U0001f191-\U0001f19a"
    "\U0001f200-\U0001f320\U0001f32d-\U0001f335\U0001f337-\U0001f37c\U0001f37e-\U0001f393\U0001f3a0-\U0001f3ca"
    "\U0001f3cf-\U0001f3d3\U0001f3e0-\U0001f3f0\U0001f3f4\U0001f3f8-\U0001f43e\U0001f440\U0001f442-\U0001f4fc"
    "\U0001f4ff-\U0001f53d\U0001f54b-\U0001f54e\U0001f550-\U0001f567\U0001f57a\U0001f595\U0001f596\U0001f5a4"
    "\U0001f5fb-\U0001f64f\U0001f680-\U0001f6c5\U0001f6cc\U0001f6d0-\U0001f6d2\U0001f6d5-\U0001f6d7"
    "\U0001f6dc-\U0001f6df\U0001f6eb\U0001f6ec\U0001f6f4-\U0001f6fc\U0001f7e0-\U0001f7eb\U0001f7f0"
    "\U0001f90c-\U0001f93a\U0001f93c-\U0001f945\U0001f947-\U0001f9ff\U0001fa70-\U0001faff\U00020000-\U0003fffd]+"
)


def split_passages(
    document: Document,
    budget: int = BUDGET,
    measure: Callable[[str], int] = width,
    language: str | None = None,
) -> list[Chunk]:
    """Cut a document into passages of at most `budget`, as `measure` counts it.

    Whole paragraphs of one section as long as they fit, else whole sentences; a sentence over
    the budget is cut at a clause, a space, and at last between characters as readers see them.
    A passage is over the budget only when a single code point is. Passages do not overlap, and
    all but headings and front matter is in one. `measure` must not shrink as text grows.
    """
    language = language or document.language or "und"
    if measure is width and not _PERHAPS_WIDE.search(document.text):
        measure = len  # the same count, and no search in every slice
    return [
        Chunk(start, end, document.text[start:end], heading)
        for heading, first, last in _sections(document)
        for start, end in _Section(document.text, (first, last), language, _Cap(budget, measure)).spans()
    ]


def _sections(document: Document) -> list[tuple[str, int, int]]:
    """The heading and extent of each text below one; all of it when there are only headings."""
    text = document.text
    front = _FRONT_MATTER.match(text)
    starts = [("", front.end() if front else 0, 0)]
    for offset, heading in document.headings:
        starts.append((heading, _after_heading(text, offset, heading), offset))
    ends = [offset for _, _, offset in starts[1:]] + [len(text)]
    sections = [(heading, start, end) for (heading, start, _), end in zip(starts, ends, strict=True)]
    filled = [section for section in sections if _INK.search(text, section[1], section[2])]
    return filled or [("", 0, len(text))]


def _after_heading(text: str, offset: int, heading: str) -> int:
    line = _LINE.match(text, offset)
    if not line or not heading or line.group().strip("# \t\n") != heading.strip("# \t\n"):
        return offset
    underline = _UNDERLINE.match(text, line.end())
    return underline.end() if underline else line.end()


_INK = re.compile(r"\S")
_LINE = re.compile(r"[^\n]*\n?")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*(?:\n|$)")
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?=[\w-]+[ \t]*:)(?:[^\n]*\n){1,100}?(?:---|\.\.\.)[ \t]*(?:\n|$)")


class _Cap(NamedTuple):
    """How long a passage may be, and what counts its length."""

    budget: int
    measure: Callable[[str], int]


class _Section:
    """One section on its way to passages. A cut is a pair: where a passage ends and where the next starts."""

    def __init__(self, text: str, extent: tuple[int, int], language: str, cap: _Cap) -> None:
        first, last = extent
        self.text, self.budget, self.measure = text, cap.budget, cap.measure
        self.last = first + len(text[first:last].rstrip())
        self.first = _skip(text, first, self.last)
        body = text if (self.first, self.last) == (0, len(text)) else text[self.first : self.last]
        breaks = list(sentence_breaks(body, language))
        self.ends = [found.end + self.first for found in breaks]
        self.nexts = [found.next + self.first for found in breaks]
        self.strengths = [found.strength for found in breaks]

    def spans(self) -> list[tuple[int, int]]:
        spans: list[tuple[int, int]] = []
        start = self.first
        while start < self.last:
            end, following = self._cut(start)
            spans.append((start, end))
            start = following
        return self._balanced(spans)

    def _cut(self, start: int) -> tuple[int, int]:
        limit = self._reach(start)
        if limit >= self.last:
            return self.last, self.last
        low, high = bisect_right(self.ends, start), bisect_right(self.ends, limit)
        enough = bisect_left(self.ends, start + (limit - start) * 2 // 5, low, high)
        if enough < high:
            best = max(range(enough, high), key=lambda index: (self.strengths[index], index))
        elif high > low and self.ends[high - 1] - start >= (limit - start) // 8:
            best = high - 1
        else:
            return self._cut_inside(start, limit)
        return self.ends[best], self.nexts[best]

    def _reach(self, start: int) -> int:
        """The furthest end of a passage that starts here and keeps to the budget."""
        low, low_size = start, 0
        high = min(self.last, start + self.budget)
        high_size = self._size(start, high)
        while high_size < self.budget and high < self.last:
            low, low_size = high, high_size
            high = min(self.last, 2 * high - start)
            high_size = self._size(start, high)
        if high_size <= self.budget:
            return high
        return self._between(start, low, low_size, high, high_size)

    def _between(self, start: int, low: int, low_size: int, high: int, high_size: int) -> int:
        """Search by interpolation: `low` fits and `high` does not."""
        for turn in range(64):
            if high - low < 2 or low_size == self.budget:
                break
            share = (self.budget - low_size) / max(1, high_size - low_size) if turn < 8 else 0.5
            guess = min(high - 1, low + max(1, int(share * (high - low))))
            size = self._size(start, guess)
            if size <= self.budget:
                low, low_size = guess, size
            else:
                high, high_size = guess, size
        return max(low, start + 1)

    def _size(self, start: int, end: int) -> int:
        return self.measure(self.text[start:end])

    def _cut_inside(self, start: int, limit: int) -> tuple[int, int]:
        """A cut within a sentence: after a clause or a space in the second half, else between characters."""
        window = self.text[start : limit + 1]
        for pattern in (_CLAUSE_END, _SPACE):
            cuts = [found.end() for found in pattern.finditer(window, len(window) // 2)]
            if cuts and window[: cuts[-1]].strip():
                end = start + len(window[: min(cuts[-1], limit - start)].rstrip())
                return end, _skip(self.text, end, self.last)
        end = _character_end(self.text, start, limit, self.last)
        return start + len(self.text[start:end].rstrip()), _skip(self.text, end, self.last)

    def _balanced(self, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """The last two evened out when the very last is tiny."""
        if len(spans) < 2 or 4 * (spans[-1][1] - spans[-1][0]) > spans[-2][1] - spans[-2][0]:
            return spans
        start, end = spans[-2][0], spans[-1][1]
        middle = (start + end) // 2
        low, high = bisect_right(self.ends, start), bisect_left(self.ends, end)
        for index in sorted(range(low, high), key=lambda index: abs(self.ends[index] - middle))[:4]:
            halves = [(start, self.ends[index]), (self.nexts[index], end)]
            if all(self._size(*half) <= self.budget for half in halves):
                return spans[:-2] + halves
        return spans


def _skip(text: str, start: int, stop: int) -> int:
    found = _INK.search(text, start, stop)
    return found.start() if found else stop


_CLAUSE_END = re.compile(r"[,;:،؛、，；：﹐﹑·၊፣፤፥፦།]+[\"'”’»」』)\]）]*(?=\s|[^\x00-\x7f])|\s++(?=[—–(（])")
_SPACE = re.compile(r"\s+")


def _character_end(text: str, start: int, limit: int, last: int) -> int:
    """The last place up to `limit` not within a character as readers see it; `limit` if there is none."""
    for end in range(limit, max(start, limit - _LONGEST_CHARACTER), -1):
        if end >= last or not _joined(text, end):
            return end
    return limit


_LONGEST_CHARACTER = 64


def _joined(text: str, at: int) -> bool:
    """Whether the code points on both sides of `at` make one character."""
    before, after = text[at - 1], text[at]
    if after.isascii() and after >= " ":
        return False
    if unicodedata.category(after)[0] == "M" or after in _JOINERS or before == _JOINER:
        return True
    if _FLAGS.match(after):
        flags = _FLAGS_BEFORE.search(text, max(0, at - _LONGEST_CHARACTER), at)
        return flags is not None and len(flags.group()) % 2 == 1
    return bool(_JAMO.match(text, at - 1))


_JOINER = "\u200d"
_JOINERS = frozenset("\u200c\u200d\uff9e\uff9f") | frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_FLAGS = re.compile("[\U0001f1e6-\U0001f1ff]")
_FLAGS_BEFORE = re.compile("[\U0001f1e6-\U0001f1ff]+$")
_JAMO = re.compile("[\u1100-\u11a7\ua960-\ua97c\uac00-\ud7a3][\u1160-\u11ff\ud7b0-\ud7fb]")
