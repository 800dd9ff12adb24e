"""Should the model reason in English first, or in the reader's language throughout?"""

from langgraph.runtime import Runtime

from xagent.context import Context
from xagent.pivots import choose
from xagent.question import asks_number
from xagent.state import State


def pivot(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """The language to reason in, and why, after the policy of `xagent.pivots`."""
    route = choose(
        runtime.context.pivot,
        state.answer_language,
        [passage.language for passage in state.evidence],
        asks_number(state.query, state.question_language.code),
    )
    return {"pivot": route.pivot, "because": route.because}
