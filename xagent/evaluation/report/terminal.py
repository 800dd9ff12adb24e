"""How do runs compare, at a glance in a terminal or through a pipe? Tables with their intervals."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xagent.evaluation.report.summary import Report, comparisons
from xagent.evaluation.report.tables import Table, shown
from xagent.terminal import console, one_line

if TYPE_CHECKING:
    from rich.table import Table as Drawn

_WIDEST = 10_000
"""Characters: more than a table has."""


def show(reports: Sequence[Report], figure: str = "") -> None:
    """Each run's figures by language and by setting, then what `comparisons` says; raises what that does."""
    for report in reports:
        _show_run(report)
    for table in comparisons(reports, figure):
        _show_table(table)


def _show_run(report: Report) -> None:
    screen = console()
    screen.print(one_line(report.name), style="bold", soft_wrap=True)
    for name, value in report.facts.items():
        screen.print(f"{name}: {one_line(value)}", style="dim", soft_wrap=True)
    for table in report.tables():
        _show_table(table)


def _show_table(table: Table) -> None:
    """Folded into a terminal's width; in a pipe a line a row, however wide."""
    screen = console()
    if not screen.is_terminal:
        screen.width = _WIDEST
    screen.print()
    screen.print(one_line(table.title), style="bold", soft_wrap=True)
    screen.print(_drawn(table))


def _drawn(table: Table) -> "Drawn":
    from rich.table import Table as Drawn

    drawn = Drawn(*(shown(column) for column in table.columns), box=None, pad_edge=False)
    for n, column in enumerate(drawn.columns):
        column.justify = "left" if n == 0 else "right"
        column.overflow = "fold"
    for row in table.rows:
        drawn.add_row(*(shown(cell) for cell in row))
    return drawn
