"""The built-in encoder: words hashed as what they mean where the lexicon knows, else as they are spelt."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from math import sqrt

import numpy as np

from xagent.analyser import analyse
from xagent.embeddings import BUILT_IN, Vectors, unit
from xagent.lexicon.dictionary import Said
from xagent.lexicon.entries import is_function
from xagent.lexicon.lexicon import dictionary_of
from xagent.question import UNSPACED, spaced_words

Features = Mapping[str, float]
"""What is hashed, and how much of each there is."""


class ConceptEmbedder:
    """Concepts and character n-grams hashed into a vector (feature hashing, Weinberger et al. 2009).

    Needs no model and no download. A word that the lexicon knows in the text's language is the same in every
    other; of any other word the spelling is seen, and so is the whole of a text in an unknown language. Its
    weight in fusion is small, since the text index weighs the same by rarity and finds more
    (`benchmarks/retrieval.py`).
    """

    name = BUILT_IN
    dimension = 256
    weight = 0.01
    crosslingual = False
    maximum = 0

    def embed_passages(self, texts: Sequence[str], language: str = "und") -> Vectors:
        """Hash each text's concepts and n-grams, their counts damped, into a unit vector."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            counts: dict[str, float] = {}
            for part in _parts(text, language):
                for feature, weight in part.items():
                    counts[feature] = counts.get(feature, 0.0) + weight
            slots = np.array(list(map(_SLOTS.__getitem__, counts)), dtype=np.int64)
            damped = np.sqrt(np.fromiter(counts.values(), dtype=np.float64, count=len(counts)))
            components, signs = slots % self.dimension, np.where(slots >> 31, 1.0, -1.0)
            vectors[row] = np.bincount(components, damped * signs, minlength=self.dimension)
        return unit(vectors)

    def embed_query(self, text: str, language: str = "und") -> Vectors:
        """As for a passage: what is meant has no two sides."""
        return self.embed_passages([text], language)


def _parts(text: str, language: str) -> Iterator[Features]:
    """The features of a text, word by word: most words come again and again."""
    if language == "und":
        yield _spelt(text)
    elif language in UNSPACED:
        yield from map(_features, dictionary_of(language).read(text))
    else:
        for word in spaced_words(text):
            yield _word(word, language)


@lru_cache(maxsize=1 << 16)
def _word(word: str, language: str) -> Features:
    features: dict[str, float] = {}
    for said in dictionary_of(language).read(word):
        features |= _features(said)
    return features


def _features(said: Said) -> Features:
    """The concepts that a word may mean, as much the less of each; its n-grams when there are none."""
    if any(map(is_function, said.concepts)):
        return {}
    share = said.similarity / sqrt(max(1, len(said.concepts)))
    return {f"={concept}": share for concept in said.concepts} or _spelt(said.text)


def _spelt(text: str) -> Features:
    terms = analyse(text)
    counts: dict[str, float] = {}
    for term in terms:
        counts[term] = counts.get(term, 0.0) + 1.0
    return counts


class _Slots(dict[str, int]):
    """Where each feature goes: its component modulo the dimension, its sign in the highest of 32 bits."""

    def __missing__(self, feature: str) -> int:
        if len(self) >= 1 << 18:
            self.clear()
        self[feature] = slot = zlib.crc32(feature.encode())
        return slot


_SLOTS = _Slots()
