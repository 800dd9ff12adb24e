"""Which sentences of the evidence answer the question best, and do they answer it at all?"""

from collections.abc import Sequence
from dataclasses import dataclass

from langgraph.runtime import Runtime

from xagent.context import Context
from xagent.evidence import Asked, Bearing, bearing, take_apart
from xagent.retrieval import Hit
from xagent.sentences import split_sentences
from xagent.state import Claim, Quotation, State
from xagent.store import Store
from xagent.writer import indexed_text

# What tells a question that a passage answers from one that it does not: weights after logistic regressions
# on XQuAD's questions, with and without the article they are about; the thresholds were set on the sample.
# `benchmarks/abstention.py` and `xagent eval sample` show what they do.
MARGIN, COVERAGE, NAME_MISSING, ENOUGH = 0.54, 7.1, -1.5, 4.2

# Across languages, where at best the lexicon knows a word, what counts is to stand out among the others, or
# to have what can only be a name.
SHARE_MARGIN, MATCHED, ENOUGH_ACROSS, ENOUGH_NAMED = 20.0, 0.2, 4.0, 4.3

SAME_LANGUAGE = 1.2
"""The advantage of evidence the reader can read: it is preferred when it is as good."""

AS_GOOD = 0.5
"""A further passage is quoted from when it bears on the question at least this much as the best."""

ALSO_QUOTED = 0.65
"""A further sentence is quoted when it scores at least this share of the best."""

# What a sentence gains from the one before it, the one after it, a number in it when one is asked for, and
# its passage: "he" and "there" stand for what was named before (fitted on XQuAD's sentences).
BEFORE, AFTER, NUMBER, PASSAGE = 0.1, 0.11, 0.27, 0.5
_MOST = 1 + BEFORE + AFTER + NUMBER + PASSAGE


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage and how it bears on the question."""

    hit: Hit
    asked: Asked
    """The question, as the passage's language says it."""
    bearing: Bearing
    readable: bool
    """In the language of the question."""

    @property
    def rank(self) -> float:
        """What candidates are ordered by."""
        return self.bearing.matched * (SAME_LANGUAGE if self.readable else 1.0)


def quote(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """The one to three sentences that answer best; none, when no passage bears on the question enough."""
    store = runtime.context.opened
    chosen = _answering(_candidates(state, store))
    sentences = [sentence for one in chosen for sentence in _sentences(one, store)]
    best = _best(sentences, runtime.context.max_quotes)
    return {"claims": tuple(Claim("", (quotation,)) for quotation in best)}


def _candidates(state: State, store: Store) -> list[Candidate]:
    """Every passage retrieved, the one that bears most on the question first."""
    own = state.question_language.code
    languages = {hit.passage.language for hit in state.hits}
    asked = {code: take_apart(store.lexicon, state.question, own, code) for code in languages}
    candidates = []
    for hit in state.hits:
        language = hit.passage.language
        rarity = store.lexical.of(language).rarity
        bears = bearing(asked[language], indexed_text(hit.passage), rarity)
        candidates.append(Candidate(hit, asked[language], bears, language == own))
    return sorted(candidates, key=lambda candidate: -candidate.rank)


def _answering(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The best candidates that answer, or none."""
    accepted = [one for one in candidates if _answers(one, candidates)]
    return [one for one in accepted if one.rank >= AS_GOOD * accepted[0].rank][:3]


def _answers(one: Candidate, candidates: Sequence[Candidate]) -> bool:
    rivals = [
        other
        for other in candidates
        if other.readable == one.readable and other.hit.passage.source != one.hit.passage.source
    ]
    bearing = one.bearing
    if not one.readable:
        margin = one.hit.coverage - max((other.hit.coverage for other in rivals), default=0.0)
        stands_out = SHARE_MARGIN * margin + MATCHED * bearing.matched >= ENOUGH_ACROSS
        return stands_out or bearing.named >= ENOUGH_NAMED
    margin = bearing.matched - max((other.bearing.matched for other in rivals), default=0.0)
    score = MARGIN * margin + COVERAGE * bearing.coverage + NAME_MISSING * bearing.name_missing
    return score >= ENOUGH


def _sentences(candidate: Candidate, store: Store) -> list[Quotation]:
    """The sentences of a passage, each with what it, its title and its neighbours share with the question."""
    passage, asked = candidate.hit.passage, candidate.asked
    rarity = store.lexical.of(passage.language).rarity
    above = f"{passage.title}\n{passage.heading}\n"
    spans = split_sentences(passage.text, passage.language)
    texts = [passage.text[start:end] for start, end in spans]
    alone = [bearing(asked, above + text, rarity).coverage for text in texts]
    return [
        Quotation(
            passage,
            passage.start + start,
            passage.start + end,
            text,
            _score(before, own, after, candidate.bearing.coverage, asked.number and _has_number(text)),
        )
        for (start, end), text, before, own, after in zip(
            spans, texts, [0.0, *alone], alone, [*alone[1:], 0.0], strict=False
        )
    ]


def _score(before: float, own: float, after: float, passage: float, number: bool) -> float:
    return (own + BEFORE * before + AFTER * after + PASSAGE * passage + NUMBER * number) / _MOST


def _has_number(text: str) -> bool:
    return any(map(str.isnumeric, text))


def _best(sentences: Sequence[Quotation], most: int) -> list[Quotation]:
    """The best sentences, those of one passage in the order they stand in."""
    ordered = sorted(sentences, key=lambda quotation: -quotation.score)
    kept = [one for one in ordered if one.score >= ALSO_QUOTED * ordered[0].score][:most]
    first = {one.passage.key: n for n, one in reversed(list(enumerate(kept)))}
    return sorted(kept, key=lambda quotation: (first[quotation.passage.key], quotation.start))
