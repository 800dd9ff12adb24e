"""Questions of your own, over documents of your own: a JSON Lines file, named by `--data`.

    {"question": "Milloin silta valmistui?", "answers": ["1936"], "documents": ["bridges/oresund.md"]}
    {"question": "Wer baute sie?", "documents": [{"text": "Die Brücke baute ...", "title": "Brücken"}]}
    {"question": "من صمم الجسر؟", "answerable": false}

Only `question` is needed. What else a line may have:

id               what it is called, unlike any other line; else it is drawn from all that the line says
language         of the question; else it is detected
answers          any one of them is right
answer_language  to answer in; else the question's
documents        to answer from: texts in the line (`text`, and if you like `title`, `language` and `id`), or
                 names of files in the folder `documents` beside the file; else every document there is
relevant         those of them that answer it, by name; how they were ranked is then measured (extra `eval`)
answerable       false where the documents do not answer it
options          what to choose from, 26 at most; one of the `answers` is to be among them
group            the same for one question in several languages
evidence_language  of the relevant documents

`--data` may name a folder too, with `questions.jsonl` and `documents` in it.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from xagent.errors import FileError, InputError
from xagent.evaluation.records import Record
from xagent.evaluation.rows import content_id, numbered, rows
from xagent.evaluation.samples import Document, Sample, Suite
from xagent.evaluation.scorers.abstention import abstains_rightly, abstains_wrongly
from xagent.evaluation.scorers.bias import EVIDENCE, evidence_languages
from xagent.evaluation.scorers.consistency import CONSISTENCY, consistency
from xagent.evaluation.scorers.correctness import correct, correct_in_language
from xagent.evaluation.scorers.grounding import grounded
from xagent.evaluation.scorers.language import right_language
from xagent.evaluation.scorers.ranking import average_precision, ndcg_at, recall_at, reciprocal_rank
from xagent.evaluation.scorers.strings import char3_recall, f1, quotes_contain
from xagent.languages import detect, language
from xagent.readers import READABLE, read


class Text(BaseModel):
    """A document in a line of the file."""

    model_config = ConfigDict(extra="forbid")

    text: str
    id: str = ""
    title: str = ""
    language: str = ""

    @property
    def name(self) -> str:
        """What it is called in the store."""
        return self.id or content_id(self.text)


class Row(BaseModel):
    """A line of the file."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    question: str
    id: str = ""
    language: str = ""
    answers: tuple[str, ...] = ()
    answer_language: str = ""
    documents: tuple[str | Text, ...] = ()
    relevant: tuple[str, ...] = ()
    answerable: bool = True
    options: tuple[str, ...] = ()
    group: str = ""
    evidence_language: str = ""

    @property
    def name(self) -> str:
        """What it is called in a run."""
        return self.id or content_id(self.model_dump_json(exclude_defaults=True))

    @model_validator(mode="after")
    def _can_be_chosen(self) -> Self:
        if len(self.options) > len(ascii_uppercase):
            raise ValueError(f"{len(self.options)} options, more than there are letters for them")
        if self.options and self.answers and not {*self.options} & {*self.answers}:
            raise ValueError("none of the answers is among the options")
        return self


def load(data: Path, _: str) -> Iterator[Sample]:
    """The questions in the order of the file.

    Raises InputError for a document that is not there, and for an `id` that a line before has.
    """
    known = {text.name for text in _texts(data)} | _files(data).keys()
    for row in _distinct(data):
        names = tuple(one if isinstance(one, str) else one.name for one in row.documents)
        for name in {*names, *row.relevant} - known:
            raise InputError(
                f"{_file(data)}: {name} is the id of no text in it, and no file in {_folder(data)}"
            )
        yield Sample(
            id=row.name,
            question=row.question,
            language=_code(row.language) or detect(row.question).code,
            answers=row.answers,
            answer_language=_code(row.answer_language),
            group=row.group,
            documents=names,
            relevant=row.relevant,
            evidence_language=_code(row.evidence_language),
            answerable=row.answerable,
            options=row.options,
        )


def corpus(data: Path, _: str) -> Iterator[Document]:
    """The texts in the lines of the file, each once, then the files in `documents`, each a document."""
    files = _files(data)
    for text in _texts(data):
        if text.name in files:
            raise InputError(f"{_file(data)}: {text.name} is the id of a text, and a file in {_folder(data)}")
        yield Document(id=text.name, text=text.text, title=text.title, language=_code(text.language))
    for name, path in files.items():
        try:
            parts = list(read(path))
        except FileError as error:
            raise InputError(f"{path} cannot be read: {error}") from error
        yield Document(id=name, text="\n\n".join(part.text for part in parts), title=parts[0].title)


def _distinct(data: Path) -> Iterator[Row]:
    """The lines. Figures go by the sample's id, so that two lines of one would count as one question."""
    line_of: dict[str, int] = {}
    for line, row in numbered(_file(data), Row):
        if row.id and row.id in line_of:
            raise InputError(
                f"{_file(data)}: line {line} has the id {row.id!r} of line {line_of[row.id]}: "
                "give each line its own"
            )
        line_of[row.id] = line
        yield row


def _code(named: str) -> str:
    return named and language(named).code


def _files(data: Path) -> dict[str, Path]:
    folder = _folder(data)
    found = (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in READABLE and path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in found}


def _texts(data: Path) -> Iterator[Text]:
    """Raises InputError where two texts have one name."""
    seen: dict[str, Text] = {}
    for row in _rows(data):
        for text in row.documents:
            if isinstance(text, str) or seen.get(text.name) == text:
                continue
            if text.name in seen:
                raise InputError(f"{_file(data)}: {text.name} is the id of two texts")
            seen[text.name] = text
            yield text


def _rows(data: Path) -> Iterator[Row]:
    return rows(_file(data), Row)


def _file(data: Path) -> Path:
    return data / "questions.jsonl" if data.is_dir() else data


def _folder(data: Path) -> Path:
    return _file(data).parent / "documents"


def figures(records: Sequence[Record]) -> dict[str, float]:
    """Whether parallel questions get one answer, and in which languages the evidence is."""
    return {**consistency(records), **evidence_languages(records)}


suite = Suite(
    name="custom",
    load=load,
    corpus=corpus,
    scorers={
        "correct_in_language": correct_in_language,
        "correct": correct,
        "right_language": right_language,
        "grounded": grounded,
        "f1": f1,
        "char3_recall": char3_recall,
        "quotes_contain": quotes_contain,
        "recall_at_10": recall_at(10),
        "ndcg_at_10": ndcg_at(10),
        "reciprocal_rank": reciprocal_rank,
        "average_precision": average_precision,
        "abstains_rightly": abstains_rightly,
        "abstains_wrongly": abstains_wrongly,
    },
    headline=("correct_in_language", "correct", "right_language", "grounded", "abstains_rightly"),
    figures=figures,
    figure_names=(*CONSISTENCY, *EVIDENCE),
)
