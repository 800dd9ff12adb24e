"""Many rankings into one, by rank alone, so that scores of different engines never meet."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)

# The constant of the method's paper; it decides how much the first ranks stand out.
SMOOTHING = 60

# Added up as whole numbers: the order in which rankings come must not decide between equals.
_UNIT = 1 << 50


def reciprocal_rank_fusion(rankings: Sequence[Sequence[Item]], weights: Sequence[float]) -> dict[Item, float]:
    """Items with their fused score, best first (Cormack, Clarke and Büttcher, SIGIR 2009).

    An item scores the sum of weight / (60 + rank) over the rankings it is in, ranks from 1.
    Equal scores keep the order of the first ranking they appear in.
    """
    scores: defaultdict[Item, int] = defaultdict(int)
    for ranking, weight in zip(rankings, weights, strict=True):
        for item, part in zip(ranking, _parts(weight, len(ranking)), strict=True):
            scores[item] += part
    return {item: scores[item] / _UNIT for item in sorted(scores, key=scores.__getitem__, reverse=True)}


@lru_cache(maxsize=256)
def _parts(weight: float, length: int) -> tuple[int, ...]:
    """What a ranking gives to each of its places, in units."""
    return tuple(round(weight * _UNIT / (SMOOTHING + rank)) for rank in range(1, length + 1))
