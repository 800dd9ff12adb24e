"""Intervals and tests of difference, against scipy, against Holm's procedure by hand, and against chance."""

import random
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from xagent.errors import InputError
from xagent.evaluation.statistics import (
    Difference,
    Estimate,
    corrected,
    difference,
    holm,
    interval,
    intervals,
    sign_flip,
)

UNIT = st.integers(0, 4).map(lambda n: n / 4)
TRIPLES = st.lists(
    st.tuples(UNIT, st.sampled_from("abcdef"), st.sampled_from(["ar", "fi", "zh"])), min_size=1
)


def drawn(n: int, seed: int = 0) -> list[float]:
    return [float(one) for one in np.random.default_rng(seed).normal(0.3, 1.0, n)]


def test_an_interval_of_single_samples_is_that_of_scipys_bootstrap() -> None:
    values = drawn(80)
    ours = interval(values, [str(n) for n in range(80)])
    theirs = stats.bootstrap((values,), np.mean, n_resamples=20_000, method="percentile", rng=1)
    assert ours.mean == pytest.approx(fmean(values))
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.02)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.02)


def test_an_interval_of_clusters_of_one_size_is_scipys_of_their_means() -> None:
    means = drawn(60)
    values = [value for mean in means for value in (mean - 0.1, mean, mean + 0.1)]
    ours = interval(values, [str(n // 3) for n in range(180)])
    theirs = stats.bootstrap((means,), np.mean, n_resamples=20_000, method="percentile", rng=1)
    assert ours.n == 180
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.02)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.02)


def test_parallel_questions_that_are_right_together_make_an_interval_wider() -> None:
    right = [float(n % 2) for n in range(40) for _ in range(6)]
    languages = ["ar", "he", "hi", "ja", "sw", "yo"] * 40
    together = interval(right, [str(n // 6) for n in range(240)], strata=languages)
    apart = interval(right, [str(n) for n in range(240)], strata=languages)
    assert together.mean == apart.mean == 0.5
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    generator = np.random.default_rng(7)
    held = 0
    for _ in range(120):
        clusters = generator.normal(0.0, 1.0, 40)
        found = interval(np.repeat(clusters, 2).tolist(), [str(n // 2) for n in range(80)])
        held += found.low <= 0 <= found.high
    assert 0.88 <= held / 120 <= 0.99


def test_the_mean_is_over_languages_and_not_over_samples() -> None:
    found = interval([1, 1, 1, 0], ["a", "b", "c", "d"], strata=["en", "en", "en", "yo"])
    assert found.mean == 0.5
    assert found.n == 4


def test_what_has_no_spread_and_is_no_share_has_an_interval_of_no_width() -> None:
    assert interval([0.5] * 5, list("abcde")) == Estimate(0.5, 0.5, 0.5, 5)
    assert interval([1.0, 0.0], ["a", "a"]) == Estimate(0.5, 0.5, 0.5, 2)


@given(
    st.sampled_from([0.0, 1.0]),
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["ar", "fi", "zh"])), min_size=1),
)
def test_where_all_are_right_or_all_wrong_the_interval_is_scipys_exact_one_of_clusters(
    value: float, drawn: list[tuple[int, str]]
) -> None:
    clusters, strata = [str(n) for n, _ in drawn], [language for _, language in drawn]
    trials = len(set(clusters))
    exact = stats.binomtest(round(value * trials), trials).proportion_ci(method="exact")
    found = interval([value] * len(drawn), clusters, strata=strata)
    assert (found.mean, found.n) == (value, len(drawn))
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))


def test_exact_bounds_are_of_the_columns_that_are_all_alike_only() -> None:
    mixed, right, wrong = intervals([[1, 0, 1], [1, 1, 1], [0, 0, 0]], list("abc"))
    assert mixed == interval([1, 0, 1], list("abc"))
    assert [right.low, right.high] == pytest.approx([0.025 ** (1 / 3), 1])
    assert [wrong.low, wrong.high] == pytest.approx([0, 1 - 0.025 ** (1 / 3)])


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_differences_that_are_all_alike_are_no_shares(value: float) -> None:
    assert difference([value] * 4, list("abcd")).estimate == Estimate(value, value, value, 4)


@settings(max_examples=25)
@given(TRIPLES, st.randoms(use_true_random=False))
def test_neither_the_order_nor_the_names_of_clusters_change_an_interval(
    triples: list[tuple[float, str, str]], shuffling: random.Random
) -> None:
    def estimate(listed: list[tuple[float, str, str]]) -> Estimate:
        values, clusters, strata = zip(*listed, strict=True)
        return interval(values, clusters, strata=strata)

    found = estimate(triples)
    shuffled = triples[:]
    shuffling.shuffle(shuffled)
    assert repr(estimate(shuffled)) == repr(found)
    assert estimate([(value, f"question {cluster}", stratum) for value, cluster, stratum in triples]) == found
    assert 0 <= found.low <= found.high <= 1
    by_stratum = [fmean(v for v, _, s in triples if s == one) for one in {s for _, _, s in triples}]
    assert found.mean == pytest.approx(fmean(by_stratum))


@pytest.mark.parametrize(
    ("values", "clusters", "strata"), [([], [], []), ([1.0], [], []), ([1.0], ["a"], ["x", "y"])]
)
def test_an_interval_of_nothing_or_of_what_does_not_fit_is_one_clear_line(
    values: list[float], clusters: list[str], strata: list[str]
) -> None:
    with pytest.raises(InputError, match=r"^An interval needs values[^\n]*$"):
        interval(values, clusters, strata=strata)


@pytest.mark.parametrize("n", [4, 9, 13])
def test_of_few_clusters_p_is_exactly_scipys_of_paired_permutations(n: int) -> None:
    before, after = np.array(drawn(n, 1)), np.array(drawn(n, 2)) + 0.5
    theirs = stats.permutation_test(
        (after, before), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=np.inf
    )
    assert sign_flip((after - before).tolist(), [str(k) for k in range(n)]) == pytest.approx(theirs.pvalue)


def test_of_many_clusters_p_is_about_scipys_of_paired_permutations() -> None:
    before, after = np.array(drawn(60, 3)), np.array(drawn(60, 4)) + 0.25
    theirs = stats.permutation_test(
        (after, before), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=9_999, rng=5
    )
    ours = sign_flip((after - before).tolist(), [str(k) for k in range(60)])
    assert ours == pytest.approx(theirs.pvalue, abs=0.02)


def test_p_flips_clusters_and_counts_ties() -> None:
    assert sign_flip([1, 1, 1, 1], list("abcd")) == 2 / 16
    assert sign_flip([1, 1, 1, 1], list("aabb")) == 2 / 4
    assert sign_flip([1, 1, 1, 1], list("aaaa")) == 1
    assert sign_flip([0, 0, 0], list("abc")) == 1
    assert sign_flip([0.1, 0.2, -0.3], list("abc")) == 1
    assert sign_flip([1.0] * 40, [str(n) for n in range(40)]) == 1 / 10_000


def test_p_of_two_languages_weighs_them_alike() -> None:
    values, clusters, languages = [1.0, 1.0, 1.0, -1.0], list("abcd"), ["en", "en", "en", "sw"]
    # The mean over languages is (1 - 1) / 2: nothing, and any flip gives as much.
    assert sign_flip(values, clusters, strata=languages) == 1
    assert difference(values, clusters, strata=languages).estimate.mean == 0


def test_p_is_small_by_chance_as_often_as_it_says() -> None:
    generator = np.random.default_rng(11)
    found = [sign_flip(generator.normal(0, 1, 10).tolist(), list("abcdefghij")) for _ in range(150)]
    assert 0.01 <= np.mean(np.array(found) <= 0.05) <= 0.1


def test_holm_by_hand() -> None:
    # Sorted .01 .02 .03 .04 are multiplied by 4 3 2 1, and none may be below the one before it.
    assert holm({"fi": 0.03, "ar": 0.01, "zh": 0.04, "sw": 0.02}) == pytest.approx(
        {"fi": 0.06, "ar": 0.04, "zh": 0.06, "sw": 0.06}
    )
    assert holm({"he": 0.6, "hi": 0.7}) == {"he": 1.0, "hi": 1.0}
    assert holm({"th": 0.2}) == {"th": 0.2}
    assert holm({}) == {}


@given(st.dictionaries(st.sampled_from(["ar", "he", "hi", "ja", "yo", "zh"]), st.floats(0, 1)))
def test_holm_is_between_no_correction_and_bonferronis_and_keeps_the_order(p: dict[str, float]) -> None:
    adjusted = holm(p)
    assert list(adjusted) == list(p)
    assert all(p[name] <= adjusted[name] <= min(1.0, p[name] * len(p)) for name in p)
    assert all(adjusted[a] <= adjusted[b] for a in p for b in p if p[a] < p[b])


def test_differences_are_corrected_for_one_another() -> None:
    estimate = Estimate(0.1, 0.0, 0.2, 10)
    found = corrected({"ja": Difference(estimate, 0.01, 0.01), "th": Difference(estimate, 0.3, 0.3)})
    assert found["ja"] == Difference(estimate, 0.01, 0.02)
    assert found["th"] == Difference(estimate, 0.3, 0.3)
