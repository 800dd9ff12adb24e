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
_CSV = ("run", "table", "row", "figure", "value", "low", "high", "n")


@dataclass(frozen=True)
class Table:
    """Figures, a row for each of what they are of. Cells of a column are of one kind, or None."""

    title: str
    """What the figures are, such as `by language`."""
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    run: str = ""
    """Whose they are; empty where the title says it."""

    @property
    def heading(self) -> str:
        """What stands above it."""
        return f"{self.run}, {self.title}" if self.run else self.title

    def estimates(self, column: int) -> bool:
        """Whether a column has intervals."""
        return any(isinstance(row[column], Estimate) for row in self.rows)


@dataclass(frozen=True)
class Note:
    """What a reader of a run's figures has to know beside them, in one sentence."""

    run: str
    text: str

    @property
    def line(self) -> str:
        """The whole of it, for where it stands alone."""
        return f"{self.run}: {self.text}"


Part = Table | Note
"""A report is made of these."""


def shown(cell: Cell) -> str:
    """A cell for people: `0.812 (0.770–0.851)`, an en dash where there is nothing; numbers to 3 digits.

    What is above 0 and below 0.001, such as a small p, is `<0.001`.
    """
    match cell:
        case None:
            return "–"
        case Estimate():
            return f"{cell.mean:.3f} ({cell.low:.3f}–{cell.high:.3f})"
        case int():
            return f"{cell:,}"
        case float():
            return "<0.001" if 0 < cell < 0.001 else f"{cell:.3f}"
    return one_line(cell)


def shown_row(row: Sequence[Cell]) -> list[str]:
    """The cells of a row as `shown`, with ` n=12` after an estimate of fewer samples than one beside it."""
    return [f"{shown(cell)} n={n:,}" if n else shown(cell) for cell, n in zip(row, fewer(row), strict=True)]


def fewer(row: Sequence[Cell]) -> list[int]:
    """For each cell, how many samples it is of where that is fewer than of others in its row, else 0."""
    samples = [cell.n if isinstance(cell, Estimate) else 0 for cell in row]
    return [n if n < max(samples) else 0 for n in samples]


def markdown(parts: Sequence[Part]) -> str:
    """Tables under their headings, and notes; without clocks, so that runs can be compared."""
    return "\n".join(_markdown(part) for part in parts)


def _markdown(part: Part) -> str:
    if isinstance(part, Note):
        return f"{_plain(one_line(part.line))}\n"
    kinds = ["---" if isinstance(cell, str) else "---:" for cell in _first(part)]
    lines = [part.columns, *part.rows]
    heads, *rows = ["| " + " | ".join(map(_plain, shown_row(line))) + " |" for line in lines]
    return "\n".join([f"### {_plain(one_line(part.heading))}", "", heads, f"|{'|'.join(kinds)}|", *rows, ""])


def _first(table: Table) -> Sequence[Cell]:
    return table.rows[0] if table.rows else table.columns


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)


def as_csv(parts: Sequence[Part]) -> str:
    """One table of everything, a figure a line: of which run, in which of its tables, in which row of that.

    Numbers have 6 digits. `low`, `high` and `n`, the bounds of an estimate and the samples it is of, are
    empty where there are none. A note is a line of the table `note`, in the column `row`.
    """
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(_CSV)
    for part in parts:
        writer.writerows(_noted(part) if isinstance(part, Note) else _figures(part))
    return written.getvalue()


def _noted(note: Note) -> Iterator[tuple[str, ...]]:
    yield (_safe(note.run), "note", _safe(note.text), *[""] * (len(_CSV) - 3))


def _figures(table: Table) -> Iterator[tuple[str | int | float, ...]]:
    for name, *cells in table.rows:
        first = [_safe(text) for text in (table.run, table.title, shown(name))]
        for figure, cell in zip(table.columns[1:], cells, strict=True):
            if cell is not None:
                yield (*first, _safe(figure), *_values(cell))


def _values(cell: str | int | float | Estimate) -> tuple[str | int | float, ...]:
    if isinstance(cell, Estimate):
        return (round(cell.mean, 6), round(cell.low, 6), round(cell.high, 6), cell.n)
    return (_safe(cell) if isinstance(cell, str) else round(cell, 6), "", "", "")


def _safe(text: str) -> str:
    line = one_line(text)
    return f"'{line}" if line.startswith(_FORMULA) else line
