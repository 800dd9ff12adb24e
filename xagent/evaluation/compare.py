"""Which graph, with which model, serves a suite best, and at what cost? Each is run, and put in one table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from xagent.evaluation.figures import cost, figures
from xagent.evaluation.manifests import digest
from xagent.evaluation.runner import Outcome, Plan, Watch, run_suite, suite_of
from xagent.evaluation.runs import sha256
from xagent.evaluation.samples import Scorer, no_figures
from xagent.evaluation.scorers.correctness import correct, correct_in_language
from xagent.evaluation.scorers.grounding import grounded
from xagent.evaluation.scorers.language import right_language
from xagent.evaluation.statistics import Estimate
from xagent.terminal import console, one_line

SCORERS: Mapping[str, Scorer] = {
    "correct": correct,
    "right_language": right_language,
    "correct_in_language": correct_in_language,
    "grounded": grounded,
}
"""What graphs are compared by, whatever the suite's own figures are."""


_WIDEST = 1000  # columns, in a pipe: a row is a line


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

    def as_dict(self) -> dict[str, object]:
        """Everything as plain values."""
        estimates = {name: asdict(one) for name, one in self.estimates.items()}
        return {**vars(self), "estimates": estimates}


def compare(plan: Plan, graphs: Sequence[str], models: Sequence[str], watch: Watch) -> list[Row]:
    """Run the plan with each graph and model, over one store. Raises as `run_suite` does."""
    shared = replace(plan, store=store_of(plan))
    return [
        row_of(run_suite(replace(shared, graph=graph, model=model or plan.model), watch))
        for graph in graphs
        for model in models or [""]
    ]


def store_of(plan: Plan) -> Path:
    """A store for the suite's documents in one setting, which all graphs share."""
    suite = suite_of(plan)
    setting = plan.setting or suite.settings[0]
    held = sha256(f"{setting}\0{digest(plan.data) if plan.data else ''}")
    return plan.runs / "documents" / f"{suite.name}-{held[:8]}" / "store"


def row_of(outcome: Outcome) -> Row:
    """What a run comes to."""
    judged = figures(outcome.records, replace(outcome.suite, scorers=SCORERS, figures=no_figures))
    spent = cost(outcome.records)
    manifest = outcome.run.manifest
    return Row(
        graph=manifest.graph,
        model=manifest.model,
        answered=judged.answered,
        failed=sum(judged.failed.values()),
        estimates=judged.overall,
        calls=round(spent.calls, 2),
        seconds=round(spent.seconds, 2),
    )


def show_rows(rows: Sequence[Row]) -> None:
    """The table, with intervals of 95 %."""
    from rich.table import Table

    table = Table("graph", "model", "answered", *SCORERS, "calls", "seconds", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*_cells(row))
    screen = console()
    if not screen.is_terminal:
        screen.width = _WIDEST
    screen.print(table)


def _cells(row: Row) -> Iterator[str]:
    yield from (row.graph, one_line(row.model), f"{row.answered}/{row.answered + row.failed}")
    for name in SCORERS:
        found = row.estimates.get(name)
        yield f"{found.mean:.3f} ({found.low:.3f}–{found.high:.3f})" if found else "–"
    yield from (f"{row.calls:.1f}", f"{row.seconds:.2f}")
