"""What a suite is made of: documents to answer from, and samples to ask."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from xagent.evaluation.records import Record


class Document(BaseModel):
    """A text of a suite's corpus."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """Its name in the store, and in `Sample.documents` and `Sample.relevant`."""
    text: str
    title: str = ""
    language: str = ""
    """Empty where the data does not say: it is detected."""


class Sample(BaseModel):
    """One question of a suite, and what is known of its answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """One in its suite, over all settings and languages."""
    question: str
    language: str
    """The question's."""
    answers: tuple[str, ...] = ()
    """Any one of them is right; none where the data has no gold answer."""
    answer_language: str = ""
    """The language to answer in; empty for the question's."""
    group: str = ""
    """What parallel questions share: the same one asked in several languages. Empty: it stands alone."""
    setting: str = ""
    """The suite's setting that it belongs to."""
    documents: tuple[str, ...] = ()
    """The documents to answer from; empty for the whole corpus."""
    languages: tuple[str, ...] = ()
    """The languages of the passages to answer from, as xagent tells them; empty for all."""
    relevant: tuple[str, ...] = ()
    """The documents that answer it, where the data says so."""
    evidence_language: str = ""
    """That of the relevant documents, where they have one in common."""
    stratum: str = ""
    """What its figures are told by, where that is not the question's language: `bem` for an English question
    that was asked in Bemba, `ary_Arab` for one in Moroccan Arabic."""
    answerable: bool = True
    """Whether the documents answer it."""
    options: tuple[str, ...] = ()
    """What to choose from, in a question of multiple choice."""
    facts: Mapping[str, str] = {}
    """What else the suite's own figures are worked out from."""

    @property
    def row(self) -> str:
        """Where it counts in tables: its stratum, or else its language."""
        return self.stratum or self.language


Scorer = Callable[["Record"], float | None]
"""Judges one answer, from 0 to 1; None where it has nothing to judge."""


def no_documents(_: Path, __: str) -> Iterator[Document]:
    """The corpus of a suite without one: its questions are answered from memory."""
    return iter(())


def no_figures(_: Sequence["Record"]) -> dict[str, float]:
    """The figures of a suite that has none but the means of its scorers."""
    return {}


@dataclass(frozen=True)
class Suite:
    """A benchmark: what to ingest, what to ask, and how to judge what comes of it.

    `load` and `corpus` get the path that `--data` names and one of the `settings`; they raise InputError,
    which names the file and the line of a bad row, and skip nothing.
    """

    name: str
    load: Callable[[Path, str], Iterable[Sample]]
    scorers: Mapping[str, Scorer]
    """By the name of their figure, the mean over languages of the mean in each."""
    headline: tuple[str, ...]
    """The figures to look at first, of `scorers` or `figures`."""
    settings: tuple[str, ...] = ("",)
    """Ways to run it; the first is taken unless another is named."""
    corpus: Callable[[Path, str], Iterable[Document]] = no_documents
    figures: Callable[[Sequence["Record"]], Mapping[str, float]] = no_figures
    """Figures that are no mean of scores: of pairs of answers, or of counts."""
    figure_names: tuple[str, ...] = ()
    """Theirs, for `--describe`."""
    languages: tuple[str, ...] = ()
    """Those the published data has, for `--describe`."""
    data: Path | None = None
    """Where its data lies, if it comes with xagent."""
