"""What `xagent report` prints: every figure in a pipe, nothing that a terminal would act on."""

import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from tests.evaluation_records import HOSTILE, records
from tests.evaluation_reports import report
from xagent.errors import UnknownName
from xagent.evaluation.report.tables import Table
from xagent.evaluation.report.terminal import show, show_table
from xagent.evaluation.statistics import Estimate


def test_a_pipe_gets_every_figure_on_one_line_a_language(capsys: pytest.CaptureFixture[str]) -> None:
    shown = report()
    show([shown])
    lines = capsys.readouterr().out.splitlines()
    heads = next(line for line in lines if line.startswith("language")).split()
    assert heads == [
        "language",
        "samples",
        "correct_in_language",
        "correct",
        "abstains_rightly",
        "right_language",
    ]
    finnish = next(line for line in lines if line.startswith("fi "))
    estimate = shown.figures.by_language["fi"]["correct"]
    assert f"{estimate.mean:.3f} ({estimate.low:.3f}–{estimate.high:.3f})" in finnish
    assert "graph: qa" in lines


@pytest.mark.parametrize("width", [40, 80, 132])
def test_a_terminal_gets_every_figure_whole_and_no_line_is_wider_than_it(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(width))
    languages = ("العربية", "中文（繁體）", "ไทย")
    rows = tuple((name, 3, *(Estimate(0.5, 0.25, 0.75, 3),) * 5) for name in languages)
    show_table(Table("by language", ("language", "samples", *("correct",) * 4, "grounded"), rows))
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in capsys.readouterr().out.splitlines()[2:]]
    assert max(map(cell_len, lines)) <= width
    assert sum(line.count("0.500 (0.250–0.750)") for line in lines) == len(languages) * 5
    starts = {cell_len(line.partition("0.500")[0]) for line in lines if "0.500" in line}
    assert len(starts) <= 2  # with the samples beside it, and below without


def test_runs_are_shown_one_after_another_and_then_compared(capsys: pytest.CaptureFixture[str]) -> None:
    found = records(30, ("ar", "zh"))
    show([report(found, "base"), report(found, "again")], "correct")
    out = capsys.readouterr().out
    titles = ("base, by language", "again, by language", "again, above base in correct")
    places = [out.index(title) for title in titles]
    assert places == sorted(places)


def test_a_figure_that_the_suite_does_not_have_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    for reports in ([report()], [report(), report()]):
        with pytest.raises(UnknownName, match="in 'bleu': only figures that are means over samples"):
            show(reports, "bleu")
    assert capsys.readouterr().out == ""


def test_a_run_that_was_ended_says_how_far_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    show([replace(report(records(4), "begun"), selected=490)])
    lines = capsys.readouterr().out.splitlines()
    assert "begun: 4 of 490 asked so far: go on with the same command" in lines
    show([replace(report(records(4), "done"), selected=4)])
    assert "go on" not in capsys.readouterr().out


def test_a_run_that_cannot_be_compared_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    show([report(), report([], "new"), report(records(9), "same")])
    out = capsys.readouterr().out
    assert "\nnew: not compared with qa: no sample in common that correct_in_language judges\n" in out
    assert "same, above qa in correct_in_language" in out


def test_an_estimate_of_fewer_samples_than_its_row_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    half = Estimate(0.5, 0.25, 0.75, 12)
    rows = (("fi", 12, half, replace(half, n=9)), ("sw", 9, replace(half, n=9), replace(half, n=9)))
    show_table(Table("t", ("language", "samples", "a", "b"), rows))
    assert capsys.readouterr().out.splitlines()[2:] == [
        "language  samples  a                    b                      ",
        "fi             12  0.500 (0.250–0.750)  0.500 (0.250–0.750) n=9",
        "sw              9  0.500 (0.250–0.750)  0.500 (0.250–0.750)    ",
    ]


def test_no_name_of_a_run_or_a_language_reaches_the_terminal_unclean(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, *others = records(10)
    hostile = first.sample.model_copy(update={"language": HOSTILE, "setting": HOSTILE})
    show([report([first.model_copy(update={"sample": hostile}), *others], HOSTILE)])
    out = capsys.readouterr().out
    assert not set(out) & set("\x1b\u202e\u2028\u2029\r")
