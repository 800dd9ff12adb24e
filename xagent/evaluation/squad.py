"""What does a file in the shape of SQuAD ask, and in which paragraph is each answer?

The shape (Rajpurkar et al. 2016, https://aclanthology.org/D16-1264) is shared by XQuAD, XQuAD-R and MLQA:

    {"data": [{"title": "...", "paragraphs": [{"context": "...", "qas": [
        {"id": "...", "question": "...", "answers": [{"text": "...", "answer_start": 177}]}]}]}]}

XQuAD-R has, beside `context`, its `sentences` and where each starts and ends (`sentence_breaks`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field

from xagent.evaluation.rows import whole


class Gold(BaseModel):
    """An answer as it stands in its paragraph."""

    text: str
    start: int = Field(alias="answer_start")
    """Characters of the paragraph before it, as the file says: not every data set counts right."""


@dataclass(frozen=True)
class Question:
    """A question, its answers and the paragraph that they stand in."""

    id: str
    question: str
    answers: tuple[Gold, ...]
    paragraph: str
    """Which article and which paragraph of it, from 0: "12.4". Parallel files number alike."""
    context: str
    """The paragraph's text."""
    title: str
    """The article's; empty where the file has none."""
    sentences: tuple[str, ...] = ()
    """The paragraph's, where the file has them."""
    sentence_breaks: tuple[tuple[int, int], ...] = ()
    """Where each of them starts and ends in `context`, in characters."""


def read(path: Path) -> Iterator[Question]:
    """The questions of a file in its order. Raises InputError naming the file and the field that is wrong."""
    for position, article in enumerate(whole(path, _File).data):
        for number, paragraph in enumerate(article.paragraphs):
            for asked in paragraph.qas:
                yield Question(
                    id=asked.id,
                    question=asked.question,
                    answers=asked.answers,
                    paragraph=f"{position}.{number}",
                    context=paragraph.context,
                    title=article.title,
                    sentences=paragraph.sentences,
                    sentence_breaks=paragraph.sentence_breaks,
                )


class _Asked(BaseModel):
    id: str
    question: str
    answers: tuple[Gold, ...] = ()


class _Paragraph(BaseModel):
    context: str
    qas: tuple[_Asked, ...]
    sentences: tuple[str, ...] = ()
    sentence_breaks: tuple[tuple[int, int], ...] = ()


class _Article(BaseModel):
    title: str = ""
    paragraphs: tuple[_Paragraph, ...]


class _File(BaseModel):
    data: tuple[_Article, ...]
