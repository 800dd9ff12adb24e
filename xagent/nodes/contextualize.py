"""What is a follow-up about, to somebody who has not heard the conversation?"""

from langgraph.runtime import Runtime

from xagent.confusion import confused
from xagent.context import Context
from xagent.errors import ModelError
from xagent.instructions import in_language
from xagent.prompts import fenced
from xagent.question import MAX_LENGTH
from xagent.replies import Standalone
from xagent.state import State, Turn

REMEMBERED = 4
"""Turns of the conversation that a follow-up may refer to."""


async def contextualize(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """The question as it stands alone, in its own language; as it was asked, when that is all there is.

    A model that fails here costs the question its context, not its answer.
    """
    if not state.history:
        return {"query": state.question}
    language = state.question_language.code
    try:
        reply = await runtime.context.ask(
            "contextualize",
            Standalone,
            {
                "conversation": "\n".join(map(_turn, state.history[-REMEMBERED:])),
                "question": fenced(state.question),
                "instruction": in_language(language, state.question_language.script),
            },
        )
    except ModelError as error:
        return {"query": state.question, "reason": str(error)}
    return {"query": _usable(reply.question, language) or state.question}


def _turn(turn: Turn) -> str:
    return f"<turn>\n{fenced(turn.question)}\n{fenced(turn.answer[:500])}\n</turn>"


def _usable(question: str, language: str) -> str:
    """The model's question, unless it is empty, endless or in another language than it was asked in."""
    text = question.strip()
    right = language == "und" or not confused(text, language)
    return text if right and len(text) <= MAX_LENGTH and any(map(str.isalnum, text)) else ""
