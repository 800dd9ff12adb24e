"""MKQA, in the split of MIA 2022: what does a model know of itself, asked alike in twelve languages?

Longpre, Lu and Daiber 2021, "MKQA: A Linguistically Diverse Benchmark for Multilingual Open Domain Question
Answering", https://arxiv.org/abs/2007.15207 (CC BY-SA 3.0). The MIA 2022 shared task (Asai et al. 2022,
https://arxiv.org/abs/2207.00758) took the 6,758 questions that have a short answer, and of these 1,758 for
development, parallel in all languages: figures are not comparable with those on the whole.

    {"id": "563260143484355911_ms", "lang": "ms", "question": "siapa yang menyanyi i hear you knocking ...",
     "answers": ["Dave Edmunds"]}

Get `mkqa_dev.zip` from https://github.com/mia-workshop/MIA-Shared-Task-2022 and unpack it; --data names the
folder of its files `mkqa-LANGUAGE.jsonl`, or the one around it.

There are no passages: a graph that quotes can but abstain. The answers are names and numbers, mostly, which
tell little of the language they are in; hence the recall of the gold answer's three-letter sequences as
first figure.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from xagent.errors import InputError
from xagent.evaluation.rows import rows
from xagent.evaluation.samples import Sample, Suite
from xagent.evaluation.scorers.consistency import CONSISTENCY, consistency
from xagent.evaluation.scorers.correctness import correct
from xagent.evaluation.scorers.strings import char3_recall, exact_match, f1

_CODES = {"zh_cn": "zh"}


class Row(BaseModel):
    """A question in one language."""

    id: str
    """That of the question, which its translations share, and the language, as in "563260143484355911_ms"."""
    lang: str
    question: str
    answers: tuple[str, ...]


def files(data: Path) -> list[Path]:
    """The files of all languages. Raises InputError where there is none."""
    found = sorted(data.rglob("mkqa-*.jsonl"))
    if not found:
        raise InputError(f"{data} has no mkqa-LANGUAGE.jsonl; --data names the folder that has them")
    return found


def load(data: Path, setting: str) -> Iterator[Sample]:
    """The questions of every language there is a file of."""
    for path in files(data):
        for row in rows(path, Row):
            yield Sample(
                id=row.id,
                question=row.question,
                language=_CODES.get(row.lang, row.lang),
                answers=tuple(answer.strip() for answer in row.answers),
                group=row.id.removesuffix(f"_{row.lang}"),
                setting=setting,
            )


suite = Suite(
    name="mkqa",
    load=load,
    scorers={"char3_recall": char3_recall, "exact_match": exact_match, "f1": f1, "correct": correct},
    figures=consistency,
    figure_names=CONSISTENCY,
    headline=("char3_recall", "f1"),
    languages=("ar", "en", "es", "fi", "ja", "km", "ko", "ms", "ru", "sv", "tr", "zh"),
)
