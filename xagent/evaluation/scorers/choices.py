"""Which option did an answer choose, and is it the right one?"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from string import ascii_uppercase

from xagent.evaluation.records import Record
from xagent.evaluation.scorers.strings import comparable, standing

NONE = -1
_FIRST = re.compile(r"[\W_]*([A-Za-z])(?:[).:]|[\W_]*$)")
_LETTER = re.compile(r"(?<![A-Za-z])([A-Z])\)")


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
    """
    shown = unicodedata.normalize("NFKC", text)
    first = _FIRST.match(shown)
    for letters in ([first[1].upper()] if first else [], _LETTER.findall(shown)):
        if lettered := {ascii_uppercase.index(letter) for letter in letters} & set(range(len(options))):
            return _only(lettered)
    return _only(_named(shown, options))


def _only(indices: Collection[int]) -> int:
    return next(iter(indices)) if len(indices) == 1 else NONE


def _named(text: str, options: Sequence[str]) -> list[int]:
    found = []
    said = comparable(text)
    for index in sorted(range(len(options)), key=lambda i: -len(comparable(options[i]))):
        said, times = re.subn(standing(options[index]), "\n", said)
        found += [index] if times else []
    return found
