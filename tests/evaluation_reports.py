"""Reports on the records of `evaluation_records`, as though a run had left them."""

from collections.abc import Sequence

from tests.evaluation_records import records
from xagent.evaluation.figures import figures
from xagent.evaluation.records import Record
from xagent.evaluation.report.summary import Report
from xagent.evaluation.runs import Manifest
from xagent.evaluation.samples import Suite
from xagent.evaluation.scorers.abstention import abstains_rightly
from xagent.evaluation.scorers.correctness import correct, correct_in_language
from xagent.evaluation.scorers.language import right_language

SUITE = Suite(
    name="kilimanjaro",
    load=lambda _, __: (),
    scorers={
        "abstains_rightly": abstains_rightly,
        "correct": correct,
        "correct_in_language": correct_in_language,
        "right_language": right_language,
    },
    headline=("correct_in_language", "correct"),
    figures=lambda answered: {"answered": len(answered)},
)


def report(among: Sequence[Record] | None = None, name: str = "qa", suite: Suite = SUITE) -> Report:
    """A report on `among`, or else on a few records in every language."""
    listed = records(60) if among is None else among
    manifest = Manifest(suite=suite.name, graph=name, graph_sha256="", prompts={}, version="0.1.0")
    return Report(name, manifest, suite, listed, figures(listed, suite))
