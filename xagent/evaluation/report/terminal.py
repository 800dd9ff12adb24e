"""How do runs compare, at a glance in a terminal or through a pipe? Tables with their intervals."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xagent.evaluation.report.summary import Report, comparisons
from xagent.evaluation.report.tables import Table, shown
from xagent.terminal import console, one_line

if TYPE_CHECKING:
    from rich.table import Table as Drawn

_WIDEST = 10_000
"""Characters: more than a table has."""

_GAP = 2
"""Characters between two columns."""


def show(reports: Sequence[Report], figure: str = "") -> None:
    """Each run's figures by language and by setting, then what `comparisons` says; raises what that does."""
    for report in reports:
        _show_run(report)
    for table in comparisons(reports, figure):
        show_table(table)


def show_table(table: Table) -> None:
    """In a terminal, columns that do not fit stand below, after the first again; in a pipe a line a row."""
    screen = console()
    if not screen.is_terminal:
        screen.width = _WIDEST
    screen.print()
    screen.print(one_line(table.title), style="bold", soft_wrap=True)
    for number, columns in enumerate(_fitting(table, screen.width)):
        if number:
            screen.print()
        screen.print(_drawn(table, columns))


def _show_run(report: Report) -> None:
    screen = console()
    screen.print(one_line(report.name), style="bold", soft_wrap=True)
    for name, value in report.facts.items():
        screen.print(f"{name}: {one_line(value)}", style="dim", soft_wrap=True)
    for table in report.tables():
        show_table(table)


def _fitting(table: Table, width: int) -> Iterator[list[int]]:
    """The numbers of columns, the first and as many more as there is room for, until none is left."""
    from rich.cells import cell_len

    lines = (table.columns, *table.rows)
    widths = [max(cell_len(shown(line[n])) for line in lines) for n in range(len(table.columns))]
    columns = [0]
    for n in range(1, len(widths)):
        if len(columns) > 1 and sum(widths[one] + _GAP for one in columns) + widths[n] > width:
            yield columns
            columns = [0]
        columns.append(n)
    yield columns


def _drawn(table: Table, columns: Sequence[int]) -> "Drawn":
    from rich.table import Table as Drawn

    drawn = Drawn(*(shown(table.columns[n]) for n in columns), box=None, pad_edge=False)
    for n, column in enumerate(drawn.columns):
        column.justify = "left" if n == 0 else "right"
        column.overflow = "fold"
    for row in table.rows:
        drawn.add_row(*(shown(row[n]) for n in columns))
    return drawn
