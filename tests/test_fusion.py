"""Fusion by rank: properties that hold whatever the engines say."""

from hypothesis import given
from hypothesis import strategies as st

from xagent.fusion import reciprocal_rank_fusion

RANKING = st.lists(st.integers(0, 30), unique=True)


@given(RANKING)
def test_one_ranking_keeps_its_order(ranking: list[int]) -> None:
    assert list(reciprocal_rank_fusion([ranking], [1.0])) == ranking


@given(RANKING, RANKING)
def test_everything_found_is_kept_once(one: list[int], other: list[int]) -> None:
    assert sorted(reciprocal_rank_fusion([one, other], [1.0, 1.0])) == sorted(set(one) | set(other))


@given(RANKING, RANKING, st.floats(0.1, 10))
def test_only_the_ratio_of_weights_matters(one: list[int], other: list[int], factor: float) -> None:
    scores = reciprocal_rank_fusion([one, other], [1.0, 0.5])
    scaled = reciprocal_rank_fusion([one, other], [factor, 0.5 * factor])
    assert all(abs(scaled[item] - factor * scores[item]) < 1e-9 for item in scores)


@given(st.lists(RANKING, min_size=1, max_size=4), st.integers(0, 30))
def test_first_everywhere_stays_first(rankings: list[list[int]], winner: int) -> None:
    led = [[winner, *(item for item in ranking if item != winner)] for ranking in rankings]
    assert next(iter(reciprocal_rank_fusion(led, [1.0] * len(led)))) == winner


@given(st.lists(RANKING, min_size=1, max_size=5))
def test_the_order_of_rankings_changes_no_score(rankings: list[list[int]]) -> None:
    weights = [1.0, 0.3, 0.01, 1.0, 0.7][: len(rankings)]
    turned = reciprocal_rank_fusion(rankings[::-1], weights[::-1])
    assert turned == reciprocal_rank_fusion(rankings, weights)


@given(RANKING, RANKING)
def test_among_equals_the_first_ranking_decides(one: list[int], other: list[int]) -> None:
    """A rewording that ranks as high as the question did takes no place from what the question found."""
    apart = [item + 100 for item in other]
    fused = list(reciprocal_rank_fusion([one, apart], [1.0, 1.0]))
    assert all(fused.index(item) <= 2 * rank for rank, item in enumerate(one))
