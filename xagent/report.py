"""The scores of a run, for people and as data."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from xagent.scoring import abstains, mean, quotes_contain
from xagent.terminal import console

if TYPE_CHECKING:
    from xagent.runner import Row


@dataclass(frozen=True)
class Scores:
    """Shares from 0 to 1 over the samples of a run."""

    suite: str
    graph: str
    samples: int
    same_contains: float
    """Evidence in the question's language: a quotation has the gold answer in it."""
    cross_contains: float
    """The same where the evidence is in another language."""
    abstain_right: float
    """Not answered by the documents, and said so."""
    abstain_wrong: float
    """Answered by a document in the question's language, and said not to be."""
    by_pair: dict[str, dict[str, float]]
    """By question language > evidence language: `contains` and how many samples, `n`."""

    def as_dict(self) -> dict[str, object]:
        """All fields as plain values."""
        return asdict(self)


def summarise(suite: str, graph: str, rows: Sequence["Row"]) -> Scores:
    """Average the scores of a run's rows."""
    answerable = [row for row in rows if row.sample.source]
    same = [row for row in answerable if row.sample.language == row.sample.evidence_language]
    cross = [row for row in answerable if row.sample.language != row.sample.evidence_language]
    return Scores(
        suite=suite,
        graph=graph,
        samples=len(rows),
        same_contains=_contains(same),
        cross_contains=_contains(cross),
        abstain_right=mean(abstains(row.answer) for row in rows if not row.sample.source),
        abstain_wrong=mean(abstains(row.answer) for row in same),
        by_pair=_by_pair(answerable),
    )


def _contains(rows: Sequence["Row"]) -> float:
    return round(mean(quotes_contain(row.answer, row.sample.answers) for row in rows), 4)


def _by_pair(rows: Sequence["Row"]) -> dict[str, dict[str, float]]:
    pairs: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        pairs[f"{row.sample.language}>{row.sample.evidence_language}"].append(row)
    return {pair: {"n": len(group), "contains": _contains(group)} for pair, group in sorted(pairs.items())}


def show_scores(scores: Scores) -> None:
    """The headline figures, then a line a language pair."""
    from rich.table import Table

    screen = console()
    screen.print(f"{scores.suite}, graph {scores.graph}, {scores.samples} samples", style="bold")
    table = Table("question > evidence", "samples", "contains", box=None, pad_edge=False)
    for pair, row in scores.by_pair.items():
        table.add_row(pair, f"{row['n']:.0f}", f"{row['contains']:.2f}")
    screen.print(table)
    screen.print(f"quotations contain the answer, same language      {scores.same_contains:.3f}")
    screen.print(f"quotations contain the answer, across languages   {scores.cross_contains:.3f}")
    screen.print(f"abstained where the documents do not say          {scores.abstain_right:.3f}")
    screen.print(f"abstained where a document in the language says   {scores.abstain_wrong:.3f}")
