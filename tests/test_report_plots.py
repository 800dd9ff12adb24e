"""Plots are well-formed drawings of their numbers, in which labels do not cover one another."""

import xml.etree.ElementTree as ET
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluation_records import HOSTILE, records
from tests.evaluation_reports import SUITE, report
from xagent.evaluation.report.losses import Loss
from xagent.evaluation.report.pictures import pictures
from xagent.evaluation.report.plots import Point, heat_map, scatter, stacked_bars

shares = st.floats(0, 1)


def of(image: ET.Element, tag: str, kind: str) -> list[ET.Element]:
    return [one for one in image.iter(tag) if one.get("class", "").startswith(kind)]


@given(st.lists(st.builds(Point, st.just("sw"), shares, shares), min_size=1, max_size=60))
def test_every_point_is_in_its_place_with_a_label_of_its_own(points: list[Point]) -> None:
    image = ET.fromstring(scatter(points, "t", "across", "up"))
    marks = of(image, "circle", "point")
    assert len(marks) == len(points)
    side = max(float(line.get("x2", "0")) for line in of(image, "line", "grid")) - 52
    for point, mark in zip(points, marks, strict=True):
        assert float(mark.get("cx", "")) == pytest.approx(52 + point.x * side, abs=0.01)
        assert float(mark.get("cy", "")) == pytest.approx(12 + (1 - point.y) * side, abs=0.01)


def test_labels_of_points_in_one_place_stand_below_one_another() -> None:
    points = [Point(code, 1.0, 0.5) for code in ("ar", "fi", "he", "hi", "sw", "th", "yo", "zh")]
    labels = of(ET.fromstring(scatter(points, "t", "x", "y")), "text", "label")
    heights = [float(label.get("y", "")) for label in labels]
    assert all(abs(one - other) >= 12.9 for one, other in combinations(heights, 2))


def test_a_heat_map_has_a_square_for_each_pair_that_there_is() -> None:
    cells = {("fi", "ar"): 1.0, ("fi", "zh"): 0.25, ("sw", "ar"): 0.0}
    squares = of(ET.fromstring(heat_map(cells, "t", "question", "evidence")), "rect", "heat")
    titles = {"".join(square.itertext()) for square in squares}
    assert titles == {"fi, ar: 1.000", "fi, zh: 0.250", "sw, ar: 0.000"}


def test_the_parts_of_a_bar_are_as_long_as_their_shares_and_fill_it() -> None:
    lost: dict[str, list[Loss]] = {"ar": ["none", "none", "reading", "none"], "th": ["language"] * 2}
    image = ET.fromstring(stacked_bars({code: Counter(row) for code, row in lost.items()}, "t"))
    parts = [part for part in of(image, "rect", "loss") if float(part.get("width", "")) > 12]
    assert [float(part.get("width", "")) for part in parts] == [315, 105, 420]
    assert float(parts[1].get("x", "")) == float(parts[0].get("x", "")) + 315


def test_a_hostile_label_is_text() -> None:
    image = ET.fromstring(scatter([Point(HOSTILE, 0.5, 0.5)], HOSTILE, "x", "y"))
    assert {one.tag for one in image.iter()} <= {"svg", "line", "text", "circle", "title"}


def test_a_drawing_has_a_name_for_those_who_do_not_see_it() -> None:
    image = ET.fromstring(heat_map({("fi", "ar"): 1.0}, "correct by pair", "question", "evidence"))
    assert image.get("role") == "img"
    assert (image.get("aria-label") or "").startswith("correct by pair")


def test_a_run_has_all_three_plots_and_only_those_its_figures_allow() -> None:
    from dataclasses import replace

    assert pictures(report(), named=False).count("<svg") == 3
    without_language = replace(SUITE, scorers={"correct": SUITE.scorers["correct"]})
    assert pictures(report(suite=without_language), named=True).count("<svg") == 2
    failed = [one for one in records(20) if one.answer is None]
    assert "<svg" not in pictures(report(failed), named=True)
