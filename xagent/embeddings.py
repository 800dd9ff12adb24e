"""Text to vectors: what an embedder is, and the choice of one by its name."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xagent.errors import EndpointError

Vectors = NDArray[np.float32]
"""One row a text, of unit length: shape (texts, dimension)."""


BUILT_IN = "concepts"
"""The name of the encoder that needs no model."""


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

    def embed_passages(self, texts: Sequence[str], language: str = "und") -> Vectors:
        """The vectors of texts to be found, all in one language."""

    def embed_query(self, text: str, language: str = "und") -> Vectors:
        """The vector of a question: shape (1, dimension)."""


def unit(vectors: Vectors) -> Vectors:
    """Rows scaled to length 1; an empty text points along the first axis, as cosine needs a direction."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[lengths[:, 0] == 0, 0] = 1.0
    return (vectors / np.where(lengths == 0, 1.0, lengths)).astype(np.float32, copy=False)


def make_embedder(name: str = BUILT_IN, url: str = "", api_key: str = "", dimension: int = 0) -> Embedder:
    """The embedder called `name`: the built-in one, `local:MODEL`, or the model of that name served at `url`.

    With `dimension`, it is an error when the model gives vectors of another size. Raises EndpointError when
    a model is named without a place to find it, and MissingExtra where a local one has no library to run it.
    """
    # Not part of start-up, and they build on what is here.
    from xagent.concept_embedder import ConceptEmbedder
    from xagent.endpoint_embedder import EndpointEmbedder
    from xagent.local_embedder import PREFIX, LocalEmbedder

    if name == BUILT_IN:
        return ConceptEmbedder()
    if name.startswith(PREFIX):
        return LocalEmbedder(name.removeprefix(PREFIX), dimension)
    if not url:
        raise EndpointError(
            f"embedder {name!r} needs its server: set XAGENT_EMBEDDER_URL, or use {BUILT_IN!r}"
        )
    return EndpointEmbedder(name, url, api_key or "none", dimension)
