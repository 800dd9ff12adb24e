"""Which passages could hold the answer?"""

from langgraph.runtime import Runtime

from xagent.context import Context
from xagent.retrieval import search
from xagent.state import State


def retrieve(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """The best passages of all languages chosen."""
    context = runtime.context
    hits = search(
        context.opened,
        state.question,
        language=state.question_language.code,
        k=context.k,
        languages=context.languages,
    )
    return {"hits": tuple(hits)}
