"""How much does a text bear on a question? The rarity of what they share, with no model.

A shared run of character n-grams weighs the sum of their rarities, where 1 is an n-gram that
occurs nowhere else; stray n-grams, which many words have in common, weigh nothing.
"""

import unicodedata
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass

from xagent.analyser import analyse, original_terms, word_grams, words
from xagent.question import asks_number, content, spaced_words

RUN = 2
"""n-grams in a row that count as shared: five letters, or a whole short word."""

NAME_RUN = 3
"""The same across languages, where only names, numbers and loan words can be shared."""


Rarity = Callable[[str], float]
"""From 0, in every passage, to 1, in none."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question taken apart."""

    words: tuple[tuple[str, ...], ...]
    """The n-grams of each word that carries subject matter."""
    originals: tuple[str, ...]
    """Terms that are not romanised: Han pairs, short toned words."""
    names: tuple[tuple[str, ...], ...]
    """The n-grams of each capitalised word after the first."""
    number: bool
    """Whether it asks for a number, a date or an amount."""


@dataclass(frozen=True, slots=True)
class Bearing:
    """What a text shares with a question."""

    matched: float
    """The rarity of what is shared, summed."""
    named: float
    """The part of it that could be names: longer runs."""
    coverage: float
    """`matched` over all that is asked, from 0 to 1."""
    name_missing: bool
    """A name that is asked about does not occur."""


def take_apart(question: str, language: str) -> Asked:
    """Analyse a question in `language` once, for many texts."""
    subject = content(question, language) or question
    return Asked(
        words=tuple(tuple(word_grams(word)) for word in words(subject)),
        originals=tuple(original_terms(unicodedata.normalize("NFKC", subject).lower())),
        names=tuple(_names(question)),
        number=asks_number(question, language),
    )


def _names(question: str) -> Iterator[tuple[str, ...]]:
    # Where everything is upper-case, capitals tell nothing.
    if not any(character.islower() for character in question):
        return
    for word in spaced_words(question)[1:]:
        if word[0].isupper():
            yield tuple(gram for part in words(word) for gram in word_grams(part))


def bearing(asked: Asked, text: str, rarity: Rarity) -> Bearing:
    """Compare a text with a question; `rarity` says how rare a term is, from 0 to 1."""
    have = frozenset(analyse(text))
    terms = {gram for grams in asked.words for gram in grams} | set(asked.originals)
    whole = sum(map(rarity, terms))
    originals = {term for term in asked.originals if term in have}
    matched = sum(map(rarity, _shared(asked, have, RUN) | originals))
    return Bearing(
        matched=matched,
        named=sum(map(rarity, _shared(asked, have, NAME_RUN) | originals)),
        coverage=matched / whole if whole else 0.0,
        name_missing=any(_share(grams, have) < 0.5 for grams in asked.names),
    )


def _shared(asked: Asked, have: Set[str], run: int) -> set[str]:
    return {gram for grams in asked.words for gram in _runs(grams, have, min(run, len(grams)))}


def _runs(grams: tuple[str, ...], have: Set[str], run: int) -> Iterator[str]:
    """The n-grams of a word that occur, as far as at least `run` of them do in a row."""
    start = 0
    while start < len(grams):
        end = start
        while end < len(grams) and grams[end] in have:
            end += 1
        if end - start >= run:
            yield from grams[start:end]
        start = max(end, start + 1)


def _share(grams: tuple[str, ...], have: Set[str]) -> float:
    return sum(gram in have for gram in grams) / len(grams) if grams else 1.0
