"""The sample that comes with xagent, written for it (Apache-2.0): short texts in 18 languages.

Most questions are asked in another language than the one text that answers them; some are
answered by none. A row, in `xagent/sample/questions.jsonl`:

    {"id": "b001", "language": "tr", "question": "...", "answers": ["..."],
     "source": "zh/dunhuang.md", "evidence_language": "zh"}

`answers` stand word for word in the source; a row without a source is not answered. The figures are means
over questions, whatever their language:

same_contains   a quotation has the answer in it, where the source is in the question's language
cross_contains  the same where it is in another
abstain_right   abstains where no text answers
abstain_wrong   abstains where a text in the question's language answers
"""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from statistics import fmean

from pydantic import BaseModel, ConfigDict

from xagent.evaluation.records import Record
from xagent.evaluation.rows import rows
from xagent.evaluation.samples import Document, Sample, Scorer, Suite
from xagent.evaluation.scorers.abstention import abstains_rightly, abstains_wrongly
from xagent.evaluation.scorers.grounding import grounded
from xagent.evaluation.scorers.language import right_language
from xagent.evaluation.scorers.strings import quotes_contain

# fmt: off
_LANGUAGES = (
    "ar", "de", "en", "es", "fa", "fi", "fr", "hi", "it", "ja",
    "ko", "pt", "ru", "sw", "th", "tr", "vi", "yo", "zh",
)
# fmt: on


class Row(BaseModel):
    """A line of the questions."""

    model_config = ConfigDict(extra="forbid")

    id: str
    question: str
    language: str
    answers: tuple[str, ...]
    source: str | None
    evidence_language: str | None


def load(data: Path, _: str) -> Iterator[Sample]:
    """The questions in order."""
    for row in rows(data, Row, "questions.jsonl"):
        yield Sample(
            id=row.id,
            question=row.question,
            language=row.language,
            answers=row.answers,
            relevant=(row.source,) if row.source else (),
            evidence_language=row.evidence_language or "",
            answerable=row.source is not None,
        )


def corpus(data: Path, _: str) -> Iterator[Document]:
    """The texts, all of which are searched for every question."""
    texts = data / "texts"
    for path in sorted(texts.rglob("*.md")):
        yield Document(id=path.relative_to(texts).as_posix(), text=path.read_text("utf-8"))


def figures(records: Sequence[Record]) -> dict[str, float]:
    """The four figures of the sample, without those that no answer has a part in."""
    answered = [record for record in records if record.answer is not None]
    same = [one for one in answered if one.sample.language == one.sample.evidence_language]
    cross = [one for one in answered if one.sample.evidence_language not in ("", one.sample.language)]
    scores = {
        "same_contains": _scores(quotes_contain, same),
        "cross_contains": _scores(quotes_contain, cross),
        "abstain_right": _scores(abstains_rightly, answered),
        "abstain_wrong": _scores(abstains_wrongly, same),
    }
    return {name: fmean(found) for name, found in scores.items() if found}


def _scores(scorer: Scorer, records: Sequence[Record]) -> list[float]:
    return [score for record in records if (score := scorer(record)) is not None]


suite = Suite(
    name="sample",
    load=load,
    corpus=corpus,
    scorers={"quotes_contain": quotes_contain, "right_language": right_language, "grounded": grounded},
    headline=("same_contains", "cross_contains", "abstain_right", "abstain_wrong"),
    figures=figures,
    figure_names=("same_contains", "cross_contains", "abstain_right", "abstain_wrong"),
    languages=_LANGUAGES,
    data=Path(str(files("xagent"))) / "sample",
)
