"""Which sentences of the evidence answer the question best, and do they answer it at all?"""

from collections.abc import Sequence
from dataclasses import dataclass

from langgraph.runtime import Runtime

from xagent.context import Context
from xagent.evidence import NUMBER_BONUS, Asked, Bearing, bearing, take_apart
from xagent.retrieval import Hit
from xagent.sentences import split_sentences
from xagent.state import Quotation, State
from xagent.store import Store
from xagent.writer import indexed_text

# Weights of what tells a question that a passage answers from one that it does not, fitted by logistic
# regression on XQuAD questions with and without their article (`benchmarks/abstention.py`).
MARGIN, COVERAGE, NAME_MISSING, ENOUGH = 0.1, 4.4, -2.0, 2.4

# Across languages only names can match: nats of longer runs from which nine in ten unanswerable
# questions are turned away (the same benchmark).
ENOUGH_NAMES = 22.0

SAME_LANGUAGE = 1.2
"""The advantage of evidence the reader can read: it is preferred when it is as good."""

AS_GOOD = 0.7
"""A further passage or sentence is quoted when it scores at least this share of the best."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage and how it bears on the question."""

    hit: Hit
    bearing: Bearing
    readable: bool
    """In the language of the question."""

    @property
    def rank(self) -> float:
        """What candidates are ordered by."""
        return self.bearing.matched * SAME_LANGUAGE if self.readable else self.bearing.named


def quote(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """The one to three sentences that answer best; none, when no passage bears on the question enough."""
    store = runtime.context.opened
    asked = take_apart(state.question, state.question_language.code)
    candidates = _candidates(state, asked, store)
    chosen = _answering(candidates)
    sentences = [sentence for one in chosen for sentence in _sentences(one, asked, store)]
    return {"quotations": tuple(_best(sentences, runtime.context.max_quotes))}


def _candidates(state: State, asked: Asked, store: Store) -> list[Candidate]:
    """Every passage retrieved, the one that bears most on the question first."""
    candidates = [
        Candidate(
            hit,
            bearing(asked, indexed_text(hit.passage), store.lexical.of(hit.passage.language).rarity),
            hit.passage.language == state.question_language.code,
        )
        for hit in state.hits
    ]
    return sorted(candidates, key=lambda candidate: -candidate.rank)


def _answering(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The best candidates that answer, or none."""
    accepted = [one for one in candidates if _answers(one, candidates)]
    return [one for one in accepted if one.rank >= AS_GOOD * accepted[0].rank][:3]


def _answers(one: Candidate, candidates: Sequence[Candidate]) -> bool:
    if not one.readable:
        return one.bearing.named >= ENOUGH_NAMES
    rivals = [
        other.bearing.matched
        for other in candidates
        if other.readable and other.hit.passage.source != one.hit.passage.source
    ]
    margin = one.bearing.matched - max(rivals, default=0.0)
    score = MARGIN * margin + COVERAGE * one.bearing.coverage + NAME_MISSING * one.bearing.name_missing
    return score >= ENOUGH


def _sentences(candidate: Candidate, asked: Asked, store: Store) -> list[Quotation]:
    """The sentences of a passage; what its title and heading share with the question counts for each."""
    passage = candidate.hit.passage
    rarity = store.lexical.of(passage.language).rarity
    sentences = []
    for start, end in split_sentences(passage.text, passage.language):
        text = passage.text[start:end]
        shared = bearing(asked, f"{passage.title}\n{passage.heading}\n{text}", rarity)
        bonus = NUMBER_BONUS if asked.number and any(map(str.isdigit, text)) else 1.0
        score = (shared.coverage + candidate.bearing.coverage) / 2 * bonus
        at = passage.start
        sentences.append(Quotation(passage, at + start, at + end, text, min(1.0, score)))
    return sentences


def _best(sentences: Sequence[Quotation], most: int) -> list[Quotation]:
    ordered = sorted(sentences, key=lambda quotation: -quotation.score)
    return [one for one in ordered if one.score >= AS_GOOD * ordered[0].score][:most]
