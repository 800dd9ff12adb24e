"""What the graph carries from node to node. Each field says which node sets it."""

from dataclasses import dataclass, field
from typing import Literal

from xagent.languages import Detection
from xagent.passages import Passage
from xagent.retrieval import Hit

Verdict = Literal["answered", "partial", "abstained"]


@dataclass(frozen=True, slots=True)
class Quotation:
    """A stretch of a passage's document that is offered as (part of) an answer."""

    passage: Passage
    start: int
    end: int
    text: str
    score: float
    """How well it answers, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A quotation as the reader gets it. `quote` is the source's text from `start` to `end`."""

    n: int
    source: str
    title: str
    language: str
    quote: str
    start: int
    end: int
    verified: bool


@dataclass(frozen=True)
class Input:
    """What a caller gives."""

    question: str
    language: str = ""
    """The language to answer in; empty for the question's own."""


@dataclass(frozen=True)
class State(Input):
    """Everything; a node returns the fields it sets."""

    question_language: Detection = field(default_factory=lambda: Detection("und", "Zyyy", 0.0))
    """detect"""
    answer_language: str = "und"
    """detect; enforce, when there is no way to speak it"""
    hits: tuple[Hit, ...] = ()
    """retrieve"""
    quotations: tuple[Quotation, ...] = ()
    """quote; verify keeps those that hold"""
    citations: tuple[Citation, ...] = ()
    """verify"""
    verdict: Verdict = "abstained"
    """verify"""
    reason: str = ""
    """verify: why, in English, for logs and programs"""
    text: str = ""
    """enforce: what the reader sees, all of it in the answer's language but the quotations"""
