"""What are the question and the evidence in English?"""

from dataclasses import replace

from langgraph.runtime import Runtime

from xagent.context import Context
from xagent.errors import BudgetSpent, ReplyError
from xagent.passages import Passage
from xagent.prompts import fenced, passages_as_data
from xagent.replies import Translation
from xagent.state import State


async def translate(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """Question and evidence in English, in one call; what the model leaves out stays as it was.

    The method is CrossRAG (Ranaldi et al. 2025, arXiv 2504.03616).
    """
    if not state.evidence:
        return {"pivot": "translated"}
    try:
        values = {"passages": passages_as_data(state.evidence), "question": fenced(state.query)}
        reply = await runtime.context.ask("translate", Translation, values)
    except (ReplyError, BudgetSpent) as error:
        return {"failure": str(error)}
    english = {text.n: text.text for text in reply.texts if text.text.strip()}
    evidence = tuple(_in_english(one, english.get(n)) for n, one in enumerate(state.evidence, start=1))
    return {"pivot": "translated", "query": english.get(0, state.query), "evidence": evidence}


def _in_english(passage: Passage, text: str | None) -> Passage:
    return replace(passage, text=text, language="en", script="Latn") if text else passage
