"""How much does a text bear on a question? The rarity of what they share, with no model.

A shared run of character n-grams weighs the sum of their rarities, where 1 is an n-gram that
occurs nowhere else; stray n-grams, which many words have in common, weigh nothing.
"""

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from operator import mul

from xagent.analyser import analyse, word_grams, words
from xagent.lexical import Word
from xagent.lexicon.lexicon import Lexicon
from xagent.question import asks_number, spaced_words

RUN = 2
"""n-grams in a row that count as shared: five letters, or a whole short word."""

NAME_RUN = 3
"""The same across languages, where only names, numbers and loan words can be shared."""


Rarity = Callable[[str], float]
"""From 0, in every passage, to 1, in none."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question taken apart, as the language of a text says it."""

    words: tuple[Word, ...]
    """Each word that carries subject matter."""
    unknown: tuple[tuple[str, ...], ...]
    """The terms of words as they were asked: of all in the question's own language, in another of those that
    could be names, since the lexicon does not know them as they stand."""
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
    """The part of it that could be names: longer runs of words as they were asked."""
    coverage: float
    """`matched` over all that is asked, from 0 to 1."""
    name_missing: bool
    """A name that is asked about does not occur."""


def take_apart(lexicon: Lexicon, question: str, language: str, into: str) -> Asked:
    """Analyse a question in `language` once, for many texts in the language `into`."""
    said = lexicon.words(question, language, into)
    return Asked(
        words=said,
        unknown=tuple(way.terms for word in said for way in word if way.asked),
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
    weights = [sum(map(rarity, set(word[0].terms))) for word in asked.words]
    shares = [max(_share(way.terms, have, rarity, RUN) for way in word) for word in asked.words]
    matched, whole = sum(map(mul, weights, shares)), sum(weights)
    return Bearing(
        matched=matched,
        named=sum(sum(map(rarity, _shared(name, have, NAME_RUN))) for name in asked.unknown),
        coverage=matched / whole if whole else 0.0,
        name_missing=any(sum(gram in have for gram in grams) < 0.5 * len(grams) for grams in asked.names),
    )


def _share(terms: Sequence[str], have: Set[str], rarity: Rarity, run: int) -> float:
    """How much of a way to say a word occurs, by rarity, from 0 to 1."""
    whole = sum(map(rarity, set(terms)))
    return sum(map(rarity, _shared(terms, have, run))) / whole if whole else 0.0


def _shared(terms: Sequence[str], have: Set[str], run: int) -> set[str]:
    """The terms that occur: what is not romanised by itself, n-grams as far as `run` of them do in a row."""
    grams = [term for term in terms if term.isascii()]
    originals = {term for term in terms if term in have and not term.isascii()}
    return originals | set(_runs(grams, have, min(run, len(grams))))


def _runs(grams: Sequence[str], have: Set[str], run: int) -> Iterator[str]:
    """The n-grams of a word that occur, as far as at least `run` of them do in a row."""
    start = 0
    while start < len(grams):
        end = start
        while end < len(grams) and grams[end] in have:
            end += 1
        if end - start >= run:
            yield from grams[start:end]
        start = max(end, start + 1)
