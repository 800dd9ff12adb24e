"""How do runs compare, at a glance in a terminal or through a pipe? Tables with their intervals."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xagent.evaluation.report.summary import Report, comparisons
from xagent.evaluation.report.tables import Part, Table, shown_row
from xagent.terminal import console, one_line

if TYPE_CHECKING:
    from rich.table import Table as Drawn

_WIDEST = 10_000
"""Characters: more than a table has."""

_GAP = 2
"""Characters between two columns."""


def show(reports: Sequence[Report], figure: str = "") -> None:
    """Each run's figures by language and by setting, then what `comparisons` says; raises what that does."""
    compared = comparisons(reports, figure)
    for number, report in enumerate(reports):
        if number:
            console().print()
        _show_run(report)
    for part in compared:
        _show(part)


def show_table(table: Table) -> None:
    """In a terminal, columns that do not fit stand below, after the first again; in a pipe a line a row."""
    screen = console()
    if not screen.is_terminal:
        screen.width = _WIDEST
    screen.print()
    screen.print(one_line(table.heading), style="bold", soft_wrap=True)
    for number, columns in enumerate(_fitting(table, screen.width)):
        if number:
            screen.print()
        screen.print(_drawn(table, columns))


def _show_run(report: Report) -> None:
    screen = console()
    screen.print(one_line(report.name), style="bold", soft_wrap=True)
    for name, value in report.facts.items():
        screen.print(f"{name}: {one_line(value)}", style="dim", soft_wrap=True)
    for part in report.parts():
        _show(part)


def _show(part: Part) -> None:
    if isinstance(part, Table):
        show_table(part)
        return
    screen = console()
    screen.print()
    screen.print(one_line(part.line), soft_wrap=True)


def _fitting(table: Table, width: int) -> Iterator[list[int]]:
    """The numbers of columns, the first and as many more as there is room for, until none is left."""
    from rich.cells import cell_len

    lines = map(shown_row, (table.columns, *table.rows))
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    columns = [0]
    for n in range(1, len(widths)):
        if len(columns) > 1 and sum(widths[one] + _GAP for one in columns) + widths[n] > width:
            yield columns
            columns = [0]
        columns.append(n)
    yield columns


def _drawn(table: Table, columns: Sequence[int]) -> "Drawn":
    from rich.table import Table as Drawn

    heads, *rows = map(shown_row, (table.columns, *table.rows))
    drawn = Drawn(*(heads[n] for n in columns), box=None, pad_edge=False)
    for n, column in zip(columns, drawn.columns, strict=True):
        # What follows some of the intervals would move their digits, were they ranged right.
        column.justify = "left" if n == 0 or table.estimates(n) else "right"
        column.overflow = "fold"
    for row in rows:
        drawn.add_row(*(row[n] for n in columns))
    return drawn
