"""Tables say the same as the figures, and nothing in them is acted on by what reads them."""

import csv
import io
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluation_records import HOSTILE, TEXTS, records
from tests.evaluation_reports import SUITE, report
from xagent.errors import UnknownName
from xagent.evaluation.report.summary import comparisons
from xagent.evaluation.report.tables import Note, Table, as_csv, markdown, shown, shown_row
from xagent.evaluation.statistics import Estimate

HALF = Estimate(0.5, 0.25, 0.75, 1234)


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_a_cell_is_shown_to_three_digits() -> None:
    assert [shown(cell) for cell in (None, HALF, 12345, 2 / 3, "a\nb\x1b[31m")] == [
        "–", "0.500 (0.250–0.750)", "12,345", "0.667", "a b",
    ]  # fmt: skip


@given(st.floats(0, 1))
def test_what_is_shown_of_a_p_is_never_zero_unless_it_is(p: float) -> None:
    assert (shown(p) == "0.000") == (p == 0)
    assert (shown(p) == "<0.001") == (0 < p < 0.001)


@given(st.lists(st.integers(1, 99), min_size=1))
def test_an_estimate_says_of_how_many_it_is_where_others_of_its_row_are_of_more(samples: list[int]) -> None:
    written = shown_row(["fi", max(samples), None, *(replace(HALF, n=n) for n in samples)])
    assert written[:3] == ["fi", str(max(samples)), "–"]
    expected = [shown(HALF) + (f" n={n}" if n < max(samples) else "") for n in samples]
    assert written[3:] == expected


def test_markdown_has_a_head_a_line_and_a_row_for_each() -> None:
    table = Table("qa", ("language", "n", "correct"), (("fi", 3, HALF), ("sw", 2, None)))
    assert markdown([table]).splitlines() == [
        "### qa",
        "",
        "| language | n | correct |",
        "|---|---:|---:|",
        "| fi | 3 | 0.500 (0.250–0.750) |",
        "| sw | 2 | – |",
    ]


def test_a_note_is_a_paragraph_of_markdown() -> None:
    assert markdown([Note("a|b", "4 of 490\nasked")]) == "a\\|b: 4 of 490 asked\n"


def test_csv_says_of_every_figure_of_which_run_and_table_it_is() -> None:
    rows = (("fi", 1300, HALF, 0.00012), ("sw", 2, None, None))
    table = Table("by language", ("language", "samples", "correct", "p"), rows, "qa")
    other = Table("by setting", ("setting", "correct"), (("near", HALF),), "naive")
    assert cells(as_csv([Note("qa", "4 of 490 asked so far"), table, other])) == [
        ["run", "table", "row", "figure", "value", "low", "high", "n"],
        ["qa", "note", "4 of 490 asked so far", "", "", "", "", ""],
        ["qa", "by language", "fi", "samples", "1300", "", "", ""],
        ["qa", "by language", "fi", "correct", "0.5", "0.25", "0.75", "1234"],
        ["qa", "by language", "fi", "p", "0.00012", "", "", ""],
        ["qa", "by language", "sw", "samples", "2", "", "", ""],
        ["naive", "by setting", "near", "correct", "0.5", "0.25", "0.75", "1234"],
    ]


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_every_name_is_one_cell_of_one_row_in_csv(names: list[str]) -> None:
    parts = [Table(name, ("row", name), ((name, 1), ("of text", name)), name) for name in names]
    written = cells(as_csv([*parts, *(Note(name, name) for name in names)]))
    assert [len(row) for row in written] == [8] * (3 * len(names) + 1)
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in written for cell in row)


@given(st.text())
def test_every_name_is_one_cell_of_one_line_in_markdown(name: str) -> None:
    written = markdown([Table(name, ("name", "n"), ((name, 1),))])
    row = written.splitlines()[4]
    assert row.replace("\\|", "").count("|") == 3
    assert "<" not in written.replace("\\<", "")


def test_the_tables_of_a_run_say_what_its_figures_say() -> None:
    whole = report()
    by_language, by_setting, own, losses = whole.tables()
    assert by_language.columns[:4] == ("language", "samples", "correct_in_language", "correct")
    assert by_language.rows[0][2] == whole.figures.overall["correct_in_language"]
    assert [row[0] for row in by_language.rows[1:]] == sorted({one.sample.language for one in whole.records})
    assert [row[0] for row in by_setting.rows] == ["cross", "same"]
    assert own.rows == (("answered", 54),)
    assert sum(cell for row in losses.rows for cell in row[1:] if isinstance(cell, int)) == 54


def test_tables_do_not_depend_on_the_order_of_the_records() -> None:
    found = records(40)
    assert markdown(report(found).tables()) == markdown(report(found[::-1]).tables())


def test_a_run_in_which_all_failed_has_no_table() -> None:
    failed = [one for one in records(40) if one.answer is None]
    assert report(failed).tables() == []
    assert report(failed).facts["failed"] == "4"


def test_runs_of_one_suite_are_compared_with_the_first() -> None:
    found = records(60, ("ar", "fi", "th"))
    worse = [
        one if n % 10 else one.model_copy(update={"answer": found[2].answer}) for n, one in enumerate(found)
    ]
    (table,) = comparisons([report(worse, "base"), report(found, "better")])
    assert isinstance(table, Table)
    assert table.heading == "better, above base in correct_in_language"
    assert [row[0] for row in table.rows] == ["all", "ar", "fi", "th"]
    overall = table.rows[0][2]
    assert isinstance(overall, Estimate)
    assert overall.mean > 0
    assert table.rows[0][4] is None


def test_a_run_that_cannot_be_compared_is_named_with_the_reason_and_the_others_are_compared() -> None:
    other_setting = [
        one.model_copy(update={"sample": one.sample.model_copy(update={"setting": "pooled"})})
        for one in records(20)
    ]
    failed = [one for one in records(40) if one.answer is None]
    unlike = report(name="unlike", suite=replace(SUITE, name="other"))
    runs = [report(other_setting, "pooled"), report(failed, "failed"), report([], "new"), unlike]
    *notes, table = comparisons([report(name="base"), *runs, report(records(20), "again")])
    missing = "not compared with base: no sample in common that correct_in_language judges"
    assert notes == [
        *(Note(name, missing) for name in ("pooled", "failed", "new")),
        Note("unlike", "not compared with base: its suite is other, not kilimanjaro"),
    ]
    assert isinstance(table, Table)
    assert table.run == "again"


def test_runs_of_a_suite_without_a_mean_over_samples_are_not_compared() -> None:
    bare = replace(SUITE, scorers={}, headline=())
    assert comparisons([report(suite=bare), report(name="again", suite=bare)]) == [
        Note("again", "not compared with qa: kilimanjaro has no figure that is a mean over samples")
    ]


@pytest.mark.parametrize("runs", [1, 2])
def test_a_figure_that_is_no_mean_over_samples_is_refused_of_one_run_too(runs: int) -> None:
    with pytest.raises(UnknownName, match="cannot be compared in 'answered': only figures that are means"):
        comparisons([report()] * runs, "answered")


def test_a_run_that_has_not_ended_well_says_so_first() -> None:
    failed = [one for one in records(40) if one.answer is None]
    told = {
        "4 of 4,900 asked so far: go on with the same command": replace(report(records(4)), selected=4900),
        "0 of 490 asked so far: go on with the same command": replace(report([]), selected=490),
        "nothing asked so far: go on with the same command": report([]),
        "no answer: all 4 that were asked failed": replace(report(failed), selected=4),
    }
    for text, run in told.items():
        assert run.parts() == [Note("qa", text), *run.tables()]
    assert report().parts() == replace(report(), selected=60).parts() == report().tables()


def test_losses_and_failures_are_told_by_stratum() -> None:
    listed = [
        one.model_copy(
            update={"sample": one.sample.model_copy(update={"stratum": f"{one.sample.language}-x"})}
        )
        for one in records(40)
    ]
    assert set(report(listed).losses()) == {one.sample.row for one in listed}
    assert set(report(listed).figures.failed) <= {one.sample.row for one in listed}


def test_hostile_languages_stay_text() -> None:
    table = Table(HOSTILE, (HOSTILE, "n"), ((HOSTILE, 1), (TEXTS["he"].question, 2)))
    assert not re.search(r"(?<!\\)[<&]", markdown([table]))
    assert "\x1b" not in markdown([table]) + as_csv([table])
