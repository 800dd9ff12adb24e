"""Copies and translations of one passage, among the few hundred that a search considers.

A fact that eleven files repeat is one piece of evidence with eleven sources. What differs in a number, or
in a paragraph that has to do with the question, is never taken for the same: it could contradict.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import lru_cache
from itertools import combinations

from xagent.analyser import analyse
from xagent.embeddings import Vectors
from xagent.passages import Passage
from xagent.shingles import alike
from xagent.translations import are_translations, nearest

ALIKE = 0.8
"""The share of two passages that copies have in common, at least; the rest is boilerplate around it."""

Pair = tuple[int, int]

_NUMBER = re.compile(r"\d+")
_PARAGRAPHS = re.compile(r"\n\s*\n")


def groups(
    passages: Sequence[Passage], terms: Set[str] = frozenset(), vectors: Mapping[int, Vectors] | None = None
) -> list[list[int]]:
    """The passages, by their places in the sequence, with those that say the same together.

    In order, within groups and of them. `terms` are those of the question; `vectors`, by key, are of an
    encoder that puts translations side by side.
    """
    numbers = [numbers_in(passage.text) for passage in passages]
    above = list(range(len(passages)))
    for one, other in _same(passages, numbers, terms, vectors or {}):
        first, second = sorted((_top(above, one), _top(above, other)))
        above[second] = first
    found: dict[int, list[int]] = {}
    for place in range(len(passages)):
        found.setdefault(_top(above, place), []).append(place)
    return list(found.values())


def _top(above: Sequence[int], place: int) -> int:
    while above[place] != place:
        place = above[place]
    return place


def numbers_in(text: str) -> frozenset[int]:
    """The numbers of a text, in whatever digits they are written; a separator makes two of one."""
    return frozenset(int(digits[:40]) for digits in _NUMBER.findall(text))


def _same(
    passages: Sequence[Passage],
    numbers: Sequence[frozenset[int]],
    terms: Set[str],
    vectors: Mapping[int, Vectors],
) -> Iterator[Pair]:
    """Pairs that say the same, each once and possibly by way of others."""
    buckets: dict[frozenset[int], list[int]] = {}
    for place, found in enumerate(numbers):
        buckets.setdefault(found, []).append(place)
    for found, bucket in buckets.items():
        yield from _copied(passages, bucket, terms)
        for one, other in combinations(bucket, 2) if found else ():
            if are_translations(passages[one], passages[other], found):
                yield one, other
    for one, other in nearest(passages, vectors) if vectors else ():
        if numbers[one] <= numbers[other] or numbers[other] <= numbers[one]:
            yield one, other


def _copied(passages: Sequence[Passage], bucket: Sequence[int], terms: Set[str]) -> Iterator[Pair]:
    """Pairs of one bucket that are copies: the same text first, since most are, then what is alike."""
    first: dict[str, int] = {}
    for place in bucket:
        known = first.setdefault(passages[place].text, place)
        if known != place:
            yield known, place
    places = list(first.values())
    for one, other in alike([passages[place].text for place in places]):
        if are_copies(passages[places[one]].text, passages[places[other]].text, terms):
            yield places[one], places[other]


def are_copies(one: str, other: str, terms: Set[str] = frozenset()) -> bool:
    """Whether two texts are the same but for case, punctuation, white space, and boilerplate around it.

    Boilerplate is what only one of them has before or after the rest; or paragraphs before or after it that
    differ, where none of them has one of the `terms` that are asked for.
    """
    short, long = sorted((plain(one), plain(other)), key=len)
    if not short or len(short) < ALIKE * len(long):
        return False
    return short in long or (bool(terms) and _framed(one, other, terms))


def _framed(one: str, other: str, terms: Set[str]) -> bool:
    first, second = ([part for part in _PARAGRAPHS.split(text) if plain(part)] for text in (one, other))
    core = _common([plain(part) for part in first], [plain(part) for part in second])
    if core is None:
        return False
    start, other_start, length = core
    shared = sum(len(plain(part)) for part in first[start : start + length])
    around = first[:start] + first[start + length :] + second[:other_start] + second[other_start + length :]
    enough = shared >= ALIKE * max(len(plain(one)), len(plain(other)))
    return enough and terms.isdisjoint(term for part in around for term in analyse(part))


def _common(one: Sequence[str], other: Sequence[str]) -> tuple[int, int, int] | None:
    """The run of items that both have: where it starts in each, and its length; None if there are more."""
    shared = set(one) & set(other)
    places = [[n for n, part in enumerate(parts) if part in shared] for parts in (one, other)]
    if not shared or any(of[-1] - of[0] + 1 != len(of) for of in places):
        return None
    (start, end), (other_start, other_end) = ((of[0], of[-1] + 1) for of in places)
    same = one[start:end] == other[other_start:other_end]
    return (start, other_start, end - start) if same else None


@lru_cache(maxsize=512)
def plain(text: str) -> str:
    """The letters, marks and digits of a text in lower case: what it says, however it is set."""
    return unicodedata.normalize("NFKC", text).casefold().translate(_INK)


class _Ink(dict[int, int | None]):
    """What `str.translate` makes of each character, each looked up once."""

    def __missing__(self, code_point: int) -> int | None:
        kept = unicodedata.category(chr(code_point))[0] in "LMNS"
        self[code_point] = found = code_point if kept else None
        return found


# Turkish has a dotless i, which capitals written elsewhere do not tell from the other.
_INK = _Ink({ord("ı"): ord("i"), 0x0307: None})
