"""Samples asked by several processes: the same answers, within one limit, and nothing left behind."""

import asyncio
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xagent.agent import Agent
from xagent.errors import XagentError
from xagent.evaluation.asking import Task
from xagent.evaluation.asking import ask as ask_here
from xagent.evaluation.records import Record
from xagent.evaluation.runner import Outcome, Plan, run_suite, unwatched
from xagent.evaluation.samples import Sample, Suite
from xagent.evaluation.workers import WORTH_IT, processes_for, workers
from xagent.testing import Fault, ModelServer

from .evaluation_suites import QUESTIONS, install, suite
from .requests_at_once import most_at_once


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    (tmp_path / "data").mkdir()
    install(monkeypatch, suite(tmp_path / "data"))
    return Plan("own", graph="quote", out=tmp_path / "run")


def run(plan: Plan, **changes: Any) -> Outcome:
    return run_suite(replace(plan, **changes), unwatched)


@given(asked=st.integers(0, 40), samples=st.integers(0, 5000), concurrency=st.integers(1, 64))
def test_there_is_a_process_and_none_without_a_request_or_a_sample(
    asked: int, samples: int, concurrency: int
) -> None:
    count = processes_for(asked, samples, concurrency)
    assert 1 <= count <= max(1, min(samples, concurrency))
    assert count <= (asked or 4)


def test_a_process_more_is_started_where_it_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    assert [processes_for(0, n, 16) for n in (1, WORTH_IT - 1, WORTH_IT, 2 * WORTH_IT, 10**6)] == [
        1, 1, 2, 3, 4,
    ]  # fmt: skip
    assert processes_for(6, 10**6, 16) == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert processes_for(0, 10**6, 16) == 1


def test_the_model_is_asked_as_often_at_once_as_it_may_be_and_no_oftener(plan: Plan) -> None:
    with ModelServer(delay=0.1) as server:
        outcome = run(plan, graph="naive", model_url=server.url, concurrency=3, repeat=2)
        server.wait_until_idle()
        assert most_at_once(server) == 3
    assert outcome.figures.answered == 4 * len(QUESTIONS)


@pytest.mark.integration
def test_two_processes_come_to_the_same_as_one(plan: Plan, tmp_path: Path) -> None:
    with ModelServer(delay=0.1) as server:
        asked: dict[str, Any] = {"graph": "qa", "model_url": server.url, "concurrency": 4}
        one = run(plan, **asked, out=tmp_path / "one")
        del server.requests[:]
        two = run(plan, **asked, out=tmp_path / "two", processes=2)
        server.wait_until_idle()
        assert most_at_once(server) <= 4
    assert one.run.scores.read_bytes() == two.run.scores.read_bytes()
    assert [answered(record) for record in one.records] == [answered(record) for record in two.records]
    assert multiprocessing.active_children() == []


def answered(record: Record) -> dict[str, Any]:
    """A record without its clocks."""
    found: dict[str, Any] = json.loads(record.model_dump_json(exclude={"seconds": True, "calls": True}))
    found["answer"].pop("timings")
    found["answer"].pop("usage")
    return found


@pytest.mark.integration
def test_what_fails_in_a_process_is_kept_and_asked_again(plan: Plan) -> None:
    with ModelServer(faults=[Fault("status 400", times=2, schema="Draft")]) as server:
        asked: dict[str, Any] = {"graph": "qa", "model_url": server.url, "concurrency": 2, "processes": 2}
        first = run(plan, **asked)
        assert (first.figures.answered, sum(first.figures.failed.values())) == (10, 2)
        assert all("400" in record.error and record.calls for record in first.records if not record.answer)
        assert run(plan, **asked).figures.answered == 12


@pytest.mark.integration
def test_a_process_that_is_killed_ends_the_run_which_then_goes_on(plan: Plan) -> None:
    with ModelServer(delay=0.1) as server:
        asked: dict[str, Any] = {"graph": "naive", "model_url": server.url, "concurrency": 2, "processes": 2}

        def kill(record: Record) -> None:
            del record
            for process in multiprocessing.active_children()[:1]:
                os.kill(process.pid or 0, signal.SIGKILL)

        @contextmanager
        def watched(suite: Suite, total: int, done: int) -> Iterator[Any]:
            del suite, total, done
            yield kill

        with pytest.raises(XagentError, match="for want of memory perhaps: run again to go on"):
            run_suite(replace(plan, **asked), watched)
        assert multiprocessing.active_children() == []
        assert run(plan, **asked).figures.answered == 12


@pytest.mark.integration
async def test_a_bug_in_a_process_is_raised_here_with_its_traceback(tmp_path: Path) -> None:
    with Agent(tmp_path / "store", "quote") as agent:
        agent.context.create()
        async with workers(agent, 2, 2) as ask:
            with pytest.raises(RuntimeError, match=r"asking\.py(?s:.*)AttributeError"):
                await ask(Task(cast(Sample, "none"), "key"))
    assert multiprocessing.active_children() == []


@pytest.mark.integration
async def test_ctrl_c_is_not_heard_by_any_of_the_processes(tmp_path: Path) -> None:
    with Agent(tmp_path / "store", "quote") as agent:
        agent.context.create()
        async with workers(agent, 3, 3):
            children = multiprocessing.active_children()
            blocked = [Path(f"/proc/{child.pid}/status").read_text("ascii") for child in children]
    masks = [int(re.findall(r"^SigBlk:\s(\w+)$", text, re.MULTILINE)[0], 16) for text in blocked]
    assert [mask >> (signal.SIGINT - 1) & 1 for mask in masks] == [1, 1, 1]


@pytest.mark.integration
async def test_a_process_that_cannot_start_is_told_of_whenever_it_is_asked(tmp_path: Path) -> None:
    with Agent(tmp_path / "store", "quote") as agent:
        agent.context.create()
        agent.graph = "none"
        async with workers(agent, 2, 3) as ask:
            for n in range(4):
                with pytest.raises(XagentError, match="has ended, see above: run again"):
                    await ask(Task(Sample(id=f"{n}", question="Nani?", language="sw"), f"{n}"))
    assert multiprocessing.active_children() == []


async def test_to_wait_for_others_is_no_time_of_an_answer(tmp_path: Path) -> None:
    sample = Sample(id="1", question="Ibo ni afárá náà wà?", language="yo")
    with ModelServer(delay=0.3) as server, Agent(tmp_path, "closed_book", model_url=server.url) as agent:
        agent.context.create()
        connections = agent.context.model.connections
        connections.limit(1)
        began = time.monotonic()
        records = await asyncio.gather(*(ask_here(agent, sample, f"{n}") for n in range(3)))
        elapsed = time.monotonic() - began
        await connections.aclose()
    waits = sorted(record.answer.waited for record in records if record.answer)
    assert waits[0] < 0.3 < waits[1] < 0.6 <= waits[2]
    assert all(0.3 <= record.seconds <= elapsed - record.answer.waited for record in records if record.answer)


@pytest.mark.integration
def test_when_a_run_is_killed_its_processes_end_without_a_word(tmp_path: Path) -> None:
    asked = [
        "eval",
        "sample",
        "--graph",
        "naive",
        "--model",
        "fake",
        "--processes",
        "2",
        "--concurrency",
        "8",
    ]
    with ModelServer(delay=0.2) as server, (tmp_path / "said").open("wb") as said:
        program = Path(sys.executable).with_name("xagent")
        command = [str(program), *asked, "--model-url", server.url, "--out", "run"]
        running = subprocess.Popen(command, cwd=tmp_path, stdout=said, stderr=said)
        samples = tmp_path / "run" / "samples.jsonl"
        wait_for(lambda: samples.exists() and samples.read_bytes().count(b"\n") > 20)
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text("ascii").split()
        running.kill()
        running.wait()
        assert len(children) >= 2
        wait_for(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in children))
    assert b"Traceback" not in (tmp_path / "said").read_bytes()


def wait_for(done: Callable[[], bool], seconds: float = 60.0) -> None:
    """Until that is so. Fails when it takes too long."""
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until
        time.sleep(0.05)
