"""Many rankings into one, by rank alone, so that scores of different engines never meet."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")

# The constant of the method's paper; it decides how much the first ranks stand out.
SMOOTHING = 60


def reciprocal_rank_fusion(
    rankings: Sequence[Sequence[Item]], weights: Sequence[float]
) -> list[tuple[Item, float]]:
    """Items with their fused score, best first (Cormack, Clarke and Büttcher, SIGIR 2009).

    An item scores the sum of weight / (60 + rank) over the rankings it is in, ranks from 1.
    Equal scores keep the order of the first ranking they appear in.
    """
    scores: defaultdict[Item, float] = defaultdict(float)
    for ranking, weight in zip(rankings, weights, strict=True):
        for rank, item in enumerate(ranking, start=1):
            scores[item] += weight / (SMOOTHING + rank)
    return sorted(scores.items(), key=lambda pair: -pair[1])
