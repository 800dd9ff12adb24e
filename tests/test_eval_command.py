"""`xagent eval` and `xagent report` as their users see them."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from xagent.errors import InputError, UnknownName
from xagent.evaluation import describe, live, reporting, runner
from xagent.evaluation.command import evaluation, report_command
from xagent.evaluation.live import Running, watched
from xagent.evaluation.samples import Sample
from xagent.testing import ModelServer, Request

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
        "answers": 6,
        "failures": 0,
        "contains": 1.0,
    }
    assert re.search(
        r"^xagent: 6/6 samples, [\d.]+/s, contains 1.00 \(ar 1.00 en 1.00", done.err, re.MULTILINE
    )


def test_ctrl_c_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run", interrupted)
    done = call("eval", "own", "--json")
    assert (done.code, done.out) == (130, "")
    assert re.fullmatch(r"xagent: interrupted; .* the same command .*\n", done.err)


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


def test_runs_of_one_name_are_told_apart_by_their_folders(folder: Path) -> None:
    runs = [str(folder / name / "same") for name in ("first", "second")]
    for run in runs:
        call("eval", "own", "--limit", "1", "--json", "--out", run)
    done = call("report", *runs, runs[0], "--md", "--figure", "contains")
    titles = [line for line in done.out.splitlines() if line.startswith("### ")]
    assert [title for title in titles if "by language" in title] == [
        "### first/same, by language",
        "### second/same, by language",
    ]
    assert titles[-1] == "### second/same, above first/same in contains"


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


def test_a_suites_own_figures_are_listed_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = describe_module(suite(tmp_path, figure_names=("agreement",)))
    monkeypatch.setattr(describe, "load", lambda kind, name: made)
    assert json.loads(call("eval", "own", "--describe", "--json").out)["figures"] == ["contains", "agreement"]


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
    title, *table = shown.out.strip().splitlines()
    assert title == "own, by graph"
    assert [line.split()[0].strip(",") for line in table] == ["graph", "quote", "closed_book"]


def test_a_graph_that_does_not_exist_is_said_before_the_others_are_run(folder: Path) -> None:
    with pytest.raises(UnknownName, match="nosuch"):
        call("eval", "compare", "own", "--graphs", "quote,nosuch")
    assert not (folder / "xagent-runs").exists()


def test_what_a_question_may_choose_an_evaluation_may_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAGENT_MAX_CALLS", "3")
    chosen = ("--k", "5", "--pivot", "direct", "--bridge", "never", "--rerank", "model")
    assert call("eval", "own", *chosen, "--out", "run").code == 0
    settings = json.loads(Path("run", "run.json").read_text("utf-8"))["settings"]
    assert {name: settings[name] for name in ("k", "pivot", "bridge", "rerank", "max_calls")} == {
        "k": 5,
        "pivot": "direct",
        "bridge": "never",
        "rerank": "model",
        "max_calls": 3,
    }


def test_what_is_no_judge_is_said_before_anything_is_asked(folder: Path) -> None:
    with pytest.raises(InputError, match="a judge is URL#MODEL"):
        call("eval", "own", "--judge", "qwen")
    assert not (folder / "xagent-runs").exists()


def test_a_graph_that_answers_nothing_is_a_row_and_the_others_are_shown() -> None:
    asked = ["--graphs", "quote,naive", "--models", "one,two", "--limit", "1"]
    with ModelServer() as server:
        done = call("eval", "compare", "own", *asked, "--model-url", server.url, "--json")
        shown = call("eval", "compare", "own", *asked, "--model-url", server.url)
    assert [(row["graph"], row["model"], row["answered"]) for row in done.data] == [
        ("quote", "", 6), ("naive", "one", 0), ("naive", "two", 0),
    ]  # fmt: skip
    assert (done.code, done.data[0]["error"]) == (0, "")
    assert "has no model 'one'" in done.data[1]["error"]
    assert done.err.count("xagent: naive answered nothing: ") == 2
    assert [line.split()[0].strip(",") for line in shown.out.strip().splitlines()[2:]] == [
        "quote", "naive", "naive",
    ]  # fmt: skip


def test_where_no_graph_answers_anything_comparing_them_has_failed() -> None:
    with ModelServer(faults=["status 401"]) as server:
        asked = ["--graphs", "naive", "--model-url", server.url, "--limit", "1"]
        done = call("eval", "compare", "own", *asked, "--json")
    (row,) = done.data
    assert (done.code, row["answered"], row["failed"], row["calls"]) == (1, 0, 6, 0)
    assert "XAGENT_API_KEY" in row["error"]


def test_judges_are_asked_and_their_verdict_is_a_figure_from_then_on(folder: Path) -> None:
    def verdict(request: Request) -> dict[str, bool]:
        return {"correct": "1203" in str(request.body)}

    asked = ("eval", "own", "--limit", "1", "--out", "judged", "--json")
    with ModelServer({"Judgement": verdict}) as server:
        done = call(*asked, "--judge", f"{server.url}#fake")
    assert done.data["judged_correct"] == pytest.approx(1 / 6, abs=1e-4)
    assert done.data["judges"] == ["fake"]
    assert call(*asked).data["judged_correct"] == done.data["judged_correct"]
    scores = json.loads((folder / "judged" / "scores.json").read_text("utf-8"))
    assert {code: row["judged_correct"]["mean"] for code, row in scores["by_language"].items()} == {
        code: float(code == "ar") for code in QUESTIONS
    }
    call("eval", "own", "--limit", "1", "--out", "unjudged")
    shown = call("report", "judged", "judged", "unjudged", "--figure", "judged_correct")
    assert "judged_correct" in shown.out
    assert "unjudged: not compared with judged: no sample in common that judged_correct judges" in shown.out


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


def test_scores_are_shown_by_stratum_where_samples_have_one(folder: Path) -> None:
    running = Running(suite(folder, scorers={"contains": contains}), 1, 0)
    right = records(1, ["en"])[0]
    running.note(right.model_copy(update={"sample": right.sample.model_copy(update={"stratum": "bem"})}))
    assert running.by_language() == {"bem": 1.0}
