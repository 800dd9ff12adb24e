"""Which option did an answer choose, and is it the right one?"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from string import ascii_uppercase

from xagent.evaluation.records import Record
from xagent.evaluation.scorers.strings import CASED, READINGS, Reading, standing

NONE = -1
_FIRST = re.compile(r"[\W_]*([A-Za-z])(?:[).:]|[\W_]*$)")
_LETTER = re.compile(r"(?<![A-Za-z])([A-Z])\)")
# What follows reads a letter by itself. First comes what is none: an article, the initial of a name.
_CAPITALS = "".join(char for char in map(chr, range(0x590)) if char.isupper())
_ALONE = re.compile(
    r"(?:^|(?<=[.!?]\s))[\"“'*_]*[A-Z]\s+(?=[a-z\u00df-\u024f])(?!\w+\s+[A-Z]\b)"  # A river; not: A or B
    rf"|(?<!\w)[{_CAPITALS}]\w*\s+[A-Z]\.\s+(?=[{_CAPITALS}])"  # John B. Smith; not: is B. It
    rf"|(?<![{CASED}\d.&/+°-])(?<!\w['’])(?P<letter>[A-Z])(?![{CASED}\d&/+#°-])",
    re.MULTILINE,
)
_ENDS = re.compile(r"(?:[^\w\n]|_)*(?:\n|\Z)")
_SAID = re.compile(r"([:：=]|[^\W\d_][\w\u0300-\u036f'’]*)[^\S\n]*[\"“«„「『*_(\[]*$")
_COMPOUND = re.compile("[\u30a1-\u30ff\u3400-\u9fff]")  # B型, but Bです
_NEAR = 40  # characters


def choice(record: Record) -> float | None:
    """1 when the option chosen is a gold answer; None where there are no options, or none is known as right.

    An answer that abstains, or from which no choice can be read, is worth 0.
    """
    sample = record.sample
    if not (sample.options and sample.answers and sample.answerable):
        return None
    index = chosen(record.text, sample.options)
    return float(index != NONE and sample.options[index] in sample.answers)


def chosen(text: str, options: Sequence[str]) -> int:
    """The index of the option that `text` chooses; -1 for none, or when it could be one or another.

    The options are lettered A, B, C, ... whatever their script. As in BordIRlines (Li et al. 2024, arXiv
    2410.01171) a text chooses the option that it starts with the letter of (`A)` or `A.`, or the letter is
    all there is), or else the only one whose letter is in it with a bracket; or else the only one whose own
    text is in it, where an option that is part of a longer one counts only where it stands without that.

    Where it has none of these, it chooses the only one whose letter stands in it by itself: at the end of a
    line, between marks ("the answer is B, because"), or among words of a script without capitals. There it is
    no article, as in "A river", and no part of a name, as in "John B. Smith".
    """
    shown = unicodedata.normalize("NFKC", text)
    first = _FIRST.match(shown)
    for letters in ([first[1].upper()] if first else [], _LETTER.findall(shown)):
        if lettered := _among(letters, options):
            return _only(lettered)
    for reading in READINGS:
        if named := _named(shown, options, reading):
            return _only(named)
    return _only(_by_themselves(shown, options))


def _by_themselves(text: str, options: Sequence[str]) -> set[int]:
    """The options whose letters stand in it by themselves; none where each could be something else."""
    alone = [found for found in _ALONE.finditer(text) if _among([found["letter"] or ""], options)]
    chosen = any(map(_is_choice, alone))
    return _among([found["letter"] for found in alone], options) if chosen else set()


def _is_choice(letter: re.Match[str]) -> bool:
    """Whether a letter that stands by itself can be nothing but a choice."""
    text, start, end = letter.string, letter.start("letter"), letter.end("letter")
    before, after = text[max(0, start - _NEAR) : start], text[end : end + _NEAR]
    if _COMPOUND.match(after):
        return False
    near = [*filter(str.isalpha, before)][-1:] + [*filter(str.isalpha, after)][:1]
    if _ENDS.match(text, end) or (near and "".join(near).lower() == "".join(near).upper()):
        return True
    word = _SAID.search(before)
    return after[0] not in " \n" and word is not None and not word[1][0].isupper()


def _among(letters: Iterable[str], options: Sequence[str]) -> set[int]:
    return {index for index, _ in enumerate(options) if ascii_uppercase[index] in letters}


def _only(indices: Collection[int]) -> int:
    return next(iter(indices)) if len(indices) == 1 else NONE


def _named(text: str, options: Sequence[str], reading: Reading) -> list[int]:
    found = []
    said = reading(text)
    for index in sorted(range(len(options)), key=lambda i: -len(reading(options[i]))):
        said, times = re.subn(standing(options[index], reading), "\n", said)
        found += [index] if times else []
    return found
