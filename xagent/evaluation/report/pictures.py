"""Which plots does a page have of a run? Those that its figures are enough for."""

import html
from collections.abc import Iterator

from xagent.evaluation.report.plots import Point, heat_map, scatter, stacked_bars
from xagent.evaluation.report.summary import Report
from xagent.terminal import one_line


def pictures(report: Report, *, named: bool) -> str:
    """The plots as HTML; `named` puts the run's name above them."""
    drawn = "\n".join(_figure(title, image) for title, image in _drawn(report))
    heading = f'<h3 dir="auto">{html.escape(one_line(report.name))}</h3>' if named else ""
    return f'{heading}<div class="pictures">{drawn}</div>'


def _figure(title: str, image: str) -> str:
    return f"<figure><figcaption>{html.escape(one_line(title))}</figcaption>{image}</figure>"


def _drawn(report: Report) -> Iterator[tuple[str, str]]:
    figure = report.accuracy
    if points := _points(report, figure):
        title = f"{figure} against right_language, by language"
        yield title, scatter(points, title, "right_language", figure)
    if counts := report.losses():
        title = "Where answers were lost, by language"
        yield title, stacked_bars(counts, title)
    if cells := _cells(report, figure):
        title = f"{figure}, by the language of the question and that of the evidence"
        yield title, heat_map(cells, title, "question", "evidence")


def _points(report: Report, figure: str) -> list[Point]:
    return [
        Point(code, row["right_language"].mean, row[figure].mean)
        for code, row in report.figures.by_language.items()
        if "right_language" in row and figure in row
    ]


def _cells(report: Report, figure: str) -> dict[tuple[str, str], float]:
    pairs = ((pair.partition(">"), row) for pair, row in report.figures.by_pair.items())
    return {(asked, evidence): row[figure].mean for (asked, _, evidence), row in pairs if figure in row}
