"""`xagent eval` and `xagent report` as their users see them."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from xagent.evaluation import describe, live, reporting
from xagent.evaluation.command import evaluation, report_command
from xagent.evaluation.live import Running, watched
from xagent.evaluation.samples import Sample
from xagent.testing import ModelServer

from .evaluation_records import HOSTILE, records
from .evaluation_suites import QUESTIONS, contains, install, suite

app = typer.Typer()
app.add_typer(evaluation, name="eval")
app.command("report")(report_command)


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out.splitlines()[-1])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = suite(tmp_path)
    install(monkeypatch, made)
    for module in (describe, reporting):
        monkeypatch.setattr(module, "load", lambda kind, name: describe_module(made))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def describe_module(made: Any) -> Any:
    return type("module", (), {"suite": made, "__doc__": "Six texts.\n\nMore."})


def call(*arguments: str) -> Done:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    return Done(done.exit_code, done.stdout, done.stderr)


def test_a_run_ends_with_its_headline_as_one_line_of_json() -> None:
    done = call("eval", "own", "--limit", "1", "--json")
    assert (done.code, done.out.count("\n")) == (0, 1)
    assert done.data == {
        "suite": "own",
        "setting": "all",
        "graph": "quote",
        "model": "",
        "samples": 6,
        "failures": 0,
        "contains": 1.0,
    }
    assert re.search(
        r"^xagent: 6/6 samples, [\d.]+/s, contains 1.00 \(ar 1.00 en 1.00", done.err, re.MULTILINE
    )


def test_options_may_come_before_the_suite() -> None:
    done = call("eval", "--languages", "ar,th", "--json", "own")
    assert done.data["samples"] == 4


def test_a_run_is_shown_and_can_be_reported_again(folder: Path) -> None:
    done = call("eval", "own", "--limit", "1")
    assert done.code == 0
    assert all(code in done.out for code in QUESTIONS)
    (run,) = (folder / "xagent-runs").iterdir()
    assert str(run.name) in done.err
    again = call("report", str(run))
    assert again.out == done.out
    assert call("report", str(run), "--md").out.startswith("### ")
    assert "contains" in call("report", str(run), "--csv").out
    assert call("report", str(run), "--html", "page.html").out == ""
    assert QUESTIONS["th"][0] in (folder / "page.html").read_text("utf-8")


def test_what_a_suite_has_to_it() -> None:
    done = call("eval", "own", "--describe", "--json")
    assert json.loads(done.out) == {
        "suite": "own",
        "about": "Six texts.",
        "settings": ["all", "own"],
        "languages": list(QUESTIONS),
        "figures": ["contains"],
        "headline": ["contains"],
        "data": "comes with xagent",
    }
    assert "settings: all, own" in call("eval", "own", "--describe").out


def test_graphs_are_compared_over_one_store(folder: Path) -> None:
    with ModelServer() as server:
        asked = ["--graphs", "quote,closed_book", "--model-url", server.url, "--limit", "1"]
        done = call("eval", "compare", "own", *asked, "--json")
        shown = call("eval", "compare", "own", *asked)
    quote, closed = done.data
    assert (quote["graph"], quote["calls"], quote["estimates"]["right_language"]["mean"]) == ("quote", 0, 1.0)
    assert (closed["graph"], closed["model"], closed["answered"]) == ("closed_book", "fake", 6)
    assert closed["calls"] >= 1
    assert len(list((folder / "xagent-runs" / "documents").iterdir())) == 1
    assert [line.split()[0] for line in shown.out.splitlines()] == ["graph", "quote", "closed_book"]


def test_judges_are_asked_and_reported() -> None:
    with ModelServer({"Judgement": lambda request: {"correct": True}}) as server:
        done = call("eval", "own", "--limit", "1", "--judge", f"{server.url}#fake", "--json")
    assert done.data["judged_correct"]["mean"] == 1.0
    assert done.data["judges"] == ["fake"]


def test_help_names_what_there_is() -> None:
    assert "compare" in call("eval", "--help").out
    assert "--concurrency" in call("eval", "run", "--help").out


def test_what_is_shown_of_a_run_takes_nothing_from_hostile_text(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "EVERY", 0.0)
    with watched(suite(folder), 3, 0) as note:
        for record in records(3, ["en"]):
            note(record.model_copy(update={"answer": None, "error": HOSTILE}))
    told = capsys.readouterr().err
    assert "3/3 samples" in told
    assert "3 failed" in told
    assert "\x1b" not in told
    assert "\u202e" not in told


def test_the_table_of_a_terminal_has_a_row_a_language(folder: Path) -> None:
    running = Running(suite(folder, scorers={"contains": contains}), 10, 2)
    for record in records(8, ["ar", "sw"]):
        if record.answer is not None:
            sample = Sample(**{**record.sample.model_dump(), "answers": ("no such thing",)})
            running.note(record.model_copy(update={"sample": sample}))
    assert running.table().row_count == len(running.by_language()) == 2
    assert running.done > 2
