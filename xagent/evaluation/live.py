"""How far has a run come, and how well does it go? Shown while it lasts, on standard error."""

import sys
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING

from xagent.evaluation.figures import mean_figure
from xagent.evaluation.records import Record
from xagent.evaluation.samples import Suite
from xagent.terminal import console, one_line

if TYPE_CHECKING:
    from rich.table import Table

EVERY = 5.0
"""Seconds between two lines where there is no terminal."""

_REDRAWN = 4.0  # times a second


@dataclass
class Running:
    """What there is to tell of a run so far; scores are of this process's answers."""

    suite: Suite
    total: int
    before: int
    """Answers that an earlier process got."""
    began: float = field(default_factory=time.monotonic)
    asked: int = 0
    failed: int = 0
    last_error: str = ""
    _scores: "dict[str, array[float]]" = field(default_factory=dict)

    def note(self, record: Record) -> None:
        """Take a record into account."""
        self.asked += 1
        if record.answer is None:
            self.failed += 1
            self.last_error = record.error
        elif self.figure and (score := self.suite.scorers[self.figure](record)) is not None:
            self._scores.setdefault(record.sample.row, array("d")).append(score)

    @property
    def figure(self) -> str:
        """What the scores are of; empty where the suite has no figure that is a mean over samples."""
        return mean_figure(self.suite)

    @property
    def done(self) -> int:
        """Of the total, with what was done before."""
        return self.before + self.asked

    @property
    def rate(self) -> float:
        """Samples a second."""
        return self.asked / max(1e-9, time.monotonic() - self.began)

    def by_language(self) -> dict[str, float]:
        """The mean score of each language so far."""
        return {code: fmean(scores) for code, scores in sorted(self._scores.items())}

    def line(self) -> str:
        """All of it in one line."""
        scores = self.by_language()
        parts = [f"{self.done}/{self.total} samples, {self.rate:.1f}/s"]
        if self.failed:
            parts.append(f"{self.failed} failed ({self.last_error[:120]})")
        if scores:
            mean = sum(scores.values()) / len(scores)
            each = " ".join(f"{code} {score:.2f}" for code, score in scores.items())
            parts.append(f"{self.figure} {mean:.2f} ({each})")
        return one_line(", ".join(parts))

    def table(self) -> "Table":
        """The same for a terminal: a score a language below what was done."""
        from rich.table import Table

        shown = Table("language", self.figure or "asked", box=None, pad_edge=False, title_justify="left")
        shown.title = one_line(self.line().partition(f", {self.figure} ")[0] if self.figure else self.line())
        for code, score in self.by_language().items():
            shown.add_row(one_line(code), f"{score:.3f}")
        return shown


@contextmanager
def watched(suite: Suite, total: int, done: int) -> Iterator[Callable[[Record], None]]:
    """Show a run while it lasts: a table in a terminal, else a line now and then and one at the end."""
    running = Running(suite, total, done)
    yield from _drawn(running) if sys.stderr.isatty() else _printed(running)


def _drawn(running: Running) -> Iterator[Callable[[Record], None]]:
    from rich.live import Live

    with Live(
        console=console(stderr=True),
        refresh_per_second=_REDRAWN,
        get_renderable=running.table,
        transient=True,
    ):
        yield running.note


def _printed(running: Running) -> Iterator[Callable[[Record], None]]:
    screen = console(stderr=True)
    printed = time.monotonic()

    def note(record: Record) -> None:
        nonlocal printed
        running.note(record)
        if time.monotonic() - printed >= EVERY:
            printed = time.monotonic()
            screen.print(f"xagent: {running.line()}", soft_wrap=True)

    yield note
    screen.print(f"xagent: {running.line()}", soft_wrap=True)
