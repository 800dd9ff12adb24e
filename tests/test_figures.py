"""What the answers of a run amount to: figures worked by hand, over records as a run leaves them."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals import language_confusion
from tests.evaluation_records import TEXTS, record, records
from xagent.errors import InputError, UnknownName
from xagent.evaluation.figures import Comparison, compare, cost, figures, mean_figure, scored
from xagent.evaluation.records import Record
from xagent.evaluation.samples import Suite

LANGUAGES = tuple(TEXTS)


def right(one: Record) -> float | None:
    """1 when a gold answer is in the text; None where there is none."""
    golds = one.sample.answers
    return float(any(gold in one.text for gold in golds)) if golds else None


def in_language(one: Record) -> float | None:
    return None if one.answer is None or one.answer.verdict == "abstained" else float(not one.foreign)


def shares(answered: Sequence[Record]) -> dict[str, float]:
    assert all(one.answer for one in answered), "a failure was judged"
    return {"abstained": sum(not one.text for one in answered) / len(answered)}


SUITE = Suite(
    name="kilimanjaro",
    load=lambda _, __: (),
    scorers={"right": right, "in_language": in_language},
    headline=("right", "abstained"),
    figures=shares,
)
# Two parallel facts: Arabic gets both right, Swahili one of two, Japanese fails once and is asked for one.
BY_HAND = [
    record(1, "ar", "en", "right"),
    record(2, "ar", "ar", "right"),
    record(1, "sw", "en", "reading"),
    record(2, "sw", "sw", "right"),
    record(1, "ja", "en", "reading"),
    record(2, "ja", "ja", "failed"),
]


def again(one: Record, outcome: str, repeat: int) -> Record:
    """The same sample, asked once more."""
    asked, evidence, n = one.sample.id.split("-")
    return record(int(n), asked, evidence, outcome).model_copy(
        update={"repeat": repeat, "sample": one.sample}
    )


def compared(after: Sequence[Record], before: Sequence[Record]) -> Comparison:
    """How far one run is above another that it shares samples with."""
    found = compare(scored(after, SUITE), scored(before, SUITE), "right")
    assert found is not None
    return found


def in_rows(listed: Sequence[Record], rows: Sequence[str]) -> list[Record]:
    """The records with strata: asked in English, say, and counted under these."""
    return [
        one.model_copy(update={"sample": one.sample.model_copy(update={"language": "en", "stratum": row})})
        for one, row in zip(listed, rows, strict=True)
    ]


def test_a_figure_is_the_mean_over_languages_of_the_mean_in_each() -> None:
    found = figures(BY_HAND, SUITE)
    assert found.overall["right"].mean == pytest.approx((1 + 0.5 + 0) / 3)
    assert found.overall["right"].n == 5
    assert {code: row["right"].mean for code, row in found.by_language.items()} == {
        "ar": 1,
        "ja": 0,
        "sw": 0.5,
    }


def test_samples_count_under_their_stratum_where_they_have_one() -> None:
    listed = in_rows(BY_HAND, ["ar", "ar", "bem", "bem", "ja", "ja"])
    found = figures(listed, SUITE)
    assert found.overall["right"].mean == pytest.approx((1 + 0.5 + 0) / 3)
    assert {row: one["right"].n for row, one in found.by_language.items()} == {"ar": 2, "bem": 2, "ja": 1}
    assert found.failed == {"ja": 1}
    assert set(found.by_pair) == {"en>ar", "en>en", "en>sw"}
    wrong = [again(one, "reading", 0) for one in listed]
    difference = compared(listed, wrong)
    assert difference.overall.estimate.mean == pytest.approx((1 + 0.5 + 0) / 3)
    assert {row: one.estimate.n for row, one in difference.by_language.items()} == {
        "ar": 2,
        "bem": 2,
        "ja": 1,
    }


def test_english_questions_to_be_answered_in_14_languages_are_14_rows(tmp_path: Path) -> None:
    codes = [code for code in language_confusion.suite.languages if code != "en"]
    for code in codes:
        data = tmp_path / "crosslingual" / "okapi" / f"{code}.csv"
        data.parent.mkdir(parents=True, exist_ok=True)
        data.write_text(f"prompt,source,language\nName a mountain. Reply in {code}.,okapi,{code}\n", "utf-8")
    told = replace(
        language_confusion.suite, scorers={"right": lambda one: float(one.sample.row == "ja")}, figures=shares
    )
    answer = record(1, "en", "en", "right").answer
    listed = [Record(key=one.id, sample=one, answer=answer) for one in told.load(tmp_path, "crosslingual")]
    assert {one.sample.language for one in listed} == {"en"}
    found = figures(listed, told)
    assert list(found.by_language) == sorted(codes)
    assert len(codes) == 14
    assert found.by_language["ja"]["right"].mean == 1
    assert found.overall["right"].mean == pytest.approx(1 / 14)


def test_by_setting_and_by_pair_of_languages() -> None:
    found = figures(BY_HAND, SUITE)
    assert {name: row["right"].mean for name, row in found.by_setting.items()} == {
        "cross": pytest.approx(1 / 3),
        "same": 1,
    }
    assert {name: row["right"].mean for name, row in found.by_pair.items()} == {
        "ar>ar": 1, "ar>en": 1, "ja>en": 0, "sw>en": 0, "sw>sw": 1,
    }  # fmt: skip


def test_failures_are_counted_apart_and_have_a_part_in_nothing_else() -> None:
    found = figures(BY_HAND, SUITE)
    assert (found.answered, found.failed) == (5, {"ja": 1})
    without = [one for one in BY_HAND if one.answer]
    assert figures(without, SUITE).overall == found.overall
    assert figures([one for one in BY_HAND if not one.answer], SUITE).as_dict() == {
        "overall": {}, "by_language": {}, "by_setting": {}, "by_pair": {}, "failed": {"ja": 1},
    }  # fmt: skip


def test_repeats_are_one_sample_with_the_mean_of_their_scores() -> None:
    first = record(1, "th", "en", "right")
    repeated = [first, again(first, "reading", 1), again(first, "right", 2), again(first, "failed", 3)]
    found = figures([*repeated, record(2, "th", "en", "reading")], SUITE)
    assert found.overall["right"].mean == pytest.approx((2 / 3 + 0) / 2)
    assert found.overall["right"].n == 2
    assert (found.samples, found.answered, found.failed) == (2, 4, {"th": 1})


def test_what_a_scorer_has_nothing_to_judge_in_does_not_count() -> None:
    found = figures([record(1, "he", "en", "silent"), record(2, "he", "en", "right")], SUITE)
    assert (found.overall["right"].n, found.overall["in_language"].n) == (1, 1)
    only = figures([record(1, "he", "en", "silent")], SUITE)
    assert only.overall == {}
    assert only.means() == {"abstained": 1}


def test_a_suites_own_figures_stand_beside_the_others_without_an_interval() -> None:
    found = figures([*BY_HAND, record(3, "hi", "en", "abstained")], SUITE)
    assert found.as_dict()["overall"]["abstained"] == {"mean": round(1 / 6, 4)}  # type: ignore[index]
    assert found.means()["abstained"] == pytest.approx(1 / 6)
    assert set(SUITE.headline) <= found.means().keys()


def test_parallel_questions_stay_together_when_samples_are_drawn() -> None:
    outcomes = ["right", "reading"] * 10
    parallel = [record(n, code, "en", outcomes[n]) for n in range(20) for code in ("ar", "fi", "yo")]
    apart = [
        one.model_copy(update={"sample": one.sample.model_copy(update={"group": ""})}) for one in parallel
    ]
    together, alone = (figures(listed, SUITE).overall["right"] for listed in (parallel, apart))
    assert together.mean == alone.mean == 0.5
    assert together.high - together.low > 1.4 * (alone.high - alone.low)


@settings(max_examples=10)
@given(st.integers(1, 40), st.randoms(use_true_random=False))
def test_the_same_answers_give_the_same_bytes_in_any_order_and_at_any_speed(
    n: int, shuffling: random.Random
) -> None:
    listed = records(n, LANGUAGES[:4])
    written = json.dumps(figures(listed, SUITE).as_dict())
    slower = [one.model_copy(update={"seconds": shuffling.random()}) for one in listed]
    shuffling.shuffle(slower)
    assert json.dumps(figures(slower, SUITE).as_dict()) == written


def test_what_an_answer_cost() -> None:
    listed = [one.model_copy(update={"seconds": float(n)}) for n, one in enumerate(BY_HAND)]
    assert cost(listed).as_dict() == {
        "calls": 1, "prompt_tokens": 900, "completion_tokens": 40,
        "seconds": 2, "seconds_p50": 2, "seconds_p95": 3.8,
    }  # fmt: skip
    with pytest.raises(InputError, match="No sample was answered"):
        cost([record(1, "zh", "en", "failed")])


def test_two_runs_are_compared_on_the_samples_that_both_answered() -> None:
    before = [record(n, code, "en", "reading") for n in range(12) for code in ("ar", "ja")]
    after = [
        record(n, code, "en", "right" if code == "ar" else "reading")
        for n in range(1, 13)
        for code in ("ar", "ja")
    ]
    found = compared(after, before)
    assert found.overall.estimate.mean == 0.5
    assert found.by_language["ar"].estimate.n == found.by_language["ja"].estimate.n == 11
    assert found.by_language["ar"].estimate.mean == 1
    assert found.by_language["ar"].p == 2 / 2**11
    assert found.by_language["ar"].p_holm == 4 / 2**11
    assert found.by_language["ja"].p_holm == 1
    assert compared(before, after).overall.estimate.mean == -0.5


def test_runs_are_compared_in_what_is_a_mean_over_samples() -> None:
    assert mean_figure(SUITE, "in_language") == "in_language"
    assert mean_figure(SUITE) == "right"
    assert mean_figure(replace(SUITE, headline=("abstained", "in_language"))) == "in_language"
    assert mean_figure(replace(SUITE, headline=("abstained",))) == "right"
    assert mean_figure(replace(SUITE, scorers={})) == ""


@pytest.mark.parametrize("named", ["bleu", "abstained"])
def test_what_is_no_mean_over_samples_is_refused_with_those_that_are(named: str) -> None:
    with pytest.raises(UnknownName, match=f"in '{named}': only .* means over samples .* right, in_language$"):
        mean_figure(SUITE, named)


def test_runs_without_a_sample_in_common_are_not_compared() -> None:
    one, other = (scored([record(n, "ar", "en", "right")], SUITE) for n in (1, 2))
    assert compare(one, other, "right") is None
    assert compare([], scored(BY_HAND, SUITE), "right") is None


@pytest.mark.parametrize("change", [{"question": "من بنى الجسر؟"}, {"answers": ("يوسف",)}])
def test_samples_of_other_data_with_the_same_ids_are_not_compared(change: dict[str, object]) -> None:
    mine, other = record(1, "ar", "en", "right"), record(2, "ar", "en", "right")
    changed = mine.model_copy(update={"sample": mine.sample.model_copy(update=change)})
    assert compare(scored([mine], SUITE), scored([changed], SUITE), "right") is None
    assert compared([mine, other], [changed, other]).overall.estimate.n == 1


def test_samples_are_scored_in_the_order_of_their_ids() -> None:
    ids = [one.sample.id for one in scored(reversed(BY_HAND), SUITE)]
    assert ids == sorted(ids)
    assert len(ids) == 5
