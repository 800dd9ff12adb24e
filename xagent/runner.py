"""Run a suite: ingest its documents into a store of its own, ask every question, score the answers."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from xagent.agent import Agent
from xagent.answer import Answer
from xagent.errors import InputError
from xagent.registry import load
from xagent.report import Scores, summarise


class Sample(BaseModel):
    """One question of a suite. Without a `source` it is one that the documents do not answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    question: str
    language: str
    answers: tuple[str, ...]
    source: str | None
    evidence_language: str | None


@dataclass(frozen=True)
class Suite:
    """A benchmark: what to ingest and what to ask."""

    name: str
    documents: Path
    questions: Path
    """A JSONL file of samples."""

    def samples(self) -> Iterator[Sample]:
        """The samples in order. Raises InputError naming the file, and the line of a bad one."""
        try:
            text = self.questions.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{self.questions} cannot be read: {error}") from error
        # Not splitlines(): it takes U+2028, which may stand in a JSON string, for the end of a line.
        for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
            try:
                yield Sample.model_validate_json(line)
            except ValidationError as error:
                problem = error.errors()[0]
                where = [f"{self.questions}, line {number}", *map(str, problem["loc"])]
                raise InputError(f"{', '.join(where)}: {problem['msg']}") from error


@dataclass(frozen=True)
class Row:
    """A sample and what became of it."""

    sample: Sample
    answer: Answer


def run_suite(name: str, *, graph: str | None = None, limit: int = 0) -> Scores:
    """Run the suite `name` in a store of its own. Raises UnknownName, InputError, and as `Agent.ask` does."""
    suite: Suite = load("evals", name).suite
    samples = list(suite.samples())[: limit or None]
    with tempfile.TemporaryDirectory() as folder, Agent(Path(folder) / "store", graph) as agent:
        agent.ingest([suite.documents], root=suite.documents)
        return summarise(suite.name, agent.graph, ask_all(agent, samples))


def ask_all(agent: Agent, samples: Sequence[Sample]) -> list[Row]:
    """Each sample's answer."""
    return [Row(sample, agent.ask(sample.question)) for sample in samples]
