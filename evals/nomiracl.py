r"""NoMIRACL: does it say that it does not know, when none of ten passages answers, and answer when one does?

Thakur et al. 2024, "Knowing When You Don't Know: A Multilingual Relevance Assessment Dataset for Robust
Retrieval-Augmented Generation", https://arxiv.org/abs/2312.11361 (Apache-2.0). Questions by speakers of
eighteen languages, each with ten passages of their Wikipedia that people judged.

    {"query_id": "4272508-0", "docids": ["4038302#4", ...], "template": "vanilla",
     "prompt": "...\n\nQUESTION:\n欧洲有哪些唱歌比赛？\n\nCONTEXTS:\n[1] 欧洲歌唱大赛: ...\n\nOUTPUT:\n"}

Get the folder `results/baselines` of https://github.com/project-miracl/nomiracl, with `relevant` and
`non_relevant` in it: up to 250 questions for each language and subset, of which some were published without
their prompt (null). Those have no question to ask, and are left out.

Both subsets are asked, unless a setting names one. `hallucination` is the share of questions answered
although no passage answers them, `error` that of the others not answered: lower is better. The paper asks
only whether an answer is there; here the question itself is asked, and to abstain is to say "I don't know".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, model_validator

from xagent.errors import InputError
from xagent.evaluation.rows import rows
from xagent.evaluation.samples import Document, Sample, Suite
from xagent.evaluation.scorers.abstention import abstains_wrongly
from xagent.evaluation.scorers.grounding import grounded
from xagent.evaluation.scorers.language import right_language
from xagent.evaluation.scorers.miracl import hallucinates

_PROMPT = re.compile(r".*?QUESTION:\n(.*?)\n\nCONTEXTS:\n(.*)\n\nOUTPUT:\n", re.DOTALL)
# fmt: off
_LANGUAGES = ("ar", "bn", "de", "en", "es", "fa", "fi", "fr", "hi", "id", "ja", "ko", "ru", "sw", "te", "th",
              "yo", "zh")
# fmt: on
_SUBSETS = ("non_relevant", "relevant")
_NUMBER = re.compile(r"(?:\A|\n\n)\[([0-9]+)\] ")


class Prompt(BaseModel):
    """What a model was asked."""

    question: str
    passages: tuple[str, ...]


def parsed(prompt: str | None) -> Prompt | None:
    """The question and the passages in the text of a prompt. Raises ValueError where it has another shape."""
    if prompt is None:
        return None
    found = _PROMPT.fullmatch(prompt)
    before, *parts = _NUMBER.split(found[2]) if found else [""]
    if not found or before or parts[::2] != [str(number + 1) for number in range(len(parts) // 2)]:
        raise ValueError("not a question and passages numbered from 1")
    return Prompt(question=found[1], passages=tuple(parts[1::2]))


class Row(BaseModel):
    """A question and its passages."""

    query_id: str
    docids: tuple[str, ...]
    prompt: Annotated[Prompt | None, BeforeValidator(parsed)]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.prompt and len(self.prompt.passages) != len(self.docids):
            raise ValueError(f"{len(self.docids)} docids, {len(self.prompt.passages)} passages in the prompt")
        return self


@dataclass(frozen=True)
class Asked:
    """A row with a prompt."""

    id: str
    language: str
    question: str
    passages: dict[str, str]
    """Texts by name."""


def asked(data: Path, subset: str) -> Iterator[Asked]:
    """The rows of a subset that have a prompt. Raises InputError where there is no file of them."""
    paths = sorted((data / subset).glob("*.jsonl*"))
    if not paths:
        raise InputError(f"{data} has no {subset}/*.jsonl; --data names the folder around {subset}")
    for path in paths:
        language = path.name.split(".")[0]
        for row in rows(path, Row):
            if row.prompt:
                # Subsets cut long passages at different places, so each has its own.
                names = [f"{subset}-{language}-{docid.replace('#', '-')}" for docid in row.docids]
                texts = dict(zip(names, row.prompt.passages, strict=True))
                yield Asked(row.query_id, language, row.prompt.question, texts)


def load(data: Path, setting: str) -> Iterator[Sample]:
    """The questions of a subset or of both, each with its own ten passages."""
    for subset in _subsets(setting):
        for row in asked(data, subset):
            yield Sample(
                id=f"{subset}-{row.language}-{row.id}",
                question=row.question,
                language=row.language,
                setting=subset,
                documents=tuple(row.passages),
                evidence_language=row.language,
                answerable=subset == "relevant",
            )


def _subsets(setting: str) -> tuple[str, ...]:
    return (setting,) if setting else _SUBSETS


def corpus(data: Path, setting: str) -> Iterator[Document]:
    """The passages of a subset or of both, each once; they start with their title, as in the prompt."""
    there: set[str] = set()
    for row in chain.from_iterable(asked(data, subset) for subset in _subsets(setting)):
        for name, text in row.passages.items():
            if name not in there:
                there.add(name)
                yield Document(id=name, text=text, language=row.language)


suite = Suite(
    name="nomiracl",
    load=load,
    corpus=corpus,
    settings=("", *_SUBSETS),
    scorers={
        "hallucination": hallucinates,
        "error": abstains_wrongly,
        "right_language": right_language,
        "grounded": grounded,
    },
    headline=("hallucination", "error"),
    languages=_LANGUAGES,
)
