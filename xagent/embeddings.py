"""Text to vectors: the built-in n-grams, or a model behind any OpenAI-compatible endpoint."""

import zlib
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from xagent.analyser import analyse
from xagent.errors import EndpointError

if TYPE_CHECKING:
    from openai import OpenAI

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

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Hash each text's terms, their counts damped, into a unit vector."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            counts = Counter(analyse(text))
            slots = np.array(list(map(_SLOTS.__getitem__, counts)), dtype=np.int64)
            damped = np.sqrt(np.fromiter(counts.values(), dtype=np.float64, count=len(counts)))
            components, signs = slots % self.dimension, np.where(slots >> 31, 1.0, -1.0)
            vectors[row] = np.bincount(components, damped * signs, minlength=self.dimension)
        return _unit(vectors)

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


def _unit(vectors: Vectors) -> Vectors:
    """Rows scaled to length 1; an empty text points along the first axis, as cosine needs a direction."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[lengths[:, 0] == 0, 0] = 1.0
    return (vectors / np.where(lengths == 0, 1.0, lengths)).astype(np.float32, copy=False)


class EndpointEmbedder:
    """A model behind `/v1/embeddings`: vLLM, llama.cpp's server, Ollama, hosted APIs.

    Raises EndpointError when the server cannot be reached or replies with something else
    than one vector of the same size for each text.
    """

    weight = 1.0

    def __init__(
        self, model: str, url: str, api_key: str = "none", dimension: int = 0, batch: int = 64
    ) -> None:
        self.name = model
        self.url = url
        self._api_key = api_key
        self._batch = batch
        self._dimension = dimension
        self._client: OpenAI | None = None

    @property
    def dimension(self) -> int:
        """Components of a vector; asked of the server once, when it was not given."""
        if not self._dimension:
            self._dimension = self.embed_query("dimension").shape[1]
        return self._dimension

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Ask for the vectors in batches, and scale them to length 1."""
        batches = [texts[i : i + self._batch] for i in range(0, len(texts), self._batch)]
        if not batches:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return _unit(np.concatenate([self._ask(batch) for batch in batches]))

    def embed_query(self, text: str) -> Vectors:
        """The vector of one text."""
        return _unit(self._ask([text]))

    def _ask(self, texts: Sequence[str]) -> Vectors:
        # Not part of start-up: importing openai takes over a second.
        import openai

        if self._client is None:
            self._client = openai.OpenAI(base_url=self.url, api_key=self._api_key, timeout=60)
        try:
            reply = self._client.embeddings.create(model=self.name, input=list(texts))
            rows = [item.embedding for item in sorted(reply.data, key=lambda item: item.index)]
            return self._checked(np.array(rows, dtype=np.float32), len(texts))
        except openai.APIStatusError as error:
            raise EndpointError(
                f"the embedder at {self.url} refused ({error.status_code}): {_one_line(error.message)}"
            ) from error
        except openai.OpenAIError as error:
            raise EndpointError(
                f"no embedder answers at {self.url}; start one, or check XAGENT_EMBEDDER_URL"
            ) from error
        except (ValueError, TypeError, AttributeError) as error:
            raise EndpointError(f"{self.url} did not reply with embeddings: {_one_line(error)}") from error

    def _checked(self, vectors: Vectors, expected: int) -> Vectors:
        if vectors.ndim != 2 or len(vectors) != expected or not np.isfinite(vectors).all():
            raise ValueError(f"{expected} vectors were asked for, the reply has shape {vectors.shape}")
        if self._dimension and vectors.shape[1] != self._dimension:
            raise ValueError(f"vectors of {vectors.shape[1]} components, not {self._dimension} as before")
        return vectors


def _one_line(message: object) -> str:
    return " ".join(str(message).split())[:200]


def make_embedder(
    name: str = NgramEmbedder.name, url: str = "", api_key: str = "", dimension: int = 0
) -> Embedder:
    """The embedder called `name`: the built-in one, or the model of that name served at `url`.

    With `dimension`, it is an error when the server sends vectors of another size.
    Raises EndpointError when a model is named without a place to find it.
    """
    if name == NgramEmbedder.name:
        return NgramEmbedder()
    if not url:
        raise EndpointError(f"embedder {name!r} needs its server: set XAGENT_EMBEDDER_URL, or use 'ngrams'")
    return EndpointEmbedder(name, url, api_key or "none", dimension)
