"""The time of a question beside its model's: for `benchmarks/cost.py`, which prints it.

- overhead_p50_ms: what the graph, its nodes and the kept conversation add to a question: the time that
  `Agent.ask` takes, less that of its model calls (as `timings` has them: from a request being made until its
  reply has been read), less that of the node `retrieve`: searching is work that the question needs.
  overhead_with_retrieval_p50_ms leaves that in; retrieval_p50_ms is that alone; overhead_first_p50_ms and
  overhead_follow_up_p50_ms are of questions that begin a conversation (two calls) and of those that go on
  with it (three).
- client_p50_ms: what the client (langchain-openai, openai, httpx2) and a connection add to those calls: their
  time less that from each request's arrival at the server to the last byte of its reply.
- first_word_overhead_ms: from the call of `Agent.stream` until the first verified statement, less the time at
  the server of the calls before `verify`, and of `verify` up to the byte that completes the first verdict (by
  its place in the reply, which is sent at an even pace), less the search. In conversations, too.

Each is the median over questions. The server is a process of its own, and gives its replies at 2 ms a piece
of six letters, so that reading a piece falls into the model's time, as it does with a real one, which is
slower. Without that pace (`--at-once`) it gives them as fast as it can: then to read a whole reply counts as
overhead. Times depend on the machine, and on what else it does.
"""

import multiprocessing
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import TypeAlias

from xagent.agent import Agent
from xagent.evaluation.samples import Sample
from xagent.events import Stage, Statement
from xagent.testing import ModelServer, Request

PAUSE = 0.002  # seconds before each piece of a reply
WARM_UP = 20  # questions before any time counts
QUESTIONS = 240  # of which times are taken, at least

Figures = dict[str, float]
Conversation = Sequence[Sample]
Pipe: TypeAlias = "Connection[object, object]"


@dataclass(frozen=True, slots=True)
class Served:
    """A request at the server that is timed. Seconds, by `time.perf_counter`, which all processes share."""

    schema: str
    started: float
    finished: float
    verdict: float
    """When the first verdict in the reply was complete; `finished`, where it has none."""


def served(request: Request, letters: int) -> Served:
    """What is to be known of a request."""
    assert request.first_byte is not None
    assert request.finished is not None
    content = request.content or ""
    finished = verdict = request.finished
    if (at := content.find("true")) >= 0 and request.schema == "Entailment":
        # Before the text a piece that names the role, after it the reason of its end, the usage, and [DONE].
        pieces, done = 4 + -(-len(content) // letters), 2 + (at + 3) // letters
        verdict = request.first_byte + (finished - request.first_byte) * done / pieces
    return Served(request.schema, request.started, finished, verdict)


def serve(pipe: Pipe, pause: float) -> None:
    """A model server in a process of its own, which tells what it served whenever it is asked."""
    with ModelServer(faults=["slow"] if pause else []) as server:
        server.pause = pause
        pipe.send(server.url)
        while pipe.recv():
            server.wait_until_idle()
            pipe.send([served(request, server.letters) for request in server.requests])
            server.requests.clear()


class TimedServer:
    """That process, from here."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self.url = str(pipe.recv())

    def served(self) -> list[Served]:
        """The requests since it was last asked, all of them done."""
        self._pipe.send(True)
        requests = self._pipe.recv()
        assert isinstance(requests, list)
        return requests


@contextmanager
def timed_server(pause: float) -> Iterator[TimedServer]:
    """Start one, and stop it."""
    spawning = multiprocessing.get_context("spawn")
    here, there = spawning.Pipe()
    process = spawning.Process(target=serve, args=(there, pause), daemon=True)
    process.start()
    yield TimedServer(here)
    here.send(False)
    process.join()


@dataclass(frozen=True, slots=True)
class Timed:
    """A question's time beside its model's and its search's, in milliseconds, and that of the search."""

    beside: float
    retrieval: float
    follow_up: bool
    client: float = 0.0


def timed(folder: Path, conversations: Sequence[Conversation], pause: float) -> Figures:
    """All figures, of questions to the store in `folder`; `pause` is the server's, in seconds a piece."""
    with (
        timed_server(pause) as server,
        Agent(folder, "qa", model_url=server.url, max_seconds=600, bridge="never") as agent,
    ):
        asked = [asked_in(agent, server, *turn) for turn in turns("ask", conversations)]
        streamed = [streamed_in(agent, server, *turn) for turn in turns("stream", conversations)]
    asked, words = asked[WARM_UP:], [one.beside for one in streamed[WARM_UP:] if one]
    return {
        "overhead_p50_ms": p50(one.beside for one in asked),
        "overhead_with_retrieval_p50_ms": p50(one.beside + one.retrieval for one in asked),
        "overhead_first_p50_ms": p50(one.beside for one in asked if not one.follow_up),
        "overhead_follow_up_p50_ms": p50(one.beside for one in asked if one.follow_up),
        "client_p50_ms": p50(one.client for one in asked),
        "retrieval_p50_ms": p50(one.retrieval for one in asked),
        "first_word_overhead_ms": p50(words),
        "timed_questions": len(asked),
        "timed_first_words": len(words),
    }


def p50(milliseconds: Iterable[float]) -> float:
    """The median."""
    return round(median(milliseconds), 2)


def turns(prefix: str, conversations: Sequence[Conversation]) -> Iterator[tuple[str, Sample, bool]]:
    """Questions, each with its conversation's name and whether it goes on with it, in whole conversations."""
    count = 0
    for at, conversation in enumerate(conversations):
        if count >= WARM_UP + QUESTIONS:
            return
        for place, sample in enumerate(conversation):
            yield f"{prefix} {at}", sample, place > 0
            count += 1


def asked_in(agent: Agent, server: TimedServer, name: str, sample: Sample, follow_up: bool) -> Timed:
    """A question asked and answered."""
    began = time.perf_counter()
    answer = agent.ask(sample.question, conversation=name)
    spent = time.perf_counter() - began
    at_server = sum(one.finished - one.started for one in server.served())
    calls = sum(spent for name, spent in answer.timings.items() if name.startswith("model:"))
    retrieval = answer.timings["retrieve"]
    return Timed(1000 * spent - calls - retrieval, retrieval, follow_up, calls - 1000 * at_server)


def streamed_in(
    agent: Agent, server: TimedServer, name: str, sample: Sample, follow_up: bool
) -> Timed | None:
    """A question up to the first verified statement; None where there is no such."""
    word, retrieval = 0.0, 0.0
    began = time.perf_counter()
    for event in agent.stream(sample.question, conversation=name):
        if isinstance(event, Statement) and not word:
            word = time.perf_counter()
        elif isinstance(event, Stage) and event.node == "retrieve":
            retrieval += event.milliseconds
    model = sum(one.verdict - one.started for one in server.served())
    return Timed(1000 * (word - began - model) - retrieval, retrieval, follow_up) if word else None
