"""Texts that have most of their character n-grams in common, found without comparing n-grams pair by pair."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

LENGTH = 8
"""Characters of a shingle, white space aside."""

NEARLY = 0.65
"""The Jaccard similarity, as estimated, from which two texts are worth a closer look."""

_BINS = 128
_TO_BIN = np.uint32(25)
_HALF = np.uint32(15)
_EMPTY = np.uint32(0xFFFFFFFF)
_PRIME, _MIX = np.uint32(0x01000193), np.uint32(0x9E3779B1)

Sketch = NDArray[np.uint32]


def sketch(text: str) -> Sketch:
    """The least hash in each of 128 bins: one permutation hashing (Li, Owen and Zhang, NIPS 2012)."""
    letters = "".join(text.split()).casefold().replace("ı", "i").ljust(LENGTH)
    hashes = np.frombuffer(letters.encode("utf-32-le", "surrogatepass"), dtype=np.uint32) * _MIX
    # Of runs of one, two and four characters into those of twice the length.
    for length in (1, 2, 4):
        hashes = (hashes[:-length] ^ (hashes[:-length] >> _HALF)) * _PRIME + hashes[length:]
    hashes = (hashes ^ (hashes >> _HALF)) * _MIX
    least = np.full(_BINS, _EMPTY)
    np.minimum.at(least, hashes >> _TO_BIN, hashes)
    return least


def similarity(sketches: Sketch) -> NDArray[np.float64]:
    """The Jaccard similarity of each two texts, estimated to within about 0.04: shape (texts, texts)."""
    filled = sketches != _EMPTY
    either = (filled[:, None] | filled[None]).sum(axis=2)
    both = ((sketches[:, None] == sketches[None]) & filled[:, None]).sum(axis=2)
    return np.asarray(both / np.maximum(either, 1), dtype=np.float64)


def alike(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Pairs of texts, by their places, that are worth a closer look."""
    if len(texts) < 2:
        return
    estimated = similarity(np.stack([sketch(text) for text in texts]))
    for one, other in np.argwhere(np.triu(estimated, 1) >= NEARLY):
        yield int(one), int(other)
