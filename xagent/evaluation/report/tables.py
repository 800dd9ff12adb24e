"""What are a run's figures, in files for other programs and papers? Tables as Markdown and as CSV."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xagent.evaluation.statistics import Estimate
from xagent.terminal import one_line

Cell = str | int | float | Estimate | None

# What Markdown would act on; a table's cell ends at a bar, even within code.
_MARKUP = re.compile(r"([\\`*\[\]<>|~#&])")
# What spreadsheets take for the start of a formula.
_FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True)
class Table:
    """Figures, a row for each of what they are of. Cells of a column are of one kind, or None."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def estimates(self, column: int) -> bool:
        """Whether a column has intervals."""
        return any(isinstance(row[column], Estimate) for row in self.rows)


def shown(cell: Cell) -> str:
    """A cell for people: `0.812 (0.770–0.851)`, an en dash where there is nothing; numbers to 3 digits."""
    match cell:
        case None:
            return "–"
        case Estimate():
            return f"{cell.mean:.3f} ({cell.low:.3f}–{cell.high:.3f})"
        case int():
            return f"{cell:,}"
        case float():
            return f"{cell:.3f}"
    return one_line(cell)


def markdown(tables: Sequence[Table]) -> str:
    """The tables below one another, each under its title; without clocks, so that runs can be compared."""
    return "\n".join(_markdown(table) for table in tables)


def _markdown(table: Table) -> str:
    kinds = ["---" if isinstance(cell, str) else "---:" for cell in _first(table)]
    lines = [table.columns, *table.rows]
    heads, *rows = ["| " + " | ".join(_plain(shown(cell)) for cell in line) + " |" for line in lines]
    return "\n".join([f"### {_plain(one_line(table.title))}", "", heads, f"|{'|'.join(kinds)}|", *rows, ""])


def _first(table: Table) -> Sequence[Cell]:
    return table.rows[0] if table.rows else table.columns


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)


def as_csv(table: Table) -> str:
    """The table, its numbers to 6 digits. An interval takes three columns, the first by the figure's name."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    wide = [table.estimates(n) for n in range(len(table.columns))]
    heads = [
        (name, f"{name} low", f"{name} high") if w else (name,)
        for name, w in zip(table.columns, wide, strict=True)
    ]
    writer.writerow([_safe(name) for head in heads for name in head])
    for row in table.rows:
        writer.writerow([value for cell, w in zip(row, wide, strict=True) for value in _values(cell, wide=w)])
    return written.getvalue()


def _values(cell: Cell, *, wide: bool) -> Iterator[str | int | float]:
    if isinstance(cell, Estimate):
        yield from (round(cell.mean, 6), round(cell.low, 6), round(cell.high, 6))
    elif cell is None:
        yield from ("",) * (3 if wide else 1)
    elif isinstance(cell, str):
        yield _safe(cell)
    else:
        yield round(cell, 6)


def _safe(text: str) -> str:
    line = one_line(text)
    return f"'{line}" if line.startswith(_FORMULA) else line
