"""How sure is a figure, and is the difference of two more than chance?

Questions are not independent: the same one asked in six languages tends to be right or wrong in all of them.
So what is drawn, and what is flipped, is a cluster of samples, never a sample.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xagent.errors import InputError

RESAMPLES = 2_000
PERMUTATIONS = 9_999
CONFIDENCE = 0.95
_EXACT = 13  # clusters: 8,192 ways to flip them are tried one by one
_AT_ONCE = 2_000_000  # numbers drawn at a time, to bound the memory
_ROUNDING = 1e-9  # two sums of the same numbers in another order may differ by so much

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean, its 95 % interval, and of how many values."""

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Difference:
    """How far one run is above another on the same samples."""

    estimate: Estimate
    """The mean difference."""
    p: float
    """Two-sided: how often chance alone gives a difference as large."""
    p_holm: float
    """The same, corrected for how many differences were looked at."""


def interval(
    values: Sequence[float], clusters: Sequence[str], seed: int = 0, strata: Sequence[str] = ()
) -> Estimate:
    """The mean of `values` with a percentile bootstrap interval over `clusters` (Field and Welsh 2007).

    With `strata`, such as languages, it is the mean over strata of the mean in each; the clusters are drawn
    once for all of them, so that parallel questions stay together. A stratum that a draw leaves empty does
    not count in that draw. The order of the values changes nothing. Where there is but one cluster, or all
    values are alike, the interval has no width: nothing is known of the spread then.

    Raises InputError where there are no values, or not as many clusters or strata.
    """
    sums, counts = _table(values, clusters, strata or [""] * len(values))
    drawn = np.concatenate([_macro(w @ sums, w @ counts) for w in _weights(len(sums), seed)])
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Estimate(
        float(_macro(sums.sum(0, keepdims=True), counts.sum(0, keepdims=True))[0]),
        float(low),
        float(high),
        len(values),
    )


def sign_flip(
    differences: Sequence[float], clusters: Sequence[str], seed: int = 0, strata: Sequence[str] = ()
) -> float:
    """The two-sided p of a mean difference of zero, by flipping the signs of whole clusters.

    Fisher's randomisation test of paired scores (Smucker, Allan and Carterette 2007): were the two runs
    alike, either could have got either score. Up to 13 clusters every flip is tried; of more, 9,999 are drawn
    and the observed one is counted among them, so that p is never 0 (Phipson and Smyth 2010). The mean is
    that over strata, where they are given, as in `interval`.

    Raises InputError as `interval` does.
    """
    sums, counts = _table(differences, clusters, strata or [""] * len(differences))
    totals = (sums / counts.sum(0)).sum(1)
    totals = totals[totals != 0]
    if not totals.size:
        return 1.0
    least = abs(totals.sum()) - _ROUNDING * np.abs(totals).sum()
    if totals.size <= _EXACT:
        flips = np.array(list(itertools.product((-1.0, 1.0), repeat=totals.size)))
        return float(np.mean(np.abs(flips @ totals) >= least))
    as_large = sum(int(np.sum(np.abs(flips @ totals) >= least)) for flips in _flips(totals.size, seed))
    return (as_large + 1) / (PERMUTATIONS + 1)


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Each p corrected for there being several, by Holm's step-down procedure (1979)."""
    adjusted: dict[str, float] = {}
    highest = 0.0
    for rank, name in enumerate(sorted(p, key=lambda name: (p[name], name))):
        highest = max(highest, min(1.0, (len(p) - rank) * p[name]))
        adjusted[name] = highest
    return {name: adjusted[name] for name in p}


def difference(
    values: Sequence[float], clusters: Sequence[str], seed: int = 0, strata: Sequence[str] = ()
) -> Difference:
    """How far one run is above another, from the differences of their scores, sample by sample.

    Raises InputError as `interval` does.
    """
    p = sign_flip(values, clusters, seed, strata)
    return Difference(interval(values, clusters, seed, strata), p, p)


def corrected(differences: Mapping[str, Difference]) -> dict[str, Difference]:
    """The same differences, with `p_holm` for there being so many of them."""
    p = holm({name: one.p for name, one in differences.items()})
    return {name: replace(one, p_holm=p[name]) for name, one in differences.items()}


def _table(
    values: Sequence[float], clusters: Sequence[str], strata: Sequence[str]
) -> tuple[_Floats, _Floats]:
    """The sums and the counts of the values, a row for each cluster and a column for each stratum."""
    if not values or not len(values) == len(clusters) == len(strata):
        raise InputError(
            "An interval needs values, each with its cluster and stratum; "
            f"there are {len(values)}, {len(clusters)} and {len(strata)}."
        )
    row = {name: n for n, name in enumerate(sorted(set(clusters)))}
    column = {name: n for n, name in enumerate(sorted(set(strata)))}
    cells: dict[tuple[int, int], list[float]] = {}
    for value, cluster, stratum in zip(values, clusters, strata, strict=True):
        cells.setdefault((row[cluster], column[stratum]), []).append(value)
    sums, counts = np.zeros((len(row), len(column))), np.zeros((len(row), len(column)))
    for place, inside in cells.items():
        sums[place], counts[place] = math.fsum(inside), len(inside)
    return sums, counts


def _weights(clusters: int, seed: int) -> Iterator[_Floats]:
    """How often each cluster was drawn, a row for each resample."""
    generator = np.random.default_rng(seed)
    step = max(1, min(RESAMPLES, _AT_ONCE // clusters))
    for start in range(0, RESAMPLES, step):
        rows = min(step, RESAMPLES - start)
        drawn = generator.integers(clusters, size=(rows, clusters)) + clusters * np.arange(rows)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * clusters)
        yield np.asarray(times.reshape(rows, clusters), dtype=np.float64)


def _flips(clusters: int, seed: int) -> Iterator[_Floats]:
    generator = np.random.default_rng(seed)
    step = max(1, min(PERMUTATIONS, _AT_ONCE // clusters))
    for start in range(0, PERMUTATIONS, step):
        rows = min(step, PERMUTATIONS - start)
        yield np.asarray(generator.integers(2, size=(rows, clusters)) * 2 - 1, dtype=np.float64)


def _macro(sums: _Floats, counts: _Floats) -> _Floats:
    """The mean over strata of the mean in each, by row; strata without values are left out."""
    there = counts > 0
    means = np.divide(sums, counts, out=np.zeros_like(sums), where=there)
    return np.asarray(means.sum(1) / there.sum(1), dtype=np.float64)
