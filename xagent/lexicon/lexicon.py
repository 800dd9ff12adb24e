"""What a query says, in the words of another language."""

from collections.abc import Sequence, Set
from functools import cache, lru_cache
from itertools import zip_longest
from math import sqrt

from xagent.analyser import analyse
from xagent.lexical import Way, Word
from xagent.lexicon.dictionary import Dictionary, Said, dictionary
from xagent.lexicon.entries import PREFIXES, entries, is_function, words
from xagent.lexicon.glossary import NO_GLOSSARY, Glossary
from xagent.messages import function_words
from xagent.question import UNSPACED, content, spaced_words, unframed

ORIGINAL = 0.4
"""What each term of a word as it was asked counts; one of the lexicon's `n` terms for it counts 1 / √n."""

LESS_USUAL = 0.6
"""What each further word for a concept counts, as a share of the one before it."""

MOST_WAYS = 4
"""Words of the other language that are searched for in place of one."""

CHARACTER = 0.6
"""What a single character counts in an unspaced language, where it may be a part of any word."""

_HAN = ("zh", "ja")

Equals = tuple[tuple[str, ...], ...]
"""The terms to look for, of each word that a language has for a concept."""


class Lexicon:
    """What the dictionaries of all languages know, and those of a glossary, whose word comes first."""

    def __init__(self, glossary: Glossary = NO_GLOSSARY) -> None:
        self._glossary = glossary
        self._dictionaries: dict[str, Dictionary] = {}
        # A query is put into one language after another.
        self._telling = lru_cache(maxsize=64)(self._read)

    def with_terms(self, glossary: Glossary) -> "Lexicon":
        """This lexicon with the terms of one more glossary."""
        codes = self._glossary.keys() | glossary.keys()
        return Lexicon({code: {**self._glossary.get(code, {}), **glossary.get(code, {})} for code in codes})

    def words(self, text: str, language: str, into: str) -> tuple[Word, ...]:
        """The words of a query, each in the ways that language `into` may say it.

        A word that is not known as it stands is sought as it was asked as well: names and numbers stay what
        they are. Left out are words that carry no subject matter, unless there are no others.
        """
        if language in (into, "und"):
            subject = spaced_words(content(text, language) or text)
            return tuple((Way(terms, asked=True),) for word in subject if (terms := analyse(word)))
        return tuple(self._word(one, language, into) for one in self._telling(text, language))

    def _read(self, text: str, language: str) -> list[Said]:
        """What carries subject matter, or all there is."""
        said = self._dictionary(language).read(unframed(text, language) or text)
        common = function_words(language)
        return [one for one in said if not _is_common(one, common)] or said

    def _dictionary(self, language: str) -> Dictionary:
        if not self._glossary.get(language):
            return dictionary_of(language)
        if language not in self._dictionaries:
            self._dictionaries[language] = dictionary(
                language, {**entries(language), **self._glossary[language]}
            )
        return self._dictionaries[language]

    def _word(self, said: Said, language: str, into: str) -> Word:
        """How the other language says it, the usual way first; as it was said, where that is not known."""
        known = self._known(said.concepts, language, into)
        weight = said.similarity * (CHARACTER if language in UNSPACED and len(said.text) == 1 else 1.0)
        ways = list[Way]()
        for place, equals in enumerate(zip_longest(*known)):
            for terms in filter(None, equals):
                ways.append(Way(terms, weight * LESS_USUAL**place / sqrt(len(known) * len(terms))))
        if ways and said.similarity == 1:
            return tuple(ways[:MOST_WAYS])
        return (*ways[:MOST_WAYS], Way(_as_asked(said.text, into), ORIGINAL, asked=True))

    def _known(self, concepts: Sequence[str], language: str, into: str) -> list[Equals]:
        """What to look for in the other language for each concept."""
        own, other = self._glossary.get(language, {}), self._glossary.get(into, {})
        if given := [other[concept] for concept in concepts if concept in own and concept in other]:
            return [tuple(_terms(word, into) for word in equals) for equals in given]
        return [found for concept in concepts if (found := _equals(concept, into))]


def _is_common(said: Said, common: Set[str]) -> bool:
    return any(map(is_function, said.concepts)) or said.text.lower() in common


@cache
def dictionary_of(language: str) -> Dictionary:
    """The dictionary of a language, made when it is first needed."""
    return dictionary(language, entries(language))


def _as_asked(text: str, into: str) -> tuple[str, ...]:
    """What a word as it was asked can share with the other language: spelling, and Han where that has any."""
    terms = analyse(text)
    return terms if into in _HAN else tuple(term for term in terms if term.isascii())


@lru_cache(maxsize=1 << 17)
def _equals(concept: str, language: str) -> Equals:
    return tuple(terms for word in words(concept, language)[:MOST_WAYS] if (terms := _terms(word, language)))


def _terms(word: str, language: str) -> tuple[str, ...]:
    """What to look for: with the usual prefix as without it, and no edges where there are no spaces."""
    terms = dict.fromkeys(analyse(word))
    if language in UNSPACED:
        within = tuple(term for term in terms if "_" not in term)
        return tuple(term for term in within if not term.isascii()) or within or tuple(terms)
    prefix = (*words(PREFIXES, language), "")[0]
    return tuple(terms | dict.fromkeys(term for term in analyse(prefix + word) if term[0] != "_"))
