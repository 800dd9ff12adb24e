"""The answer as callers get it: `ask --json` prints just these keys."""

from pydantic import BaseModel, ConfigDict

from xagent.budget import Budget
from xagent.context import Context
from xagent.state import State, Verdict


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class QuestionLanguage(_Record):
    """What language the question is in, and how sure that is (0 to 1)."""

    code: str
    script: str
    confidence: float


class AnswerCitation(_Record):
    """A quotation with its place: `quote` is the source's text from `start` to `end`, in characters."""

    n: int
    source: str
    title: str
    language: str
    quote: str
    start: int
    end: int
    verified: bool


class RetrievedPassage(_Record):
    """A passage that was retrieved; `score` is comparable within one answer only."""

    id: str
    source: str
    language: str
    score: float
    text: str


class Usage(_Record):
    """What the models were asked: calls, and tokens in and out."""

    model_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Answer(_Record):
    """What was asked, what is answered, and on what evidence."""

    question: str
    question_language: QuestionLanguage
    language: str
    """The language of `text`."""
    text: str
    verdict: Verdict
    reason: str
    citations: tuple[AnswerCitation, ...]
    passages: tuple[RetrievedPassage, ...]
    usage: Usage
    timings: dict[str, float]
    """Milliseconds by node, and by `model:STEP` what of them went into the model."""
    graph: str
    model: str | None


def make_answer(state: State, graph: str, timings: dict[str, float], context: Context) -> Answer:
    """The answer that a graph's last state amounts to, and what it cost."""
    found = state.question_language
    return Answer(
        question=state.question,
        question_language=QuestionLanguage(
            code=found.code, script=found.script, confidence=round(found.confidence, 4)
        ),
        language=state.answer_language,
        text=state.text,
        verdict=state.verdict,
        reason=state.reason,
        citations=tuple(
            AnswerCitation(
                n=c.n, source=c.source, title=c.title, language=c.language,
                quote=c.quote, start=c.start, end=c.end, verified=c.verified,
            )
            for c in state.citations
        ),
        passages=tuple(
            RetrievedPassage(
                id=hit.passage.id,
                source=hit.passage.source,
                language=hit.passage.language,
                score=round(hit.score, 6),
                text=hit.passage.text,
            )
            for hit in state.hits
        ),
        usage=_usage(context.budget),
        timings=timings | _model_milliseconds(context.budget),
        graph=graph,
        model=context.model.name if context.budget.spent else None,
    )  # fmt: skip


def _usage(budget: Budget) -> Usage:
    return Usage(
        model_calls=len(budget.spent),
        prompt_tokens=sum(call.prompt_tokens for call in budget.spent),
        completion_tokens=sum(call.completion_tokens for call in budget.spent),
    )


def _model_milliseconds(budget: Budget) -> dict[str, float]:
    spent: dict[str, float] = {}
    for call in budget.spent:
        key = f"model:{call.step}"
        spent[key] = round(spent.get(key, 0.0) + call.milliseconds, 2)
    return spent
