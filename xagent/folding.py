"""A text folded to what a reader takes for the same, each folded character with its place in the raw text.

Alike are width, case, kinds of quotation marks and dashes, digits of any script, white space, invisible
characters, optional vowel points, and Markdown emphasis or none. This is Unicode's NFKC (Standard Annex 15)
less what would change a number (10² is not 102), with a few marks added. Letters are lowered, not casefolded:
Maße is not Masse.
"""

import re
import unicodedata
from array import array
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_CLUSTER = 30  # characters: sorting a longer run of combining marks takes quadratic time


class Folded(NamedTuple):
    """A folded text, and where in the raw one each of its characters starts and ends."""

    raw: str
    said: str
    starts: "array[int]"
    ends: "array[int]"
    points: dict[int, frozenset[str]]
    """The optional vowel points of the letters that have some; they are not in `said`."""


def fold(text: str) -> Folded:
    """`text` as it is compared. Never fails, and takes time in proportion to the length."""
    shown = _EMPHASIS.sub(unread, _SOFT_BREAK.sub(unread, text))
    sheet = _Sheet(shown)
    # Most characters are plain letters: put down here they take half the time.
    letter, starts, ends = sheet.said.append, sheet.starts.append, sheet.ends.append
    for start, end, piece in _pieces(shown):
        if piece.isalnum() and end - start == len(piece) == 1 and shown[start] < _FORMS and sheet.space < 0:
            letter(piece)
            starts(start)
            ends(end)
        else:
            sheet.add(start, end, piece)
    said = _SUBSCRIPT.sub(_digits, "".join(sheet.said))
    return Folded(text, said, sheet.starts, sheet.ends, sheet.points)


def unread(found: re.Match[str]) -> str:
    """As many soft hyphens as the match is long: they keep the places and are not read."""
    return "\u00ad" * len(found.group())


def is_unspaced(char: str) -> bool:
    """Whether the character is of a script that puts no spaces between words."""
    return char >= "\u0e00" and _UNSPACED.match(char) is not None


class _Sheet:
    """What is folded so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.said: list[str] = []
        self.starts, self.ends = array("L"), array("L")
        self.points: dict[int, frozenset[str]] = {}
        self.space = -1

    def add(self, start: int, end: int, piece: str) -> None:
        said = self.said
        if piece == " ":
            self.space = start if self.space < 0 else self.space
            return
        if self.space >= 0:
            self._add_space(start, piece)
        elif piece == "-" and said and said[-1] == "-":
            self.ends[-1] = end
            return
        # 6' and 6" are lengths; elsewhere one pair of quotation marks is as good as another.
        said += '"' if piece == "'" and not (said and said[-1].isdecimal()) else piece
        self.starts.extend([start] * len(piece))
        self.ends.extend([end] * len(piece))
        if end - start > 1 or self.text[start] >= _FORMS:
            self._add_points(unicodedata.normalize("NFD", self.text[start:end]))

    def _add_points(self, letter: str) -> None:
        if found := _POINTS.intersection(letter):
            self.points[len(self.said) - 1] = found

    def _add_space(self, end: int, piece: str) -> None:
        if self.said and not (is_unspaced(self.said[-1]) or is_unspaced(piece[0])):
            self.said.append(" ")
            self.starts.append(self.space)
            self.ends.append(end)
        self.space = -1


def _pieces(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and folded form of each character with its combining marks; what is not read is left out."""
    size, at = len(text), 0
    while at < size:
        end, piece = at + 1, _ALIKE[text[at]]
        if end < size and _EXTENDS[text[end]] and piece != " " and not _is_unread(text[at]):
            while end < size and end - at < _CLUSTER and _EXTENDS[text[end]]:
                end += 1
            piece = _composed("".join(map(_ALIKE.__getitem__, text[at:end])))
        if piece:
            yield at, end, piece
        at = end


@lru_cache(maxsize=4096)
def _composed(letters: str) -> str:
    return unicodedata.normalize("NFC", _TONE_LAST.sub(r"\2\1", unicodedata.normalize("NFD", letters)))


class _Alike(dict[str, str]):
    """The folded form of a character: '' when it is not read."""

    def __missing__(self, char: str) -> str:
        self[char] = form = _composed("".join(map(_form, unicodedata.normalize("NFD", char))))
        return form


class _Extends(dict[str, bool]):
    """Whether a character belongs to the one before it."""

    def __missing__(self, char: str) -> bool:
        first = unicodedata.normalize("NFD", _form(char))[:1] or char
        joins = unicodedata.category(first)[0] == "M" or _JOINS.match(first) is not None
        self[char] = joins = joins or unicodedata.category(char)[0] == "M"
        return joins


def _form(char: str) -> str:
    if char in _SAME:
        return _SAME[char]
    if char.isspace():
        return " "
    if _is_unread(char) or char in _POINTS:
        return ""
    digit = unicodedata.decimal(char, None)
    return _compatible(char).lower() if digit is None else str(digit)


def _compatible(char: str) -> str:
    """The plain form of a wide, narrow, ligated or positional character; others keep their own."""
    tag, *codes = unicodedata.decomposition(char).split() or [""]
    if tag not in _PLAIN_FORMS or "\u3131" <= char <= "\u318e":
        return char
    parts = [chr(int(code, 16)) for code in codes]
    if parts[0] == " " and len(parts) > 1:  # a mark shown alone
        return "" if _POINTS.issuperset(parts[1:]) else char
    form = "".join(map(_form, parts))
    return char if len(form) > 1 and any(map(str.isdecimal, form)) else form  # 1⒈ is not 11.


def _digits(subscript: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", subscript.group())


def _is_unread(char: str) -> bool:
    return _UNREAD.match(char) is not None


_ALIKE = _Alike()
_EXTENDS = _Extends()


# --- the characters ---


def _all(*ranges: tuple[int, int]) -> frozenset[str]:
    """The characters from the first to the last code point of each pair."""
    return frozenset(chr(code) for first, last in ranges for code in range(first, last + 1))


# Vowel points of Arabic (with shadda and the marks of the Quran) and Hebrew. Hamza makes other letters.
_POINTS = _all(
    (0x64B, 0x652), (0x656, 0x65E), (0x670, 0x670), (0x6D6, 0x6DC), (0x6DF, 0x6E4), (0x6E7, 0x6E8),
    (0x6EA, 0x6ED), (0x591, 0x5BD), (0x5BF, 0x5BF), (0x5C1, 0x5C2), (0x5C4, 0x5C5), (0x5C7, 0x5C7),
)  # fmt: skip
_FORMS = "\ufb1d"  # from here on a letter may have its points in it
APOSTROPHES = "'’‘‛ʼʻ`´＇՚׳\u1fbd\u05f4״\""
HYPHENS = "-‐‑−־﹣－"
_SAME = (
    dict.fromkeys("'’‘‛‚ʼʻ`´՚׳′\u1fbd\u1fbf", "'")
    | dict.fromkeys('"“”„‟«»〝〞〟״″「」『』《》〈〉', '"')
    | dict.fromkeys("-‐‑‒–—―−־⸺⸻﹘", "-")
    | {"‹": "<", "›": ">", "،": ",", "٬": ",", "٫": ".", "؛": ";", "؟": "?", "۔": ".", "٪": "%", "〜": "~"}
    # Two encodings of a letter; final sigma; what is shown alone.
    | {"ي": "ی", "ك": "ک", "ς": "σ", "ـ": ""}
)
_PLAIN_FORMS = (
    "<wide>", "<narrow>", "<small>", "<font>", "<compat>", "<square>", "<noBreak>", "<vertical>",
    "<initial>", "<medial>", "<final>", "<isolated>",
)  # fmt: skip
# Unicode's Default_Ignorable_Code_Point, less the Hangul fillers.
_UNREAD = re.compile(
    "[\u00ad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Vowels and finals of Hangul, joiners, and skin colours.
_JOINS = re.compile("[\u1160-\u11ff\ud7b0-\ud7ff\u200c\u200d\U0001f3fb-\U0001f3ff]")
_UNSPACED = re.compile(
    "[\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u1b00-\u1b7f\u2e80-\u312f\u31a0-\u4dbf"
    "\u4e00-\ua4cf\ua980-\ua9ff\uaa60-\uaadf\uf900-\ufaff\U00020000-\U0003ffff]"
)
_TONE_LAST = re.compile(
    "([\u0e4d\u0ecd])([\u0e48-\u0e4b\u0ec8-\u0ecb])"
)  # Thai and Lao am, typed in two orders
_SUBSCRIPT = re.compile(r"(?<=[^\W\d_₀-₉])[₀-₉]++(?!\d)")  # CO₂ is CO2, but log₂8 is not log28
_SOFT_BREAK = re.compile(r"\u00ad[^\S\n]*\n[^\S\n]*")
_EMPHASIS = re.compile(
    # Before a word, after a word, and in unspaced text; 5* and 2*3 are no emphasis.
    r"(?<![\w*`])(?:\*(?![\s*_`\d])|(?:[_`]|\*(?=[*_`]))[*_`]*+(?!\s))"
    r"|(?<=[^\s*_`])(?:(?<!\d)\*(?![*_`])|[_`][*_`]*+|\*[*_`]++)(?!\w)"
    r"|(?<=[\u0e01-\u0eff\u2e80-\u9fff])\*\*+(?=\w)|(?<=\w)\*\*+(?=[\u0e01-\u0eff\u2e80-\u9fff])"
)
