"""Is a passage the translation of another? By an encoder that knows both languages, or numbers and names.

Precision comes first: evidence that is not shown cannot be asked for, and a fact that is shown twice costs
little. On XQuAD's 240 paragraphs in 12 languages, numbers and names find a part of the translations and take
no paragraph for another one's; see `tests/test_siblings.py` for what they must not do.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np

from xagent.analyser import words
from xagent.embeddings import Vectors
from xagent.passages import Passage

COSINE = 0.85
"""From which passages in two languages may be translations, when each is the other's nearest. Not fitted:
what encoders put between translations differs, and numbers must agree as well."""

NUMBERS, DIGITS = 2, 6
"""Different numbers that translations share, and digits of theirs, at least."""

NAMES = 2
"""Words that begin alike once they are romanised, as names and loan words do, at least."""

MANY_NUMBERS, MANY_DIGITS = 4, 10
"""What does without names, which Chinese, Thai or Arabic do not keep recognisable."""

LONGER = 3.0
"""Times the length in bytes that one may have of the other."""

_BEGINNING = 5


def are_translations(one: Passage, other: Passage, numbers: frozenset[int]) -> bool:
    """Whether two passages that have the same `numbers` say the same in two languages."""
    if one.language == other.language or not _many(numbers, NUMBERS, DIGITS):
        return False
    sizes = sorted((len(one.text.encode()), len(other.text.encode())))
    if sizes[1] > LONGER * sizes[0]:
        return False
    named = len(_beginnings(one.text) & _beginnings(other.text)) >= NAMES
    return named or _many(numbers, MANY_NUMBERS, MANY_DIGITS)


def _many(numbers: frozenset[int], least: int, digits: int) -> bool:
    return len(numbers) >= least and sum(len(str(number)) for number in numbers) >= digits


@lru_cache(maxsize=512)
def _beginnings(text: str) -> frozenset[str]:
    return frozenset(
        word[:_BEGINNING] for word in words(text) if len(word) >= _BEGINNING and not word.isdigit()
    )


def nearest(passages: Sequence[Passage], vectors: Mapping[int, Vectors]) -> Iterator[tuple[int, int]]:
    """Pairs in two languages, by their places, each of which is the nearest to the other in its language."""
    places = [place for place, passage in enumerate(passages) if passage.key in vectors]
    if len(places) < 2:
        return
    stacked = np.stack([vectors[passages[place].key].reshape(-1) for place in places])
    cosines = stacked @ stacked.T
    codes = np.array([passages[place].language for place in places])
    best = {code: np.where(codes == code, cosines, -2.0).argmax(axis=1) for code in set(codes.tolist())}
    for one, other in np.argwhere(np.triu(cosines, 1) >= COSINE):
        mutual = best[codes[other]][one] == other and best[codes[one]][other] == one
        if codes[one] != codes[other] and mutual:
            yield places[int(one)], places[int(other)]
