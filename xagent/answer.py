"""The answer as callers get it: `ask --json` prints just these keys."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import BaseModel, ConfigDict, Field

from xagent.budget import Budget
from xagent.context import Context
from xagent.errors import XagentError
from xagent.state import State, Verdict
from xagent.statements import numbers


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


class AnswerClaim(_Record):
    """One statement of an answer, empty where quotations speak for themselves, and what it rests on."""

    text: str
    citations: tuple[int, ...]
    """The numbers of its citations."""
    disputed: bool = False


class ModelCall(_Record):
    """One request to a model: what was sent, and what came back."""

    step: str
    messages: tuple[tuple[str, str], ...]
    """Roles (`system`, `human`, `ai`) and texts; of decisions, the text and each question."""
    reply: str
    prompt_tokens: int
    completion_tokens: int
    milliseconds: float


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
    claims: tuple[AnswerClaim, ...] = Field(default=(), exclude=True, repr=False)
    """What `text` says, claim by claim; not in the JSON."""
    calls: tuple[ModelCall, ...] = Field(default=(), exclude=True, repr=False)
    """The requests to models that it took; not in the JSON."""
    waited: float = Field(default=0.0, exclude=True, repr=False)
    """Seconds that it waited for other questions' requests; not in the JSON."""


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
        claims=_claims(state),
        calls=model_calls(context.budget),
        waited=context.budget.waited,
    )  # fmt: skip


def model_calls(budget: Budget) -> tuple[ModelCall, ...]:
    """The requests that a question has made, in order."""
    return tuple(
        ModelCall(
            step=call.step, messages=call.messages, reply=call.reply, milliseconds=call.milliseconds,
            prompt_tokens=call.prompt_tokens, completion_tokens=call.completion_tokens,
        )
        for call in budget.spent
    )  # fmt: skip


@contextmanager
def handing_out_calls(budget: Budget) -> Iterator[None]:
    """An error that ends a question gets the calls that were made until then."""
    try:
        yield
    except XagentError as error:
        error.calls = model_calls(budget)
        raise


def _claims(state: State) -> tuple[AnswerClaim, ...]:
    number = numbers(state.claims)
    return tuple(
        AnswerClaim(
            text=claim.text,
            citations=tuple(number[quotation] for quotation in claim.quotations),
            disputed=claim.disputed,
        )
        for claim in state.claims
    )


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
