"""Text to vectors: what an embedder is, the built-in n-grams, and the choice of one by its name."""

import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xagent.analyser import analyse
from xagent.errors import EndpointError

Vectors = NDArray[np.float32]
"""One row a text, of unit length: shape (texts, dimension)."""


class Embedder(Protocol):
    """What the store needs of an encoder."""

    @property
    def name(self) -> str:
        """What the store records, and compares when it is opened again."""

    @property
    def dimension(self) -> int:
        """Components of a vector."""

    @property
    def weight(self) -> float:
        """Say of this encoder's ranking in fusion, where the text index has 1."""

    @property
    def crosslingual(self) -> bool:
        """Whether it is known to put a text and its translation near each other."""

    @property
    def maximum(self) -> int:
        """Tokens of a text that it reads; 0 when that is unknown, or has no end."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """The vectors of texts to be found."""

    def embed_query(self, text: str) -> Vectors:
        """The vector of a question: shape (1, dimension)."""


class NgramEmbedder:
    """Character n-grams hashed into a vector (feature hashing, Weinberger et al. 2009).

    Needs no model and no download. It sees spelling, not meaning: no synonyms, no
    translation. Its weight in fusion is small, since the text index weighs the same
    n-grams by rarity and finds more (`benchmarks/retrieval.py`).
    """

    name = "ngrams"
    dimension = 256
    weight = 0.01
    crosslingual = False
    maximum = 0

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Hash each text's terms, their counts damped, into a unit vector."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            counts = Counter(analyse(text))
            slots = np.array(list(map(_SLOTS.__getitem__, counts)), dtype=np.int64)
            damped = np.sqrt(np.fromiter(counts.values(), dtype=np.float64, count=len(counts)))
            components, signs = slots % self.dimension, np.where(slots >> 31, 1.0, -1.0)
            vectors[row] = np.bincount(components, damped * signs, minlength=self.dimension)
        return unit(vectors)

    def embed_query(self, text: str) -> Vectors:
        """As for a passage: spelling has no two sides."""
        return self.embed_passages([text])


class _Slots(dict[str, int]):
    """Where each term goes: its component modulo the dimension, its sign in the highest of 32 bits."""

    def __missing__(self, term: str) -> int:
        if len(self) >= 1 << 18:
            self.clear()
        self[term] = slot = zlib.crc32(term.encode())
        return slot


_SLOTS = _Slots()


def unit(vectors: Vectors) -> Vectors:
    """Rows scaled to length 1; an empty text points along the first axis, as cosine needs a direction."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[lengths[:, 0] == 0, 0] = 1.0
    return (vectors / np.where(lengths == 0, 1.0, lengths)).astype(np.float32, copy=False)


def make_embedder(
    name: str = NgramEmbedder.name, url: str = "", api_key: str = "", dimension: int = 0
) -> Embedder:
    """The embedder called `name`: the built-in one, `local:MODEL`, or the model of that name served at `url`.

    With `dimension`, it is an error when the model gives vectors of another size. Raises EndpointError when
    a model is named without a place to find it, and MissingExtra where a local one has no library to run it.
    """
    # Not part of start-up, and they build on what is here.
    from xagent.endpoint_embedder import EndpointEmbedder
    from xagent.local_embedder import PREFIX, LocalEmbedder

    if name == NgramEmbedder.name:
        return NgramEmbedder()
    if name.startswith(PREFIX):
        return LocalEmbedder(name.removeprefix(PREFIX), dimension)
    if not url:
        raise EndpointError(f"embedder {name!r} needs its server: set XAGENT_EMBEDDER_URL, or use 'ngrams'")
    return EndpointEmbedder(name, url, api_key or "none", dimension)
