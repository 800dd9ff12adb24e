"""What is there to report of a run? What was run, its figures as tables, and each sample as it was judged."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from xagent.evaluation.figures import Comparison, Figures, Scored, compare, cost, figures, mean_figure, scored
from xagent.evaluation.figures import Table as Estimates
from xagent.evaluation.records import Record
from xagent.evaluation.report.losses import LOSSES, Loss, called, counted, lost
from xagent.evaluation.report.tables import Cell, Note, Part, Table
from xagent.evaluation.runs import Manifest, Run
from xagent.evaluation.samples import Suite
from xagent.evaluation.statistics import Difference

_HASH = 12


@dataclass(frozen=True)
class Judged:
    """A record, what each of the suite's scorers gave it, and where its answer was lost."""

    record: Record
    scores: Mapping[str, float]
    """Without those that had nothing to judge."""
    loss: Loss | None
    """None where nothing can be said."""


@dataclass(frozen=True)
class Report:
    """A run with all that is reported of it."""

    name: str
    manifest: Manifest
    suite: Suite
    records: Sequence[Record]
    figures: Figures
    selected: int = 0
    """How many answers the run is to have, with those that it has; 0 where that is not known."""

    @classmethod
    def of(cls, run: Run, suite: Suite, name: str = "") -> Self:
        """What there is to report of a run of `suite`, by its folder's name unless another is given.

        Raises InputError where the run has a damaged line.
        """
        records = run.records()
        selected = len(run.selected() or ())
        name = name or run.path.resolve().name
        return cls(name, run.manifest, suite, records, figures(records, suite), selected)

    def scored(self) -> list[Scored]:
        """Each sample that was answered, with its scores."""
        return scored(self.records, self.suite)

    def judged(self) -> Iterator[Judged]:
        """Each record, failures too, in the order in which they came."""
        for record, (scores, loss) in zip(self.records, self._verdicts, strict=True):
            yield Judged(record, scores, loss)

    @cached_property
    def _verdicts(self) -> Sequence[tuple[Mapping[str, float], Loss | None]]:
        """What `judged` says of each record, without the records: a run may be larger than the memory."""
        return [self._verdict(record) for record in self.records]

    @property
    def facts(self) -> dict[str, str]:
        """What was run and what it took, in words; without what is empty."""
        manifest = self.manifest
        found = {
            "suite": manifest.suite,
            "setting": manifest.setting,
            "graph": manifest.graph,
            "model": manifest.model,
            "guided decoding": "yes" if manifest.guided else "",
            "answered": f"{self.figures.answered:,}",
            "failed": f"{sum(self.figures.failed.values()):,}",
            **self._cost(),
            "seed": str(manifest.seed),
            "xagent": manifest.version,
            "data": manifest.data_sha256[:_HASH],
            "fingerprint": manifest.fingerprint[:_HASH],
        }
        return {name: value for name, value in found.items() if value}

    @property
    def accuracy(self) -> str:
        """The figure that says how often it is right; empty where no sample was scored."""
        names = ("correct", *self.suite.headline, *self.suite.scorers)
        return next((name for name in names if name in self.figures.overall), "")

    def parts(self) -> list[Part]:
        """What is to be known of the run first, and its tables."""
        return [*(Note(self.name, text) for text in self._notes()), *self.tables()]

    def _notes(self) -> Iterator[str]:
        asked = len(self.records)
        if asked < self.selected:
            yield f"{asked:,} of {self.selected:,} asked so far: go on with the same command"
        elif not asked:
            yield "nothing asked so far: go on with the same command"
        if asked and not self.figures.answered:
            yield f"no answer: all {asked:,} that were asked failed"

    def tables(self) -> list[Table]:
        """By language and by setting; the suite's own figures; where answers were lost."""
        found = self.figures
        tables = [
            self._estimates("language", found.by_language, whole=True),
            self._estimates("setting", found.by_setting),
            self._own(),
            self._lost(),
        ]
        return [table for table in tables if table.rows]

    def _verdict(self, record: Record) -> tuple[Mapping[str, float], Loss | None]:
        if record.answer is None:
            return {}, None
        scores = {name: scorer(record) for name, scorer in self.suite.scorers.items()}
        return {name: score for name, score in scores.items() if score is not None}, lost(record)

    def _cost(self) -> dict[str, str]:
        if not self.figures.answered:
            return {}
        spent = cost(self.records)
        return {
            "calls an answer": f"{spent.calls:.2f}",
            "tokens an answer": f"{spent.prompt_tokens:,.0f} in, {spent.completion_tokens:,.0f} out",
            "seconds an answer": f"{spent.seconds_p50:.2f} (median), {spent.seconds_p95:.2f} (95 %)",
        }

    def _estimates(self, by: str, found: Estimates, *, whole: bool = False) -> Table:
        names = self._ordered()
        listed = {**({"all": self.figures.overall} if whole and found else {}), **found}
        rows = [
            (name, max((one.n for one in row.values()), default=0), *(row.get(figure) for figure in names))
            for name, row in listed.items()
        ]
        return Table(f"by {by}", (by, "samples", *names), tuple(rows), self.name)

    def _ordered(self) -> list[str]:
        first = [name for name in self.suite.headline if name in self.figures.overall]
        return [*first, *(name for name in self.figures.overall if name not in first)]

    def _own(self) -> Table:
        rows = tuple(sorted(self.figures.of_suite.items()))
        return Table(f"{self.suite.name}'s own figures", ("figure", "value"), rows, self.name)

    def _lost(self) -> Table:
        rows: list[tuple[Cell, ...]] = [
            (code, *(row[loss] for loss in LOSSES)) for code, row in self.losses().items()
        ]
        columns = ("language", *(called(loss) for loss in LOSSES))
        return Table("where answers were lost", columns, tuple(rows), self.name)

    def losses(self) -> Mapping[str, Counter[Loss]]:
        """How many answers were lost where, by `Sample.row`; without those not to be judged."""
        return counted((one.record.sample.row, one.loss) for one in self.judged())


def comparisons(reports: Sequence[Report], figure: str = "") -> list[Part]:
    """How far each run is above the first, in its suite's `mean_figure`, or why that cannot be said.

    Raises UnknownName where `figure` is none of the first run's suite that runs can be compared in.
    """
    first, *others = reports
    figure = mean_figure(first.suite, figure)
    return [_compared(report, first, figure) for report in others]


def _compared(report: Report, baseline: Report, figure: str) -> Part:
    """How far a run is above a baseline, overall and by language, as `comparisons` says."""
    if report.suite.name != baseline.suite.name:
        return _apart(report, baseline, f"its suite is {report.suite.name}, not {baseline.suite.name}")
    if not figure:
        return _apart(report, baseline, f"{report.suite.name} has no figure that is a mean over samples")
    found = compare(report.scored(), baseline.scored(), figure)
    if found is None:
        return _apart(report, baseline, f"no sample in common that {figure} judges")
    columns = ("language", "samples", "difference", "p", "p (Holm)")
    title = f"above {baseline.name} in {figure}"
    return Table(title, columns, tuple(_differences(found)), report.name)


def _apart(report: Report, baseline: Report, why: str) -> Note:
    return Note(report.name, f"not compared with {baseline.name}: {why}")


def _differences(found: Comparison) -> list[tuple[Cell, ...]]:
    return [
        _difference("all", found.overall, None),
        *(_difference(name, one, one.p_holm) for name, one in found.by_language.items()),
    ]


def _difference(name: str, one: Difference, p_holm: float | None) -> tuple[Cell, ...]:
    return (name, one.estimate.n, one.estimate, one.p, p_holm)
