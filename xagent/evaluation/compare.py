"""Which graph, with which model, serves a suite best, and at what cost? Each is run, and put in one table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from xagent.errors import ModelError
from xagent.evaluation.figures import cost, figures
from xagent.evaluation.report.tables import Cell, Table
from xagent.evaluation.runner import WITHOUT_MODEL, Outcome, Plan, Watch, run, suite_of
from xagent.evaluation.runs import sha256
from xagent.evaluation.samples import Scorer, no_figures
from xagent.evaluation.scorers.correctness import correct, correct_in_language
from xagent.evaluation.scorers.grounding import grounded
from xagent.evaluation.scorers.language import right_language
from xagent.evaluation.statistics import Estimate
from xagent.registry import load_graph
from xagent.terminal import one_line

SCORERS: Mapping[str, Scorer] = {
    "correct": correct,
    "right_language": right_language,
    "correct_in_language": correct_in_language,
    "grounded": grounded,
}
"""What graphs are compared by, whatever the suite's own figures are."""


@dataclass(frozen=True)
class Row:
    """A graph with a model, and what came of it."""

    graph: str
    model: str
    answered: int
    failed: int
    estimates: Mapping[str, Estimate]
    """By the names of `SCORERS`, of those that had something to judge."""
    calls: float
    """To the model, an answer."""
    seconds: float
    """An answer took, on average, while others were asked too."""
    error: str = ""
    """Why nothing was answered, where nothing was."""

    def as_dict(self) -> dict[str, object]:
        """Everything as plain values."""
        estimates = {name: asdict(one) for name, one in self.estimates.items()}
        return {**vars(self), "estimates": estimates}


def compare(plan: Plan, graphs: Sequence[str], models: Sequence[str], watch: Watch) -> list[Row]:
    """Run the plan with each graph and model, over one store; a graph that asks no model is run once.

    Raises InputError and UnknownName for what cannot be run. Where a graph answers nothing, its row says why.
    """
    for graph in graphs:
        load_graph(graph)  # a name that is none is known before hours are spent on the others
    shared = replace(plan, store=store_of(plan))
    return [
        _row(replace(shared, graph=graph, model=model or plan.model), watch)
        for graph in graphs
        for model in (models if models and graph not in WITHOUT_MODEL else [""])
    ]


def _row(plan: Plan, watch: Watch) -> Row:
    try:
        return row_of(run(suite_of(plan), plan, watch))
    except ModelError as error:
        return Row(plan.graph or "", plan.model or "", 0, 0, {}, 0.0, 0.0, one_line(str(error)))


def store_of(plan: Plan) -> Path:
    """A store for the suite's documents in one setting, which all graphs share."""
    suite = suite_of(plan)
    setting = plan.setting or suite.settings[0]
    held = sha256(f"{setting}\0{plan.data_sha256}")
    return plan.runs / "documents" / f"{suite.name}-{held[:8]}" / "store"


def row_of(outcome: Outcome) -> Row:
    """What a run comes to."""
    judged = figures(outcome.records, replace(outcome.suite, scorers=SCORERS, figures=no_figures))
    spent = cost(outcome.records) if judged.answered else None
    manifest = outcome.run.manifest
    return Row(
        graph=manifest.graph,
        model=manifest.model,
        answered=judged.answered,
        failed=sum(judged.failed.values()),
        estimates=judged.overall,
        calls=round(spent.calls, 2) if spent else 0.0,
        seconds=round(spent.seconds, 2) if spent else 0.0,
        error="" if spent else outcome.records[0].error,
    )


def table_of(suite: str, rows: Sequence[Row]) -> Table:
    """The rows as a table, with intervals of 95 %."""
    columns = ("graph and model", "answered", *SCORERS, "calls", "seconds")
    return Table(f"{suite}, by graph", columns, tuple(tuple(_cells(row)) for row in rows))


def _cells(row: Row) -> Iterator[Cell]:
    yield f"{row.graph}, {row.model}" if row.model else row.graph
    yield f"{row.answered}/{row.answered + row.failed}"
    yield from map(row.estimates.get, SCORERS)
    yield from (f"{row.calls:.1f}", f"{row.seconds:.2f}")
