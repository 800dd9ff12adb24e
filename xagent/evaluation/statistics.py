"""How sure is a figure, and is the difference of two more than chance?

Questions are not independent: the same one asked in six languages tends to be right or wrong in all of them.
So what is drawn, and what is flipped, is a cluster of samples, never a sample.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from xagent.errors import InputError

RESAMPLES = 2_000
PERMUTATIONS = 9_999
CONFIDENCE = 0.95
_EVERY_FLIP = 13  # clusters: 8,192 ways to flip them are tried one by one
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
    not count in that draw. The order of the values changes nothing.

    Where all values are 1, or all are 0, every draw is the same, and the interval is the exact one of a share
    instead (Clopper and Pearson 1934), of as many trials as there are clusters in all the strata. Where they
    are alike and strictly between, or differ within one cluster only, it has no width: nothing is known of
    the spread.

    Raises InputError where there are no values, or not as many clusters or strata.
    """
    return intervals([values], clusters, seed, strata)[0]


def intervals(
    columns: Sequence[Sequence[float]], clusters: Sequence[str], seed: int = 0, strata: Sequence[str] = ()
) -> list[Estimate]:
    """The `interval` of each of several columns of values of the same samples, drawn once for all of them.

    Raises InputError as `interval` does.
    """
    found = _bootstrapped(columns, clusters, seed, strata)
    trials = len(set(clusters))
    return [_with_exact_bounds(one, values, trials) for one, values in zip(found, columns, strict=True)]


def _bootstrapped(
    columns: Sequence[Sequence[float]], clusters: Sequence[str], seed: int, strata: Sequence[str]
) -> list[Estimate]:
    sums, counts = _table(columns, clusters, strata or [""] * len(clusters))
    flat = sums.reshape(len(sums), -1)
    drawn = np.concatenate(
        [
            _macro((w @ flat).reshape(-1, *sums.shape[1:]), (w @ counts)[:, None])
            for w in _weights(len(sums), seed)
        ]
    )
    tail = (1 - CONFIDENCE) / 2
    bounds = np.quantile(drawn, [tail, 1 - tail], axis=0)
    means = _macro(sums.sum(0), counts.sum(0))
    return [
        Estimate(float(mean), float(low), float(high), len(clusters))
        for mean, low, high in zip(means, *bounds, strict=True)
    ]


def _with_exact_bounds(estimate: Estimate, values: Sequence[float], trials: int) -> Estimate:
    """The estimate with the bounds of Clopper and Pearson, where the values are all 1 or all 0."""
    bound = ((1 - CONFIDENCE) / 2) ** (1 / trials)
    alike = set(values)
    if alike == {1}:
        return replace(estimate, low=bound)
    if alike == {0}:
        return replace(estimate, high=1 - bound)
    return estimate


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
    sums, counts = _table([differences], clusters, strata or [""] * len(differences))
    totals = (sums[:, 0] / counts.sum(0)).sum(1)
    totals = totals[totals != 0]
    if not totals.size:
        return 1.0
    least = abs(totals.sum()) - _ROUNDING * np.abs(totals).sum()
    if totals.size <= _EVERY_FLIP:
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

    The interval is the bootstrap's, and of no width where all differences are alike: they are no shares.

    Raises InputError as `interval` does.
    """
    p = sign_flip(values, clusters, seed, strata)
    (estimate,) = _bootstrapped([values], clusters, seed, strata)
    return Difference(estimate, p, p)


def corrected(differences: Mapping[str, Difference]) -> dict[str, Difference]:
    """The same differences, with `p_holm` for there being so many of them."""
    p = holm({name: one.p for name, one in differences.items()})
    return {name: replace(one, p_holm=p[name]) for name, one in differences.items()}


def _table(
    columns: Sequence[Sequence[float]], clusters: Sequence[str], strata: Sequence[str]
) -> tuple[_Floats, _Floats]:
    """The sums of the values, by cluster, column and stratum, and their counts, by cluster and stratum."""
    lengths = {len(values) for values in columns}
    if not clusters or lengths != {len(clusters)} or len(strata) != len(clusters):
        raise InputError(
            "An interval needs values, each with its cluster and stratum; "
            f"there are {', '.join(map(str, sorted(lengths)))}, {len(clusters)} and {len(strata)}."
        )
    rows, row = _numbered(clusters)
    parts, part = _numbered(strata)
    cells = row * parts + part
    values = np.asarray(columns, np.float64)
    sums = np.empty((rows * parts, len(columns)))
    for column, listed in enumerate(values):
        ordered = np.lexsort((listed, cells))  # a sum depends on the order of its terms
        sums[:, column] = np.bincount(cells[ordered], listed[ordered], rows * parts)
    counts = np.bincount(cells, minlength=rows * parts).astype(np.float64)
    return sums.reshape(rows, parts, -1).swapaxes(1, 2), counts.reshape(rows, parts)


def _numbered(names: Sequence[str]) -> tuple[int, npt.NDArray[np.intp]]:
    """How many different names there are, and the number of each, from 0 in the order of the alphabet."""
    number = {name: n for n, name in enumerate(sorted(set(names)))}
    return len(number), np.fromiter((number[name] for name in names), np.intp, len(names))


def _weights(clusters: int, seed: int) -> Iterator[_Floats]:
    """How often each cluster was drawn, a row for each resample."""
    times = _draws(clusters, seed)
    step = _rows(clusters)
    for start in range(0, RESAMPLES, step):
        yield times[start : start + step].astype(np.float64)


@lru_cache(maxsize=2)  # the figures of a table are of the same samples, nearly always
def _draws(clusters: int, seed: int) -> npt.NDArray[np.uint8]:
    """The same in bytes: that one cluster is drawn 256 times is less likely than 1 in 10 to the 500."""
    generator = np.random.default_rng(seed)
    step = _rows(clusters)
    times = np.empty((RESAMPLES, clusters), np.uint8)
    for start in range(0, RESAMPLES, step):
        rows = min(step, RESAMPLES - start)
        drawn = generator.integers(clusters, size=(rows, clusters)) + clusters * np.arange(rows)[:, None]
        counted = np.bincount(drawn.ravel(), minlength=rows * clusters)
        times[start : start + rows] = counted.reshape(rows, clusters)
    return times


def _rows(clusters: int) -> int:
    """How many resamples are worked on at a time."""
    return max(1, min(RESAMPLES, _AT_ONCE // clusters))


def _flips(clusters: int, seed: int) -> Iterator[_Floats]:
    generator = np.random.default_rng(seed)
    step = max(1, min(PERMUTATIONS, _AT_ONCE // clusters))
    for start in range(0, PERMUTATIONS, step):
        rows = min(step, PERMUTATIONS - start)
        yield np.asarray(generator.integers(2, size=(rows, clusters)) * 2 - 1, dtype=np.float64)


def _macro(sums: _Floats, counts: _Floats) -> _Floats:
    """The mean over strata, the last axis, of the mean in each; strata without values are left out."""
    there = counts > 0
    means = np.divide(sums, counts, out=np.zeros_like(sums), where=there)
    return np.asarray(means.sum(-1) / there.sum(-1), dtype=np.float64)
