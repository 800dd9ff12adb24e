"""How is a suite run? Its documents are ingested, its samples asked many at once, every answer kept."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from xagent.agent import Agent
from xagent.errors import InputError, ModelError, UnknownLanguage
from xagent.evaluation.asking import Task
from xagent.evaluation.at_once import at_once
from xagent.evaluation.figures import Figures, figures
from xagent.evaluation.indexing import index
from xagent.evaluation.journal import Journal
from xagent.evaluation.manifests import digest, manifest_of
from xagent.evaluation.records import Record
from xagent.evaluation.runs import Manifest, Run
from xagent.evaluation.samples import Sample, Suite
from xagent.evaluation.scores import write_scores
from xagent.evaluation.workers import Ask, processes_for, workers
from xagent.languages import language as known_language
from xagent.registry import load

Watch = Callable[[Suite, int, int], AbstractContextManager[Callable[[Record], None]]]
"""Told the suite, how many answers there will be and how many there are, it notes records as they come."""


@dataclass(frozen=True)
class Plan:
    """What to run, and how."""

    suite: str
    setting: str = ""
    """One of the suite's; empty for its first."""
    data: Path | None = None
    """Where the suite's data is, unless it comes with xagent."""
    graph: str | None = None
    """None for `qa` where there is a model, else `quote`."""
    model_url: str | None = None
    model: str | None = None
    answering: Mapping[str, str | int | float] = field(default_factory=dict)
    """Choices of the agent's: `k`, `pivot`, `bridge`, `rerank`, `max_calls`, `max_tokens`, `max_seconds`."""
    languages: tuple[str, ...] = ()
    """Those of questions, or rows of the suite's tables, to ask; empty for all."""
    limit: int = 0
    """Samples of each language and setting, the first; 0 for all."""
    repeat: int = 1
    """How often each sample is asked: in the same words, with the same seed, at temperature 0."""
    seed: int = 7
    """Sent to the model."""
    concurrency: int = 16
    """Requests to the model at once; of a graph that asks none, samples."""
    processes: int = 1
    """That ask samples; 0 for as many as the machine and the number of samples call for.

    As with `multiprocessing`, a script that wants several starts its work under `if __name__ == "__main__"`.
    """
    out: Path | None = None
    """The run's folder; None for one in `runs`, named after suite, graph and what else answers depend on."""
    runs: Path = Path("xagent-runs")
    store: Path | None = None
    """Where the documents are ingested; None for the run's folder."""

    @property
    def data_sha256(self) -> str:
        """What the data is, without runs that are kept among it; empty for what comes with xagent."""
        return digest(self.data, besides=self.out or self.runs) if self.data else ""


WITHOUT_MODEL = {"quote"}
"""Graphs that ask no model."""


@dataclass(frozen=True)
class Outcome:
    """A run that is done."""

    run: Run
    suite: Suite
    records: Sequence[Record]
    """In the suite's order."""
    figures: Figures


def suite_of(plan: Plan) -> Suite:
    """The suite of a plan. Raises UnknownName, and InputError where it has no such setting or no data."""
    suite: Suite = load("evals", plan.suite).suite
    if plan.setting and plan.setting not in suite.settings:
        known = ", ".join(filter(None, suite.settings)) or "none"
        raise InputError(f"the suite {suite.name} has no setting {plan.setting!r}; it has: {known}")
    if plan.data is None and suite.data is None:
        raise InputError(f"the suite {suite.name} needs its data: name it with --data PATH")
    return suite


class Selection:
    """The samples of a plan, read anew each time they are gone through."""

    def __init__(self, plan: Plan, suite: Suite) -> None:
        self.suite = suite
        self.setting = plan.setting or suite.settings[0]
        self.data: Path = plan.data or suite.data or Path()
        self._plan = plan
        self._languages = {given: {given, code_of(given)} for given in plan.languages}

    def samples(self) -> Iterator[Sample]:
        """The first of each row of the tables and setting, in the suite's order.

        Raises InputError for a bad row of the data.
        """
        wanted = set().union(*self._languages.values())
        asked: Counter[tuple[str, str]] = Counter()
        for sample in self.suite.load(self.data, self.setting):
            if wanted and wanted.isdisjoint((sample.language, sample.row)):
                continue
            asked[sample.setting, sample.row] += 1
            if not self._plan.limit or asked[sample.setting, sample.row] <= self._plan.limit:
                yield sample

    def tasks(self, manifest: Manifest) -> Iterator[Task]:
        """The same, as often as each is asked, with the key of its record."""
        for sample in self.samples():
            for repeat in range(self._plan.repeat):
                yield Task(sample, manifest.key(sample, repeat), repeat)

    def keys(self, manifest: Manifest) -> list[str]:
        """Every task's key, in order.

        Raises InputError where nothing is selected, or nothing in one of the languages, or two tasks are one.
        """
        keys, found = list[str](), set[str]()
        for task in self.tasks(manifest):
            keys.append(task.key)
            found.update((task.sample.language, task.sample.row))
        missing = [given for given, codes in self._languages.items() if found.isdisjoint(codes)]
        if missing or not keys:
            asked = f" in {', '.join(missing)}" if missing else ""
            raise InputError(f"{self.data} has no sample for {self.suite.name}{asked}")
        if len(set(keys)) < len(keys):
            raise InputError(f"{self.data} has a sample twice: give each an id of its own")
        return keys


def code_of(language: str) -> str:
    """xagent's code of a language by any of its names; the name itself where it is none that xagent knows."""
    try:
        return known_language(language).code
    except UnknownLanguage:
        return language


def run_suite(plan: Plan, watch: Watch) -> Outcome:
    """Run the suite that a plan names. Raises UnknownName, ModelError for no answer at all, and as `run`."""
    outcome = run(suite_of(plan), plan, watch)
    if not outcome.figures.answered:
        raise ModelError(f"no sample was answered: {outcome.records[0].error}")
    return outcome


def run(suite: Suite, plan: Plan, watch: Watch) -> Outcome:
    """Run a suite, or go on with it: what has an answer is not asked again, what failed is.

    A sample that fails is kept with its error. Raises InputError and UnknownName for what cannot be run,
    NoModel where the graph needs one, and EndpointError where its server does not answer. Whatever ends the
    run, what was answered before is kept.
    """
    selection = Selection(plan, suite)
    with _agent(plan) as agent:
        manifest = manifest_of(agent, suite.name, selection.setting, plan.data, plan.data_sha256)
        keys = selection.keys(manifest)
        begun = _begun(plan, manifest, agent)
        with begun.locked():
            begun.select(keys)
            index(agent, suite.corpus(selection.data, selection.setting))
            done = {key for key, place in begun.places().items() if not place.failed}.intersection(keys)
            with watch(suite, len(keys), len(done)) as note:
                todo = (task for task in selection.tasks(manifest) if task.key not in done)
                count = processes_for(plan.processes, len(keys) - len(done), plan.concurrency)
                asking = workers(agent, count, plan.concurrency)
                # While the model has all that it takes, the next are prepared, and the last looked at.
                spare = plan.concurrency // 2 if agent.context.has_model else 0
                asyncio.run(_ask_all(asking, begun, todo, plan.concurrency + spare, note))
            return _scored(begun, suite, keys)


def _agent(plan: Plan) -> Agent:
    """The agent that is asked; it knows of no model where its graph asks none."""
    agent = Agent("", plan.graph, model_url=plan.model_url, model=plan.model, **plan.answering)  # type: ignore[arg-type]
    agent.context.seed = plan.seed
    if agent.graph in WITHOUT_MODEL:
        agent.context.model_url = agent.context.model_name = ""
    return agent


def _begun(plan: Plan, manifest: Manifest, agent: Agent) -> Run:
    """The run, in whose folder the agent has its store from now on."""
    name = f"{manifest.suite}-{manifest.graph}-{manifest.fingerprint[:8]}"
    run = Run.begin(plan.out or plan.runs / name, manifest)
    agent.context.store = str(plan.store or run.path / "store")
    return run


def _scored(run: Run, suite: Suite, keys: Sequence[str]) -> Outcome:
    records = run.records(keys)
    outcome = Outcome(run, suite, records, figures(records, suite))
    write_scores(run, suite, outcome.figures)
    return outcome


async def _ask_all(
    asking: AbstractAsyncContextManager[Ask],
    run: Run,
    tasks: Iterator[Task],
    most: int,
    note: Callable[[Record], None],
) -> None:
    with Journal(run.samples) as journal:
        async with asking as ask:

            async def asked(task: Task) -> None:
                record = await ask(task)
                journal.add(record)
                note(record)

            await at_once(tasks, most, asked)


def unwatched(suite: Suite, total: int, done: int) -> AbstractContextManager[Callable[[Record], None]]:
    """For a run that nobody watches."""
    del suite, total, done
    return nullcontext(lambda _: None)
