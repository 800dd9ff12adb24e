"""What if the model's server misbehaves, at any step, in any way? Every graph that asks a model, every fault.

    python benchmarks/node_faults.py [--runs N] [--jobs N] [--seed N]

Each run makes one step of one graph meet one kind of fault, once or every time, with a random reader's
language and random limits of calls, tokens and seconds; what leads to the step is arranged: a conversation
before a follow-up, an empty draft before another search, a draft in the wrong language before it is said
again. Then the same agent is asked something else, with nothing wrong. Counted are runs in which

- `unhandled`: something was raised that is no XagentError, or one that does not say in a line what is wrong;
- `budget_exceeded`: the server had more requests, or counted more tokens, than was allowed, or was still
  asked a second after the time was over, or the answer came five seconds after it, however busy the machine;
- `malformed`: an answer that is not well formed: its verdict, its text, its marks and citations, a quotation
  called verified that the document does not have in its place, something streamed that is not in the answer;
- `lost`: the next question was not answered.

In `struck` of them the fault was met, of a step and kind that `met` counts; a limit may come before it.
"""

import argparse
import asyncio
import itertools
import json
import multiprocessing
import random
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import xagent
from xagent.agent import Agent
from xagent.answer import Answer
from xagent.errors import XagentError
from xagent.events import Statement
from xagent.testing import FAULTS, Fault, FaultKind, ModelServer, Reply, Request, default_rule
from xagent.testing.completion import count_tokens
from xagent.testing.prompt import texts

SAMPLE = Path(xagent.__file__).parent / "sample"

STEPS: Mapping[str, Sequence[str]] = {
    "qa": ("Standalone", "Draft", "ReasonedDraft", "Entailment", "Rewording", "Restatement"),
    "naive": ("Draft",),
    "closed_book": ("Recollection", "Restatement"),
    "translate": ("Translation", "Draft", "Restatement"),
    "consensus": ("Standalone", "Vote", "Entailment", "Restatement"),
}
"""The graphs, and the replies that each asks for."""

READERS = ("", "", "", "am", "ar", "de", "el", "fa", "fi", "he", "hi", "ja", "sw", "th", "yo", "zh")
"""Languages to answer in; some of the time the question's own."""

WORKERS = 4
"""Questions under way at once in a process: most of the time they wait for a server that does not reply."""

REPORTED = (
    "runs", "unhandled", "budget_exceeded", "malformed", "lost",
    "struck", "met", "answered", "partial", "abstained", "errors",
)  # fmt: skip
Problems = list[tuple[str, str]]
_LATE, _SLOW, _STUCK = 1.0, 5.0, 60.0  # seconds
_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Case:
    """A fault at a step of a graph, what is asked, and within which limits."""

    graph: str
    step: str
    fault: Fault
    question: str
    reader: str
    pivot: str
    max_calls: int
    max_tokens: int
    max_seconds: float

    def faults(self) -> list[Fault]:
        """What goes wrong, and what has to go wrong first for it to be reached."""
        if self.step != "Restatement":
            return [self.fault]
        drafts = ("Draft", "ReasonedDraft", "Vote", "Recollection")
        return [self.fault, *(Fault("wrong language", schema=draft) for draft in drafts)]


@cache
def questions() -> list[str]:
    """The sample's, in 19 languages."""
    with (SAMPLE / "questions.jsonl").open(encoding="utf-8") as rows:
        return [json.loads(row)["question"] for row in rows]


def cases(runs: int, seed: int) -> Iterator[Case]:
    """Every step with every fault, again and again with other limits."""
    dice = random.Random(seed)
    steps = [(graph, step, kind) for graph in STEPS for step in STEPS[graph] for kind in FAULTS]
    for graph, step, kind in itertools.islice(itertools.cycle(dice.sample(steps, len(steps))), runs):
        yield _case(graph, step, kind, dice)


def _case(graph: str, step: str, kind: FaultKind, dice: random.Random) -> Case:
    hurried = kind in ("hanging", "slow") or dice.random() < 0.1
    pivots = {"Draft": "direct", "ReasonedDraft": "english"}
    fault = Fault(kind, schema=step, times=dice.choice([None, None, 1, 2]))
    pivot = pivots.get(step) or dice.choice(["direct", "english", "auto"])
    tokens = dice.choice([dice.randrange(300, 20_000)] + 5 * [200_000])
    seconds = round(dice.uniform(0.2, 2.5), 2) if hurried else 20.0
    calls = dice.choice([1, 2, 3, 4, 5, 6, 7, 8, 6, 8])
    asked, reader = dice.choice(questions()), dice.choice(READERS)
    return Case(graph, step, fault, asked, reader, pivot, calls, tokens, seconds)


# --- judging ---


@cache
def document(source: str) -> str:
    """A text of the sample."""
    return (SAMPLE / "texts" / source).read_text("utf-8")


def flaws(answer: Answer, streamed: str) -> Iterator[str]:
    """What is wrong with the form of an answer."""
    if answer.verdict not in ("answered", "partial", "abstained"):
        yield f"its verdict is {answer.verdict!r}"
    if not answer.text.strip() or not answer.reason.strip():
        yield "it says nothing"
    if found := _HARMFUL.search(answer.text):
        yield f"it has {found[0]!r} in it"
    if marks(answer) != {citation.n for citation in answer.citations}:
        yield f"its marks {sorted(marks(answer))} are not its citations"
    if not answer.text.startswith(streamed):
        yield f"{streamed!r} was streamed"
    for one in answer.citations:
        if one.verified and document(one.source)[one.start : one.end] != one.quote:
            yield f"{one.quote!r} is not in {one.source} at {one.start}"


def marks(answer: Answer) -> set[int]:
    """The numbers in brackets, but those within quotations."""
    text = answer.text
    for citation in answer.citations:
        text = text.replace(f"“{' '.join(citation.quote.split())}”", "")
    return {int(number) for number in re.findall(r"\[(\d+)\]", text)}


def excesses(case: Case, requests: Sequence[Request], seconds: float) -> Iterator[str]:
    """Which limits were not kept, by the server's count."""
    used = sum(count_tokens("\n".join(texts(r.body))) + count_tokens(r.content or "") for r in requests)
    if len(requests) > case.max_calls:
        yield f"{len(requests)} requests of {case.max_calls}"
    if used > case.max_tokens:
        yield f"{used} tokens of {case.max_tokens}"
    ended = max((r.finished or r.started for r in requests), default=0.0)
    waited = ended - min((r.started for r in requests), default=0.0)
    if waited > case.max_seconds + _LATE or seconds > case.max_seconds + _SLOW:
        yield f"{waited:.2f} seconds of {case.max_seconds}, {seconds:.2f} in all"


def is_clear(error: BaseException) -> bool:
    """Whether an error is one of ours, and one line to the user."""
    said = str(error)
    plain = said == said.strip() and said.isprintable() and 10 < len(said) < 500 and "Traceback" not in said
    return isinstance(error, XagentError) and plain


# --- running ---


class Bench:
    """A server of its own, and an agent for each graph that asks it."""

    def __init__(self, store: Path, stack: ExitStack) -> None:
        self._default = default_rule()
        self._empty = 0
        rules = dict.fromkeys(("Draft", "ReasonedDraft"), self._draft)
        self.server = stack.enter_context(ModelServer(rules))
        url, name = self.server.url, self.server.model
        made = (Agent(store, graph, model_url=url, model=name) for graph in STEPS)
        self.agents = {agent.graph: stack.enter_context(agent) for agent in made}

    def _draft(self, request: Request) -> Reply:
        if not self._empty:
            return self._default(request)
        self._empty -= 1
        return {"claims": []}

    async def warm_up(self) -> None:
        """Have the store read: no question's time is for that."""
        for agent in self.agents.values():
            await self._easy(agent, "")

    async def run(self, name: str, case: Case) -> Counter[str]:
        """What came of a case; the problems there were are printed."""
        agent, counts = self.agents[case.graph], Counter(["runs"])
        if conversation := name if case.step == "Standalone" else "":
            await self._easy(agent, conversation)
        problems = await self._hard(agent, conversation, case, counts)
        if why := await self._easy(agent, conversation):
            problems.append(("lost", why))
        for problem, detail in problems:
            counts[problem] += 1
            print(f"{problem}: {case}: {detail}", flush=True)
        return counts

    async def _easy(self, agent: Agent, conversation: str) -> str:
        """A question with nothing wrong; why it was not answered, or ''."""
        self.server.faults, self._empty = (), 0
        allow = agent.context
        allow.max_calls, allow.max_tokens, allow.max_seconds = 8, 200_000, _STUCK
        asked = agent.aask("Wie lang ist der Bodensee?", conversation=conversation)
        [came] = await asyncio.gather(asked, return_exceptions=True)
        if isinstance(came, BaseException):
            return repr(came)
        return "" if came.verdict == "answered" else f"{came.verdict}: {came.reason}"

    async def _hard(self, agent: Agent, conversation: str, case: Case, counts: Counter[str]) -> Problems:
        """The question of the case; the problems with what came of it."""
        self.server.requests.clear()
        self.server.faults, self._empty = case.faults(), int(case.step == "Rewording")
        context = agent.context
        context.pivot, context.max_calls = case.pivot, case.max_calls
        context.max_tokens, context.max_seconds = case.max_tokens, case.max_seconds
        began = time.perf_counter()
        asked = asyncio.wait_for(_answered(agent, case, conversation), _STUCK)
        [came] = await asyncio.gather(asked, return_exceptions=True)
        spent = time.perf_counter() - began
        if isinstance(came, BaseException):
            counts["errors"] += 1
            problems = [] if is_clear(came) else [("unhandled", repr(came))]
        else:
            counts[came[0].verdict] += 1
            problems = [("malformed", flaw) for flaw in flaws(*came)]
        await asyncio.to_thread(self.server.wait_until_idle)
        requests = list(self.server.requests)
        if any(case.fault.kind in request.faults for request in requests if request.schema == case.step):
            counts.update(["struck", f"met: {case.graph} {case.step} {case.fault.kind}"])
        return problems[:1] + [("budget_exceeded", one) for one in excesses(case, requests, spent)][:1]


async def _answered(agent: Agent, case: Case, conversation: str) -> tuple[Answer, str]:
    stream = agent.astream(case.question, language=case.reader, conversation=conversation)
    events = [event async for event in stream]
    streamed = "".join(event.text for event in events if isinstance(event, Statement) and event.verified)
    return next(event for event in events if isinstance(event, Answer)), streamed


async def share(store: Path, numbered: Sequence[tuple[int, Case]]) -> Counter[str]:
    """Some of the cases, several at once."""
    counts: Counter[str] = Counter()
    left = iter(numbered)

    async def work() -> None:
        with ExitStack() as stack:
            bench = await asyncio.to_thread(Bench, store, stack)
            await bench.warm_up()
            for n, case in left:
                counts.update(await bench.run(f"c{n}", case))

    await asyncio.gather(*(work() for _ in range(WORKERS)))
    return counts


def run(store: Path, numbered: Sequence[tuple[int, Case]]) -> Counter[str]:
    """`share`, for a process and a store of its own."""
    with tempfile.TemporaryDirectory() as folder:
        own = shutil.copytree(store, Path(folder) / "store")
        return asyncio.run(share(own, numbered))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1344)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    numbered = list(enumerate(cases(options.runs, options.seed)))
    shares = [numbered[n :: options.jobs] for n in range(options.jobs)]
    spawn = multiprocessing.get_context("spawn")  # threads would not go on in a copy of this process
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(options.jobs, spawn) as pool:
        store = Path(folder) / "store"
        with Agent(store, "quote") as agent:
            agent.ingest([SAMPLE / "texts"], root=SAMPLE / "texts")
        counts = sum(pool.map(partial(run, store), shares), Counter[str]())
    counts["met"] = sum(key.startswith("met: ") for key in counts)
    print(json.dumps({key: counts[key] for key in REPORTED}))


if __name__ == "__main__":
    main()
