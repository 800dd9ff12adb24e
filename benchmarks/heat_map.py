"""Squares of figures as a picture: the languages of questions down, those of passages across."""

import math
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path

MISSING = "no heat map: matplotlib is not installed (pip install 'xagent[eval]')"


class NoPlotting(Exception):
    """matplotlib is missing; the message says what to do."""


def check_plotting() -> None:
    """Raise NoPlotting when no picture can be made, before hours are spent on its figures."""
    try:
        import_module("matplotlib")
    except ImportError as error:
        raise NoPlotting(MISSING) from error


def rows(figures: Mapping[tuple[str, str], float], languages: Sequence[str]) -> list[list[float]]:
    """The figures as a table; a pair that was not measured is not a number, and stays blank."""
    return [[figures.get((asked, found), float("nan")) for found in languages] for asked in languages]


def draw(maps: Mapping[str, Mapping[tuple[str, str], float]], title: str, path: Path) -> None:
    """Write the picture of figures from 0 to 1, a square for each way of measuring. Raises NoPlotting."""
    check_plotting()
    # Without a display; the figure is this function's own, so that none is left behind.
    figure = import_module("matplotlib.figure").Figure(
        figsize=(8 * len(maps), 8), dpi=110, layout="constrained"
    )
    squares = figure.subplots(1, len(maps), squeeze=False)[0]
    for axes, (name, figures) in zip(squares, maps.items(), strict=True):
        languages = sorted({code for pair in figures for code in pair})
        table = rows(figures, languages)
        image = axes.imshow(table, vmin=0, vmax=1, cmap="viridis")
        axes.set_xticks(range(len(languages)), languages)
        axes.set_yticks(range(len(languages)), languages)
        axes.set(xlabel="language of the passages", ylabel="language of the question", title=name)
        _number(axes.text, table)
    figure.suptitle(title)
    figure.colorbar(image, ax=list(squares), shrink=0.8)
    figure.savefig(path)


def _number(write: Callable[..., object], table: Sequence[Sequence[float]]) -> None:
    for y, row in enumerate(table):
        for x, value in enumerate(row):
            if not math.isnan(value):
                colour = "black" if value > 0.6 else "white"
                write(x, y, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=8)
