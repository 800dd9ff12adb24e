"""Is a quotation really in a passage, and where? Exact search in folded texts: there is no fuzzy matching.

A stretch that is found is whole. Words, numbers with their signs and units, and characters with their marks
are not cut: "19" is not in "1950", "toxic" not in "non-toxic" and "He can" not in "He can't".
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from xagent.folding import APOSTROPHES, HYPHENS, Folded, fold, is_unspaced, unread

_TRIES = 32  # searches from scratch, before the slower one that never looks back
_CHECKS = 100_000  # vowel points compared in all


def locate(quote: str, text: str) -> tuple[int, int] | None:
    """Start and end in `text` (raw characters) of the one stretch that says just what `quote` says, or None.

    White space, quotation marks and ellipses around the quote do not count, nor does its final punctuation.
    The stretch is whole words and numbers; of several, the first. Linear in the length of both.
    """
    spans = [_span(said, passage) for said, passage in _readings(quote, text)]
    return min((span for span in spans if span), default=None)


def folded(text: str) -> str:
    """What `text` says in the form that is compared, less what is around it: equal for two that are alike."""
    return _quoted(fold(text)).core


class _Quoted(NamedTuple):
    """A folded quote in three parts, and the vowel points of the middle one, by place."""

    lead: str
    core: str
    tail: str
    points: dict[int, frozenset[str]]


def _readings(quote: str, text: str) -> Iterator[tuple[_Quoted, Folded]]:
    """The quote and the text as they are, and in every other way in which they may be meant to be read."""
    said = _quoted(fold(quote))
    if not any(map(str.isalnum, said.core)):
        return
    yield said, _passage(text, "plain")
    if "ı" in quote or "İ" in quote or "ı" in text or "İ" in text:
        yield _quoted(fold(_turkish(quote))), _passage(text, "turkish")
    if any(sharp in both for sharp in "ßẞ" for both in (quote, text)):
        yield _quoted(fold(_german(quote))), _passage(text, "german")
    if _LINE_HYPHEN.search(text) or _NOTE.search(text):
        yield said, _passage(text, "joined")
        yield said, _passage(text, "hyphened")


@lru_cache(maxsize=8)
def _passage(text: str, reading: str) -> Folded:
    return fold(_READINGS[reading](text))


# --- the text as it may be meant: each keeps the length, and puts in soft hyphens, which are not read ---


def _turkish(text: str) -> str:
    """The capital I is that of ı, not of i."""
    return text.replace("I\u0307", "i\u00ad").translate({ord("I"): "ı", ord("İ"): "i"})


def _german(text: str) -> str:
    """SS in capitals is ß: MASSE may be Maße, but Masse is not."""
    return text.replace("SS", "ß\u00ad")


def _joined(text: str) -> str:
    """A word divided at the end of a line is one word, and numbers of notes are not read."""
    return _LINE_HYPHEN.sub(unread, _NOTE.sub(unread, text))


def _hyphened(text: str) -> str:
    """As above, but the hyphen at the end of the line belongs to the word: well-known."""
    return _LINE_HYPHEN.sub(lambda found: "-" + unread(found)[1:], _NOTE.sub(unread, text))


_READINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "turkish": _turkish,
    "german": _german,
    "joined": _joined,
    "hyphened": _hyphened,
}
_LINE_HYPHEN = re.compile(r"(?<=[^\s\d-])[-\u2010][^\S\n]*\n[^\S\n]*(?=[^\W\d_])")
# After other than punctuation, [1] may be an index: x[1] is not x.
_NOTE = re.compile(r"(?<=[.,;:!?。，、।؟،؛۔።”»])(?:\[\d{1,3}\])++")


# --- searching ---


def _quoted(quote: Folded) -> _Quoted:
    start = _LEAD.match(quote.said).end()  # type: ignore[union-attr]
    end = max(start, len(quote.said.rstrip(_TAIL)))
    points = {place - start: found for place, found in quote.points.items()}
    return _Quoted(quote.said[:start], quote.said[start:end], quote.said[end:], points)


def _span(quote: _Quoted, passage: Folded) -> tuple[int, int] | None:
    size, checks = len(quote.core), _CHECKS
    for start in _occurrences(quote.core, passage.said):
        end = start + size
        if not (_may_cut(passage, start) and _may_cut(passage, end)):
            continue
        if _points_agree(quote, passage, start):
            first, last = _before(passage, start, quote.lead), _after(passage, end, quote.tail)
            return passage.starts[first], passage.ends[last - 1]
        if (checks := checks - len(quote.points)) < 0:
            break
    return None


def _occurrences(needle: str, hay: str) -> Iterator[int]:
    """Where `needle` starts, overlaps included: quick at first, then surely linear (Knuth, Morris, Pratt)."""
    at = -1
    for _ in range(_TRIES):
        at = hay.find(needle, at + 1)
        if at < 0:
            return
        yield at
    yield from _linear(needle, hay, at + 1)


def _linear(needle: str, hay: str, start: int) -> Iterator[int]:
    size, borders, matched = len(needle), _borders(needle), 0
    for at in range(start, len(hay)):
        char = hay[at]
        while matched and (matched == size or needle[matched] != char):
            matched = borders[matched - 1]
        matched += needle[matched] == char
        if matched == size:
            yield at + 1 - size


def _borders(needle: str) -> list[int]:
    """Of each prefix, the length of the longest shorter one that it ends with."""
    borders, matched = [0] * len(needle), 0
    for at in range(1, len(needle)):
        while matched and needle[matched] != needle[at]:
            matched = borders[matched - 1]
        matched += needle[matched] == needle[at]
        borders[at] = matched
    return borders


def _points_agree(quote: _Quoted, passage: Folded, start: int) -> bool:
    """Whether no letter is pointed in one way here and in another there: points may be left out only."""
    pairs = ((found, passage.points.get(start + at, found)) for at, found in quote.points.items())
    return all(one <= other or other <= one for one, other in pairs)


def _before(passage: Folded, start: int, lead: str) -> int:
    """Where the stretch begins when it takes in what it has in common with the beginning of the quote."""
    first = start - _alike(lead[::-1], passage.said[max(0, start - len(lead)) : start][::-1])
    while first < start and (passage.said[first] == " " or not _may_cut(passage, first)):
        first += 1
    return first


def _after(passage: Folded, end: int, tail: str) -> int:
    last = end + _alike(tail, passage.said[end : end + len(tail)])
    while last > end and (passage.said[last - 1] == " " or not _may_cut(passage, last)):
        last -= 1
    return last


def _alike(one: str, other: str) -> int:
    """How many characters both begin with."""
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


# --- where a stretch may begin or end ---


def _may_cut(text: Folded, at: int) -> bool:
    """Whether a stretch may begin at the folded character `at`, and another end before it."""
    said = text.said
    if at < len(said) and unicodedata.category(said[at])[0] == "M":
        return False
    if not 0 < at < len(said):
        return True
    if text.starts[at] == text.starts[at - 1] or _is_one_sign(text, at):
        return False
    if _is_word(said[at - 1]) and _is_word(said[at]):
        return _divides_words(said[at - 1], said[at], _is_spaced(text, at))
    return not _is_inside(text, at)


def _is_inside(text: Folded, at: int) -> bool:
    """Whether `at` is inside a word or number though a mark or space is on one side of it."""
    before, after = text.said[at - 1], text.said[at]
    if before == " " or after == " ":
        return _groups_digits(text.said, at)
    if _is_word(before):
        return _joins(text, at) or (before.isdecimal() and after in _UNITS_AFTER)
    return _is_word(after) and (_joins(text, at - 1) or _is_signed(text, at))


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_" or unicodedata.category(char)[0] == "M"


def _is_one_sign(text: Folded, at: int) -> bool:
    """Whether this is inside a flag or a joined emoji."""
    flag = all("\U0001f1e6" <= char <= "\U0001f1ff" for char in text.said[at - 1 : at + 1])
    joined = unicodedata.category(text.said[at]) == "So" and text.raw[text.ends[at - 1] - 1] == "\u200d"
    return flag or joined


def _is_spaced(text: Folded, at: int) -> bool:
    """Whether white space that is not compared stands before `at`."""
    return any(map(str.isspace, text.raw[text.ends[at - 1] : text.starts[at]]))


def _divides_words(before: str, after: str, spaced: bool) -> bool:
    """Whether a word may end between two letters or digits: beside unspaced scripts only."""
    if (_is_number(before) and _is_number(after)) or before in _STACKERS:
        return False
    beside = is_unspaced(before) or is_unspaced(after)
    return beside and (spaced or _ONE_SYLLABLE.match(before + after) is None)


def _is_number(char: str) -> bool:
    return unicodedata.numeric(char, None) is not None


def _groups_digits(said: str, at: int) -> bool:
    """Whether a space at `at` or before it is inside a number: 20 000."""
    space = at if said[at] == " " else at - 1
    left, right = said[max(0, space - 4) : space], said[space + 1 : space + 5]
    return _FIRST_DIGITS.search(left) is not None and _THREE_DIGITS.match(right) is not None


def _is_signed(text: Folded, at: int) -> bool:
    """Whether the number at `at` has a sign: 5 is not what -5 says."""
    sign = text.raw[text.starts[at - 1]]
    return text.said[at].isdecimal() and text.said[at - 1] in _SIGNS and sign not in _LONG_DASHES


def _joins(text: Folded, at: int) -> bool:
    """Whether the mark at `at` is inside a word or number: can't, non-toxic, 1.5, U.S."""
    said = text.said
    if not 0 < at < len(said) - 1 or not (_is_word(said[at - 1]) and _is_word(said[at + 1])):
        return False
    if _is_spaced(text, at) or _is_spaced(text, at + 1):
        return False
    left, mark, right = said[at - 1], text.raw[text.starts[at]], text.raw[text.starts[at + 1]]
    if left.isdecimal() and said[at + 1].isdecimal():
        return said[at] in _IN_NUMBERS
    if is_unspaced(left) or is_unspaced(right):
        return False
    if said[at] == ".":
        return right.islower() or right.isdecimal() or at < 2 or not _is_word(said[at - 2])
    return mark in APOSTROPHES or mark in HYPHENS or mark in _IN_WORDS


_LEAD = re.compile(r"(?:[ \"']|\.{2,})*+")
_TAIL = " \"'.,;:!?。、।॥։።፣፤፥፧፡။၊។៕།༎¡¿"
_UNITS_AFTER = "%‰‱°′″"
_SIGNS = "-+±∓<>≤≥≮≯~≈∼≠"
_LONG_DASHES = "—―⸺⸻"
_IN_NUMBERS = ".,:/'\"·⁄-"
_IN_WORDS = "@&/·:"
_STACKERS = "\u1039\u17d2\u1a60\u1b44\ua9c0"  # the next consonant is written below
_FIRST_DIGITS = re.compile(r"(?<!\d)\d{1,3}$")
_THREE_DIGITS = re.compile(r"\d{3}(?!\d)")
# Two katakana; before a small kana or a repetition mark; Thai and Lao vowels written before or after.
_ONE_SYLLABLE = re.compile(
    "[\u30a1-\u30fa\u30fc][\u30a1-\u30fa\u30fc-\u30fe]|.[ぁぃぅぇぉっゃゅょゎ々ゝゞー\u0e30\u0e32\u0e33\u0e45\u0eb0\u0eb2\u0eb3]"
    "|[\u0e40-\u0e44\u0ec0-\u0ec4]"
)
