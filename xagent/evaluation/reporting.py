"""What do runs that are on disk come to? They are opened with their suites, and written out."""

from collections.abc import Sequence
from pathlib import Path

from xagent.errors import InputError
from xagent.evaluation.report.page import page
from xagent.evaluation.report.summary import Report, comparisons
from xagent.evaluation.report.tables import as_csv, markdown
from xagent.evaluation.runs import Run
from xagent.evaluation.votes import with_votes
from xagent.registry import load


def opened(paths: Sequence[Path]) -> list[Report]:
    """The reports on the runs in these folders, each once, named by as much of its path as it takes.

    Raises InputError where there is no run, UnknownName for its suite.
    """
    folders = list(dict.fromkeys(path.resolve() for path in paths))
    return [_opened(folder, name) for folder, name in zip(folders, told_apart(folders), strict=True)]


def _opened(folder: Path, name: str) -> Report:
    run = Run.open(folder)
    return Report.of(run, with_votes(run, load("evals", run.manifest.suite).suite), name)


def told_apart(folders: Sequence[Path]) -> list[str]:
    """The last parts of different paths, as few as make no two the same."""
    depths = range(1, max((len(folder.parts) for folder in folders), default=0) + 1)
    names = (["/".join(folder.parts[-depth:]) for folder in folders] for depth in depths)
    return next((found for found in names if len(set(found)) == len(found)), [])


def written(reports: Sequence[Report], figure: str = "", *, csv: bool) -> str:
    """What is reported of the runs and of their comparison with the first, as CSV or as Markdown.

    Raises as `comparisons` does.
    """
    parts = [part for report in reports for part in report.parts()] + comparisons(reports, figure)
    return as_csv(parts) if csv else markdown(parts)


def write_page(reports: Sequence[Report], path: Path, figure: str = "") -> None:
    """Write the page that shows every sample. Raises InputError where the file cannot be written."""
    try:
        path.write_text(page(reports, figure), "utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
