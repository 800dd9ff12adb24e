"""What do runs that are on disk come to? They are opened with their suites, and written out."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from xagent.errors import InputError
from xagent.evaluation.report.page import page
from xagent.evaluation.report.summary import Report, compared
from xagent.evaluation.report.tables import Table, as_csv, markdown
from xagent.evaluation.runs import Run
from xagent.registry import load


def opened(path: Path) -> Report:
    """The report on the run in a folder. Raises InputError where there is none, UnknownName for its suite."""
    run = Run.open(path)
    return Report.of(run, load("evals", run.manifest.suite).suite)


def written(reports: Sequence[Report], *, csv: bool) -> str:
    """Every table of the runs and of their comparison with the first, as CSV or as Markdown."""
    tables = list(_tables(reports))
    return "\n".join(map(as_csv, tables)) if csv else markdown(tables)


def _tables(reports: Sequence[Report]) -> Iterator[Table]:
    for report in reports:
        yield from report.tables()
    for report in reports[1:]:
        yield compared(report, reports[0])


def write_page(reports: Sequence[Report], path: Path) -> None:
    """Write the page that shows every sample. Raises InputError where the file cannot be written."""
    try:
        path.write_text(page(reports), "utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
