"""What the graph carries from node to node. Each field says which node sets it."""

import dataclasses
from dataclasses import dataclass, field
from typing import Literal

from xagent.languages import Detection, language
from xagent.messages import chosen_script
from xagent.passages import Passage
from xagent.rankings import Place, Query
from xagent.replies import DraftClaim, Evidence
from xagent.retrieval import Hit, Sibling

Verdict = Literal["answered", "partial", "abstained"]


@dataclass(frozen=True, slots=True)
class Quotation:
    """A stretch of a passage's document; `text` is the document's from `start` to `end`."""

    passage: Passage
    start: int
    end: int
    text: str
    score: float = 1.0
    """How well it answers, from 0 to 1."""
    verified: bool = True
    """Whether it was found there, word for word."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement and the quotations it rests on. Without `text` the quotations speak for themselves."""

    text: str
    quotations: tuple[Quotation, ...]
    disputed: bool = False
    """Another source says otherwise, and that side is a claim too."""


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


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer, as a conversation remembers them."""

    question: str
    answer: str
    language: str


@dataclass(frozen=True)
class Input:
    """What a caller gives."""

    question: str
    language: str = ""
    """The language to answer in; empty for the question's own."""


@dataclass(frozen=True)
class State(Input):
    """Everything; a node returns the fields it sets."""

    history: tuple[Turn, ...] = ()
    """compose: the conversation so far"""
    evidence: tuple[Passage, ...] = ()
    """retrieve and rerank: what the model gets to read, numbered from 1; kept for the next question"""
    carried: tuple[Passage, ...] = ()
    """detect: the evidence of the question before, for rerank"""
    question_language: Detection = field(default_factory=lambda: Detection("und", "Zyyy", 0.0))
    """detect"""
    answer_language: str = "und"
    """detect; compose, when there is no way to speak it"""
    query: str = ""
    """contextualize: the question as it stands alone"""
    translations: tuple[Query, ...] = ()
    """bridge: the question in languages of the documents"""
    bridging: str = ""
    """bridge: whether it was translated, into what, and why"""
    rewordings: tuple[str, ...] = ()
    """reword: other ways to search"""
    hits: tuple[Hit, ...] = ()
    """retrieve; rerank puts them in another order; compose lets go of them"""
    reranking: str = ""
    """rerank: by what the hits were put in another order, or why not"""
    pivot: Literal["direct", "english", "translated"] = "direct"
    """pivot: the language to reason in; translate, when all is in English"""
    because: str = ""
    """pivot: why"""
    draft: tuple[DraftClaim, ...] = ()
    """answer: what the model says, not to be believed yet"""
    attempts: int = 0
    """answer: how often it was tried"""
    failure: str = ""
    """answer: why the model has no answer to give, when that is its fault"""
    claims: tuple[Claim, ...] = ()
    """quote, verify and trust; enforce says some of them again"""
    agreement: float = 1.0
    """vote: the share of voters behind the claims"""
    verdict: Verdict = "abstained"
    """verify and trust; enforce, when it cannot say all"""
    reason: str = ""
    """with the verdict: why, in English, for logs and programs"""
    notice: Literal["", "abstain_empty", "partial", "left_out", "wrong_language", "from_memory"] = ""
    """with the verdict: the message that goes with the answer"""
    citations: tuple[Citation, ...] = ()
    """compose"""
    text: str = ""
    """compose: what the reader sees, all of it in the answer's language but the quotations"""

    @property
    def script(self) -> str:
        """The script to answer in (ISO 15924), where the language has several; empty where any will do."""
        if self.answer_language == "und":
            return ""
        own = self.question_language.script if self.question_language.code == self.answer_language else ""
        scripts = language(self.answer_language).scripts
        script = chosen_script(self.language, own)
        return script if len(scripts) > 1 and script in scripts else ""


CARRIED = (
    Citation,
    Claim,
    Detection,
    DraftClaim,
    Evidence,
    Hit,
    Passage,
    Place,
    Query,
    Quotation,
    Sibling,
    Turn,
)
"""Every class that a State can have in it: those that are made again from a kept conversation."""


def blank() -> dict[str, object]:
    """Every field that one question must not inherit from the one before it in a conversation."""
    fresh, kept = State(""), {"question", "language", "history", "evidence"}
    return {f.name: getattr(fresh, f.name) for f in dataclasses.fields(State) if f.name not in kept}
