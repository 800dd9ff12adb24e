"""Runs on disk, whatever became of them, are reported together."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.evaluation_records import records
from tests.evaluation_reports import SUITE
from xagent.errors import UnknownName
from xagent.evaluation import reporting
from xagent.evaluation.journal import Journal
from xagent.evaluation.records import Record
from xagent.evaluation.report.terminal import show
from xagent.evaluation.reporting import opened, write_page, written
from xagent.evaluation.runs import Manifest, Run


@pytest.fixture(autouse=True)
def suite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "load", lambda kind, name: SimpleNamespace(suite=SUITE))


def run(folder: Path, among: Sequence[Record], selected: Sequence[str] = ()) -> Path:
    """A run's folder, as its process left it."""
    begun = Run.begin(
        folder, Manifest(suite=SUITE.name, graph="qa", graph_sha256="", prompts={}, version="0.1.0")
    )
    begun.select(selected or [one.key for one in among])
    with Journal(begun.samples) as journal:
        for one in among:
            journal.add(one)
    return folder


def in_setting(among: Sequence[Record], setting: str) -> list[Record]:
    return [
        one.model_copy(update={"sample": one.sample.model_copy(update={"setting": setting})}) for one in among
    ]


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Runs of which the first shares samples with the second only."""
    found = records(40)
    failed = [one for one in found if one.answer is None]
    (tmp_path / "new").mkdir()
    folders = [
        run(tmp_path / "mixed", found),
        run(tmp_path / "again", found[:30]),
        run(tmp_path / "pooled", in_setting(found, "pooled")),
        run(tmp_path / "failed", failed),
        run(tmp_path / "killed", found[:4], [one.key for one in records(49)]),
    ]
    new = Run.begin(
        tmp_path / "new", Manifest(suite=SUITE.name, graph="qa", graph_sha256="", prompts={}, version="0.1.0")
    )
    return [*folders, new.path]


SAID = [
    "pooled: not compared with mixed: no sample in common that correct_in_language judges",
    "failed: not compared with mixed: no sample in common that correct_in_language judges",
    "new: not compared with mixed: no sample in common that correct_in_language judges",
    "failed: no answer: all 4 that were asked failed",
    "killed: 4 of 49 asked so far: go on with the same command",
    "new: nothing asked so far: go on with the same command",
]


def test_runs_of_two_settings_failed_runs_and_new_ones_are_in_one_report(
    folders: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reports = opened(folders)
    show(reports)
    said = capsys.readouterr().out.splitlines()
    assert not set(SAID) - set(said)
    assert {"again, above mixed in correct_in_language", "pooled, by language"} <= set(said)
    paragraphs = written(reports, csv=False).splitlines()
    assert not set(SAID) - set(paragraphs)
    write_page(reports, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert not [line for line in SAID if f'{{"note":"{line}"}}' not in page]


def test_csv_is_one_table_of_all_runs_and_comparisons(folders: list[Path]) -> None:
    reports = opened(folders)
    rows = list(csv.DictReader(io.StringIO(written(reports, csv=True))))
    assert [f"{row['run']}: {row['row']}" for row in rows if row["table"] == "note"] == sorted(
        SAID,
        key=lambda line: ("not compared" in line, [path.name for path in folders].index(line.split(":")[0])),
    )
    figures = [row for row in rows if row["table"] != "note"]
    assert all(float(row["value"]) >= -1 for row in figures)
    keys = [(row["run"], row["table"], row["row"], row["figure"]) for row in figures]
    assert len(set(keys)) == len(keys)
    (whole,) = [
        row for row in figures if list(row.values())[:4] == ["again", "by language", "all", "correct"]
    ]
    estimate = reports[1].figures.overall["correct"]
    assert [float(whole[name]) for name in ("value", "low", "high", "n")] == pytest.approx(
        [estimate.mean, estimate.low, estimate.high, estimate.n], abs=1e-6
    )


@pytest.mark.parametrize("named", ["nosuch", "answered"])
def test_a_figure_that_runs_cannot_be_compared_in_is_refused_of_one_run_too(
    named: str, folders: list[Path], tmp_path: Path
) -> None:
    reports = opened(folders[:1])
    with pytest.raises(UnknownName, match=f"in '{named}': only figures that are means"):
        written(reports, named, csv=False)
    with pytest.raises(UnknownName, match="here abstains_rightly, correct, "):
        write_page(reports, tmp_path / "page.html", named)
    assert not (tmp_path / "page.html").exists()
