"""What embedders that run a model share: templates, vectors kept by what was sent, and what was cut off."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xagent.embedder_cards import card_of
from xagent.embeddings import Embedder, Vectors, unit
from xagent.token_meter import TokenMeter
from xagent.vector_cache import VectorCache


class Embedded(NamedTuple):
    """Vectors, and for each whether its text was longer than the model reads."""

    vectors: Vectors
    cut: NDArray[np.bool_]
    estimated: bool = False
    """Whether the lengths behind `cut` are estimates: nothing counted the tokens."""


class Batch(NamedTuple):
    """Some of the texts that were to be encoded, as they are ready."""

    rows: Sequence[int]
    vectors: Vectors
    cut: Sequence[bool]


class ModelEmbedder(ABC):
    """An embedder that asks a model; what it was told before it looks up, where it has a `cache`."""

    weight = 1.0

    def __init__(self, name: str, model: str, dimension: int = 0) -> None:
        self.name = name
        self.card = card_of(model)
        self.cache: VectorCache | None = None
        self.meter = TokenMeter()
        self._dimension = dimension

    @property
    def dimension(self) -> int:
        """Components of a vector; the model is asked once, when it was not given."""
        if not self._dimension:
            self._dimension = self.embed_query("dimension").shape[1]
        return self._dimension

    @property
    def crosslingual(self) -> bool:
        """Whether the model is known to put a text and its translation near each other."""
        return self.card.crosslingual

    @property
    def maximum(self) -> int:
        """Tokens of a text that the model reads; 0 when nobody tells."""
        return self.card.maximum

    def embed_passages(self, texts: Sequence[str], language: str = "und") -> Vectors:  # noqa: ARG002
        """The vectors of passages, of unit length and in their order."""
        return self.embed_measured(texts).vectors

    def embed_measured(self, texts: Sequence[str]) -> Embedded:
        """The vectors of passages, and which of those the model did not read to the end."""
        sent = [self.card.for_passage(text) for text in texts]
        cut = np.zeros(len(sent), dtype=np.bool_)
        found: dict[int, Vectors] = {}
        for row, vector, short in self._of(sent):
            found[row], cut[row] = vector, short
        vectors = np.zeros((len(sent), self.dimension), dtype=np.float32)
        for row, vector in found.items():
            vectors[row] = vector
        return Embedded(vectors, cut, self.meter.estimates and bool(cut.any()))

    def embed_query(self, text: str, language: str = "und") -> Vectors:  # noqa: ARG002
        """The vector of a question."""
        (batch,) = self._encode([self.card.for_query(text)], measured=False)
        return unit(self._checked(batch.vectors, 1))

    def _of(self, sent: Sequence[str]) -> Iterator[tuple[int, Vectors, bool]]:
        """Row, vector and whether it was cut, of each text: those kept first, the others as they come."""
        kept = self.cache.find(sent) if self.cache else {}
        kept = {row: found for row, found in kept.items() if len(found.vector) == self.dimension}
        for row, found in kept.items():
            yield row, found.vector, found.cut
        rows: dict[str, list[int]] = {}
        for row, text in enumerate(sent):
            if row not in kept:
                rows.setdefault(text, []).append(row)
        for text, vector, short in self._new(list(rows)):
            for row in rows[text]:
                yield row, vector, short

    def _new(self, texts: Sequence[str]) -> Iterator[tuple[str, Vectors, bool]]:
        if not texts:
            return
        with closing(self._encode(texts, measured=True)) as batches:
            for batch in batches:
                vectors = unit(self._checked(batch.vectors, len(batch.rows)))
                asked = [texts[row] for row in batch.rows]
                if self.cache:
                    self.cache.keep(asked, vectors, batch.cut)
                yield from zip(asked, vectors, batch.cut, strict=True)

    def _checked(self, vectors: Vectors, expected: int) -> Vectors:
        """Raises EndpointError unless these are as many vectors of the right size."""
        if vectors.ndim != 2 or len(vectors) != expected or not np.isfinite(vectors).all():
            raise self._wrong(f"{expected} vectors were asked for, the reply has shape {vectors.shape}")
        if self._dimension and vectors.shape[1] != self._dimension:
            raise self._wrong(f"vectors of {vectors.shape[1]} components, not {self._dimension} as before")
        self._dimension = vectors.shape[1]
        return vectors

    @abstractmethod
    def _wrong(self, what: str) -> Exception:
        """The error to raise when the model's reply is no answer."""

    @abstractmethod
    def _encode(self, sent: Sequence[str], measured: bool) -> Generator[Batch, None, None]:
        """Encode texts that have their template, in batches and in any order.

        Unless `measured`, nobody asks whether they are too long, and one text is one batch.
        """

    @abstractmethod
    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text is to the model, special ones included; estimated if nobody counts."""

    def interrupt(self) -> None:  # noqa: B027
        """End what is under way in other threads; a model in this process has nobody to tell."""

    def close(self) -> None:
        """Let go of what is open."""
        if self.cache:
            self.cache.close()


def embedded(embedder: Embedder, texts: Sequence[str]) -> Embedded:
    """The vectors of passages by any embedder; one that runs no model cuts nothing off."""
    if isinstance(embedder, ModelEmbedder):
        return embedder.embed_measured(texts)
    return Embedded(embedder.embed_passages(texts), np.zeros(len(texts), dtype=np.bool_))
