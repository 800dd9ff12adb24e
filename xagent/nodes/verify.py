"""Is each quotation really there? Nothing that is not goes on to the reader."""

from langgraph.runtime import Runtime

from xagent.context import Context
from xagent.state import Citation, Quotation, State, Verdict
from xagent.store import Store

ANSWERED = 0.15
"""The score of a quotation from which the question counts as answered, not in part."""


def verify(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """Keep the quotations that stand in their document at just these offsets, and judge what is left."""
    store = runtime.context.opened
    kept = tuple(quotation for quotation in state.quotations if stands(quotation, store))
    verdict, reason = _judge(state, kept)
    return {
        "quotations": kept,
        "citations": tuple(_citation(n, quotation) for n, quotation in enumerate(kept, start=1)),
        "verdict": verdict,
        "reason": reason,
    }


def stands(quotation: Quotation, store: Store) -> bool:
    """Whether the document, as the store holds it now, says this at this place."""
    said = store.catalog.quotation(quotation.passage.key, quotation.start, quotation.end)
    return bool(said) and said == quotation.text


def _judge(state: State, kept: tuple[Quotation, ...]) -> tuple[Verdict, str]:
    if not state.hits:
        return "abstained", "nothing was found"
    if not state.quotations:
        return "abstained", "no sentence found covers the question well enough"
    if not kept:
        return "abstained", "no quotation could be verified"
    if kept[0].score < ANSWERED:
        return "partial", "the best sentence covers the question in part"
    return "answered", "the best sentence covers the question"


def _citation(n: int, quotation: Quotation) -> Citation:
    passage = quotation.passage
    return Citation(
        n=n,
        source=passage.source,
        title=passage.title,
        language=passage.language,
        quote=quotation.text,
        start=quotation.start,
        end=quotation.end,
        verified=True,
    )
