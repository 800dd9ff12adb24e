"""A suite from its documents to its figures, however often it was cut off on the way."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from xagent.errors import InputError, ModelError, NoModel, UnknownName
from xagent.evaluation.records import Record
from xagent.evaluation.runner import Outcome, Plan, run_suite, unwatched
from xagent.evaluation.runs import Run
from xagent.evaluation.samples import Document, Sample, Suite
from xagent.testing import Fault, ModelServer

from .evaluation_suites import QUESTIONS, documents, install, samples, suite


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows").write_text("some", "utf-8")
    made = suite(tmp_path / "data")
    install(monkeypatch, made)
    return made


@pytest.fixture
def plan(own: Suite, tmp_path: Path) -> Plan:
    return Plan("own", graph="quote", out=tmp_path / "run")


def run(plan: Plan, **changes: Any) -> Outcome:
    return run_suite(replace(plan, **changes), unwatched)


def lines(plan: Plan) -> list[bytes]:
    assert plan.out
    return (plan.out / "samples.jsonl").read_bytes().splitlines(keepends=True)


def test_a_suite_is_answered_in_every_language_and_scored(plan: Plan) -> None:
    outcome = run(plan)
    assert outcome.figures.answered == 12
    assert {code: row["contains"].mean for code, row in outcome.figures.by_language.items()} == dict.fromkeys(
        QUESTIONS, 1.0
    )
    scores = json.loads(outcome.run.scores.read_text("utf-8"))
    assert (scores["suite"], scores["graph"], scores["samples"], scores["failures"]) == (
        "own",
        "quote",
        12,
        0,
    )
    assert scores["contains"] == 1.0
    assert [record.sample.id for record in outcome.records] == [s.id for s in samples(Path(), "all")]
    assert all(record.sentences and not record.foreign for record in outcome.records)


def test_what_was_answered_is_not_asked_again(plan: Plan) -> None:
    run(plan)
    before, scores = lines(plan), (plan.out or Path()).joinpath("scores.json").read_bytes()
    run(plan)
    assert lines(plan) == before
    assert (plan.out or Path()).joinpath("scores.json").read_bytes() == scores


@pytest.mark.parametrize("left", [0, 1, 250, -1, -40])
def test_a_run_that_was_killed_goes_on_and_comes_to_the_same(plan: Plan, left: int) -> None:
    outcome = run(plan)
    scores, whole = outcome.run.scores.read_bytes(), b"".join(lines(plan))
    outcome.run.samples.write_bytes(whole[:left])
    outcome.run.scores.unlink()
    again = run(plan)
    assert again.run.scores.read_bytes() == scores
    assert len(lines(plan)) == 12


def test_a_failure_is_kept_counted_apart_and_tried_again(plan: Plan) -> None:
    with ModelServer(faults=[Fault("status 400", times=2, schema="Draft")]) as server:
        asked = {"graph": "qa", "model_url": server.url, "concurrency": 3}
        first = run(plan, **asked)
        assert sum(first.figures.failed.values()) == 2
        assert first.figures.answered == 10
        assert all("400" in record.error for record in first.records if record.answer is None)
        server.faults = []
        second = run(plan, **asked)
    assert (second.figures.answered, sum(second.figures.failed.values())) == (12, 0)
    assert len(lines(plan)) == 14


def test_where_nothing_is_answered_it_is_said_why(plan: Plan) -> None:
    with ModelServer(faults=["status 401"]) as server, pytest.raises(ModelError, match="XAGENT_API_KEY"):
        run(plan, graph="qa", model_url=server.url, limit=1)


def test_a_graph_that_needs_a_model_says_so_at_once_where_there_is_none(plan: Plan) -> None:
    with pytest.raises(NoModel, match="XAGENT_MODEL_URL"):
        run(plan, graph="naive")
    assert lines(plan) == []


def test_a_graph_that_asks_no_model_needs_no_server_and_names_none(plan: Plan) -> None:
    outcome = run(plan, model_url="http://127.0.0.1:9/v1", model="qwen", limit=1)
    assert (outcome.run.manifest.model, outcome.run.manifest.model_url) == ("", "")
    assert outcome.figures.answered == len(QUESTIONS)


def test_a_bug_ends_the_run_and_what_was_done_is_kept(plan: Plan, own: Suite, monkeypatch: Any) -> None:
    def broken(path: Path, setting: str) -> Iterator[Sample]:
        for n, sample in enumerate(samples(path, setting)):
            if n == 5 and calls:
                raise ZeroDivisionError
            yield sample
        calls.append(1)

    calls: list[int] = []
    install(monkeypatch, replace(own, load=broken))
    with pytest.raises(ZeroDivisionError):
        run(plan, concurrency=1)
    assert len(lines(plan)) == 5
    assert plan.out
    assert [len(found or ()) for found in (Run.open(plan.out).selected(), Run.open(plan.out).records())] == [
        12,
        5,
    ]
    install(monkeypatch, own)
    assert run(plan).figures.answered == 12
    assert len(lines(plan)) == 12


def test_the_first_of_each_language_are_taken(plan: Plan) -> None:
    outcome = run(plan, limit=1)
    assert [record.sample.id for record in outcome.records] == [f"{code}0" for code in QUESTIONS]
    assert run(plan, limit=2).figures.answered == 12
    assert len(lines(plan)) == 12


def test_some_languages_only(plan: Plan) -> None:
    assert {record.sample.language for record in run(plan, languages=("th", "ar")).records} == {"ar", "th"}
    named = run(plan, languages=("Thai", "AR")).records
    assert {record.sample.language for record in named} == {"ar", "th"}


@pytest.mark.parametrize("languages", [("xx",), ("th", "xx", "ja")])
def test_a_language_that_no_sample_is_in_is_said_before_anything_is_done(
    plan: Plan, languages: tuple[str, ...]
) -> None:
    with pytest.raises(InputError, match=r"no sample for own in xx$"):
        run(plan, languages=languages)
    assert plan.out
    assert not plan.out.exists()


def test_samples_of_one_language_are_told_apart_where_they_have_strata(
    plan: Plan, own: Suite, monkeypatch: Any
) -> None:
    def english(path: Path, setting: str) -> Iterator[Sample]:
        for sample in samples(path, setting):
            yield sample.model_copy(update={"language": "en", "stratum": sample.language})

    install(monkeypatch, replace(own, load=english))
    outcome = run(plan, limit=1)
    assert [record.sample.id for record in outcome.records] == [f"{code}0" for code in QUESTIONS]
    assert set(outcome.figures.by_language) == set(QUESTIONS)
    assert len(run(plan, languages=("ja",)).records) == 2
    assert len(run(plan, languages=("en",)).records) == 12


def test_a_setting_in_which_each_is_answered_from_its_own_document(plan: Plan) -> None:
    outcome = run(plan, setting="own")
    for record in outcome.records:
        assert record.answer
        assert {one.source for one in record.answer.passages} == set(record.sample.documents)
    with pytest.raises(InputError, match="no setting 'none'; it has: all, own"):
        run(plan, setting="none")


def test_each_asked_several_times(plan: Plan) -> None:
    outcome = run(plan, repeat=3, limit=1)
    assert sorted((record.sample.id, record.repeat) for record in outcome.records) == sorted(
        (f"{code}0", repeat) for code in QUESTIONS for repeat in range(3)
    )
    assert outcome.figures.overall["contains"].n == 6
    scores = json.loads(outcome.run.scores.read_text("utf-8"))
    assert (scores["samples"], scores["answers"]) == (6, 18)


def test_a_folder_holds_one_run(plan: Plan, own: Suite) -> None:
    run(plan, limit=1)
    with pytest.raises(InputError, match="another setting: name another folder"):
        run(plan, setting="own")
    with pytest.raises(InputError, match="another seed: name another folder"):
        run(plan, seed=8)
    assert own.data
    (own.data / "rows").write_text("others", "utf-8")
    with pytest.raises(InputError, match="another data_sha256"):
        run(plan, data=own.data)


def test_other_documents_are_another_run(plan: Plan, own: Suite, monkeypatch: Any) -> None:
    run(plan, limit=1)

    def more(path: Path, setting: str) -> Iterator[Document]:
        yield from documents(path, setting)
        yield Document(id="new", text="A new one.")

    install(monkeypatch, replace(own, corpus=more))
    with pytest.raises(InputError, match="the documents are not those"):
        run(plan)


def test_documents_whose_ingestion_was_cut_off_are_ingested_anew(plan: Plan) -> None:
    run(plan, limit=1)
    assert plan.out
    (plan.out / "corpus.sha256").rename(plan.out / "corpus.begun")
    assert run(plan).figures.answered == 12


def test_a_store_that_was_deleted_is_filled_anew(plan: Plan) -> None:
    run(plan, limit=1)
    assert plan.out
    rmtree(plan.out / "store")
    assert run(plan).figures.answered == 12


def test_a_run_that_is_kept_among_its_data_goes_on(plan: Plan, own: Suite) -> None:
    assert own.data
    among = replace(plan, data=own.data, out=None, runs=own.data / "xagent-runs")
    first = run(among, limit=1).run
    assert run(among).run.path == first.path
    assert len(list((own.data / "xagent-runs").iterdir())) == 1


@pytest.mark.parametrize("out", ["file", "file/run", "/proc/none"])
def test_what_can_be_no_folder(plan: Plan, tmp_path: Path, out: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cannot be a run's folder .*: name another with --out"):
        run(plan, out=tmp_path / out)


def test_two_processes_do_not_share_a_folder(plan: Plan) -> None:
    outcome = run(plan, limit=1)
    with outcome.run.locked(), pytest.raises(InputError, match="another process"):
        run(plan)


def test_a_sample_that_is_there_twice(plan: Plan, own: Suite, monkeypatch: Any) -> None:
    install(
        monkeypatch,
        replace(own, load=lambda path, setting: [*samples(path, setting), *samples(path, setting)]),
    )
    with pytest.raises(InputError, match="a sample twice"):
        run(plan)


def test_a_suite_without_its_data(plan: Plan, own: Suite, monkeypatch: Any) -> None:
    install(monkeypatch, replace(own, data=None))
    with pytest.raises(InputError, match="--data PATH"):
        run(plan)


def test_unknown_names(plan: Plan) -> None:
    with pytest.raises(UnknownName, match=r"there are: .*quote"):
        run(plan, graph="nope")


def test_a_run_is_opened_from_its_folder(plan: Plan) -> None:
    outcome = run(plan, limit=1)
    found = Run.open(outcome.run.path)
    assert found.manifest.fingerprint == outcome.run.manifest.fingerprint
    kept: list[Record] = list(found.records())
    assert sorted(record.key for record in kept) == sorted(record.key for record in outcome.records)
    assert found.records()[0] == kept[0]
    assert list(found.records()[1:3]) == kept[1:3]
    (found.path / "selected.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"selected\.txt is damaged"):
        found.records()


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no run"):
        Run.open(tmp_path)
    (tmp_path / "run.json").write_text("{}", "utf-8")
    with pytest.raises(InputError, match="damaged, or of a newer xagent"):
        Run.open(tmp_path)


def test_two_runs_that_share_a_store_wait_for_each_other(plan: Plan, tmp_path: Path) -> None:
    shared = replace(plan, store=tmp_path / "shared" / "store", limit=1)
    plans = [replace(shared, seed=seed, out=tmp_path / f"run{seed}") for seed in range(3)]
    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(lambda one: run_suite(one, unwatched), plans))
    assert [outcome.figures.answered for outcome in outcomes] == [6, 6, 6]
