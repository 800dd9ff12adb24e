"""What `xagent report` prints: every figure in a pipe, nothing that a terminal would act on."""

import pytest

from tests.evaluation_records import HOSTILE, records
from tests.evaluation_reports import report
from xagent.errors import UnknownName
from xagent.evaluation.report.terminal import show


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


def test_runs_are_shown_one_after_another_and_then_compared(capsys: pytest.CaptureFixture[str]) -> None:
    found = records(30, ("ar", "zh"))
    show([report(found, "base"), report(found, "again")], "correct")
    out = capsys.readouterr().out
    places = [
        out.index(title) for title in ("base, by language", "again, by language", "again above base, correct")
    ]
    assert places == sorted(places)


def test_a_figure_that_the_suite_does_not_have_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnknownName, match="no scorer 'bleu'"):
        show([report(), report()], "bleu")


def test_no_name_of_a_run_or_a_language_reaches_the_terminal_unclean(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, *others = records(10)
    hostile = first.sample.model_copy(update={"language": HOSTILE, "setting": HOSTILE})
    show([report([first.model_copy(update={"sample": hostile}), *others], HOSTILE)])
    out = capsys.readouterr().out
    assert not set(out) & set("\x1b\u202e\u2028\u2029\r")
