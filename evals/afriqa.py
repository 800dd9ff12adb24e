"""AfriQA: are questions in nine African languages answered from English and French passages?

Ogundepo et al. 2023, "AfriQA: Cross-lingual Open-Retrieval Question Answering for African Languages",
https://arxiv.org/abs/2305.06897 (CC BY 4.0). Questions by speakers, translated by people into a pivot
language, English or French, and answered from the Wikipedia of that language.

    {"id": 2, "lang": "bem", "split": "dev", "question": "Bushe ninani walandile kuli Eva mu Edern ...?",
     "translated_question": "Who spoke to Eva in the garden of  eden ...?", "answers": "['Satana']",
     "translated_answer": "['Satan']", "translation_type": "human_translation"}

and, in another file, the passage of the pivot language that answers it:

    {"id": "2", "question_lang": "Bushe ninani ...?", "title": "Adam and Eve", "context": "...", ...}

Get the folder `data`, with `queries` and `gold_passages`, from https://github.com/masakhane-io/afriqa.

The setting `asked` puts the questions as they were asked; `translated` puts their human translation, and
wants the answer in the pivot language: what a perfect translator would gain. Asked are the questions of the
test set that have a passage with a text in it, which no Wolof question has; the pool is the passages of all
three splits.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator

from xagent.errors import InputError
from xagent.evaluation.rows import rows
from xagent.evaluation.samples import Document, Sample, Suite
from xagent.evaluation.scorers.correctness import correct, correct_in_language
from xagent.evaluation.scorers.grounding import grounded
from xagent.evaluation.scorers.language import right_language
from xagent.evaluation.scorers.ranking import recall_at, reciprocal_rank
from xagent.evaluation.scorers.strings import char3_recall, exact_match, f1

_CODES = {
    "hau": "ha", "ibo": "ig", "kin": "rw", "swa": "sw", "twi": "ak", "wol": "wo", "yor": "yo", "zul": "zu",
}  # fmt: skip
"""Those that xagent writes otherwise."""


def listed(text: str) -> tuple[str, ...]:
    """The answers in a list as Python prints it.

    Where an apostrophe in an answer was not escaped, as in "['Côte d'Ivoire']", all between the outer marks
    is the answer. Raises ValueError where that could be several, and for anything else.
    """
    try:
        found = ast.literal_eval(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return (_between_quotes(text),)
    if not isinstance(found, list) or not all(isinstance(answer, str) for answer in found):
        raise ValueError("not a list of answers")
    return tuple(found)


def _between_quotes(text: str) -> str:
    opening, answer, closing = text[:2], text[2:-2], text[-2:]
    if opening not in ("['", '["') or closing not in ("']", '"]') or not answer:
        raise ValueError("not a list of answers")
    if f"{opening[1]}, " in answer:
        raise ValueError("a list of several answers with a quotation mark that is not escaped")
    return answer


Answers = Annotated[tuple[str, ...], BeforeValidator(listed)]


class Query(BaseModel):
    """A question."""

    id: int
    question: str
    translated_question: str
    answers: Answers
    translated_answer: Answers


class Gold(BaseModel):
    """The passage that answers a question."""

    question_lang: str | float
    """The question as it was asked; NaN in one of the published rows."""
    context: str | None
    title: str | None

    @property
    def text(self) -> str:
        """The passage's text, empty where there is none."""
        return (self.context or "").strip()


@dataclass(frozen=True)
class File:
    """A file, and what its name says of its rows: `queries.afriqa.bem.en.test.json`."""

    path: Path
    language: str
    pivot: str
    split: str


def files(data: Path, kind: str) -> list[File]:
    """The files of a kind, `queries` or `gold_passages`. Raises InputError where there is none."""
    paths = sorted((data / kind).glob("*/*.afriqa.*.*.*.json"))
    if not paths:
        raise InputError(f"{data} has no {kind}/LANGUAGE/*.json; --data names the folder `data` of AfriQA")
    return [File(path, *path.name.split(".")[2:5]) for path in paths]


@dataclass(frozen=True)
class Pool:
    """The passages, each text once, and the questions of the test set that they answer."""

    passages: dict[tuple[str, str], Document] = field(default_factory=dict)
    """By pivot language and text."""
    answering: defaultdict[tuple[str, str | float], list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """Names of passages, by a question's language and text."""

    def add(self, gold: Gold, file: File) -> None:
        """Takes in the passage of a row."""
        fresh = Document(
            id=f"{file.pivot}-{len(self.passages)}",
            text=gold.text,
            title=gold.title or "",
            language=file.pivot,
        )
        passage = self.passages.setdefault((file.pivot, gold.text), fresh)
        if file.split == "test":
            self.answering[file.language, gold.question_lang].append(passage.id)


def pool(data: Path) -> Pool:
    """All passages of all splits that have a text."""
    found = Pool()
    for file in files(data, "gold_passages"):
        for gold in rows(file.path, Gold):
            if gold.text:
                found.add(gold, file)
    return found


def load(data: Path, setting: str) -> Iterator[Sample]:
    """The questions of the test set that have a passage."""
    answering = pool(data).answering
    for file in files(data, "queries"):
        if file.split == "test":
            for row in rows(file.path, Query):
                if passages := answering.get((file.language, row.question)):
                    yield _sample(row, file, setting, tuple(dict.fromkeys(passages)))


def _sample(row: Query, file: File, setting: str, passages: tuple[str, ...]) -> Sample:
    translated, asked_in = setting == "translated", _CODES.get(file.language, file.language)
    return Sample(
        id=f"{setting}-{file.language}-{row.id}",
        question=row.translated_question if translated else row.question,
        language=file.pivot if translated else asked_in,
        stratum=asked_in,
        answers=row.translated_answer if translated else row.answers,
        setting=setting,
        relevant=passages,
        evidence_language=file.pivot,
    )


def corpus(data: Path, _: str) -> Iterator[Document]:
    """The passages of all splits, each text once."""
    yield from pool(data).passages.values()


suite = Suite(
    name="afriqa",
    load=load,
    corpus=corpus,
    settings=("asked", "translated"),
    scorers={
        "correct_in_language": correct_in_language,
        "correct": correct,
        "exact_match": exact_match,
        "f1": f1,
        "char3_recall": char3_recall,
        "right_language": right_language,
        "grounded": grounded,
        "recall_at_10": recall_at(10),
        "reciprocal_rank": reciprocal_rank,
    },
    headline=("recall_at_10", "correct_in_language", "f1"),
    languages=("ak", "bem", "fon", "ha", "ig", "rw", "sw", "yo", "zu"),
)
