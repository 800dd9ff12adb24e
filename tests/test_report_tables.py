"""Tables say the same as the figures, and nothing in them is acted on by what reads them."""

import csv
import io
import re

from hypothesis import given
from hypothesis import strategies as st

from tests.evaluation_records import HOSTILE, TEXTS, records
from tests.evaluation_reports import SUITE, report
from xagent.evaluation.report.summary import comparisons
from xagent.evaluation.report.tables import Table, as_csv, markdown, shown
from xagent.evaluation.statistics import Estimate

HALF = Estimate(0.5, 0.25, 0.75, 1234)


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_a_cell_is_shown_to_three_digits() -> None:
    assert [shown(cell) for cell in (None, HALF, 12345, 2 / 3, "a\nb\x1b[31m")] == [
        "–", "0.500 (0.250–0.750)", "12,345", "0.667", "a b",
    ]  # fmt: skip


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


def test_csv_gives_an_interval_three_columns() -> None:
    table = Table("qa", ("language", "correct", "p"), (("fi", HALF, 0.1), ("sw", None, None)))
    assert cells(as_csv(table)) == [
        ["language", "correct", "correct low", "correct high", "p"],
        ["fi", "0.5", "0.25", "0.75", "0.1"],
        ["sw", "", "", "", ""],
    ]


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_every_name_is_one_cell_of_one_row_in_csv(names: list[str]) -> None:
    written = as_csv(Table("t", ("name", "n"), tuple((name, 1) for name in names)))
    assert [len(row) for row in cells(written)] == [2] * (len(names) + 1)
    assert not any(row[0].startswith(("=", "+", "-", "@")) for row in cells(written))


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
    assert table.title == "better above base, correct_in_language"
    assert [row[0] for row in table.rows] == ["all", "ar", "fi", "th"]
    overall = table.rows[0][2]
    assert isinstance(overall, Estimate)
    assert overall.mean > 0
    assert table.rows[0][4] is None


def test_runs_of_other_suites_are_not_compared() -> None:
    from dataclasses import replace

    assert comparisons([report(), report(suite=replace(SUITE, name="other"))]) == []


def test_hostile_languages_stay_text() -> None:
    table = Table(HOSTILE, (HOSTILE, "n"), ((HOSTILE, 1), (TEXTS["he"].question, 2)))
    assert not re.search(r"(?<!\\)[<&]", markdown([table]))
    assert "\x1b" not in markdown([table]) + as_csv(table)
