"""Which language is the question in, and which should the answer be in?"""

from langgraph.runtime import Runtime

from xagent import languages
from xagent.context import Context
from xagent.state import State


def detect(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """The question's language, and the answer's: asked for, else the question's, else the conversation's.

    The languages of the store and of the conversation so far are evidence for short questions.
    """
    context = runtime.context
    found = languages.detect(state.question, [*context.conversation, *context.opened.languages()])
    return {"question_language": found, "answer_language": _answer_language(state, found, context)}


def _answer_language(state: State, found: languages.Detection, context: Context) -> str:
    if state.language:
        return languages.language(state.language).code
    if found.code != "und":
        return found.code
    return context.conversation[0] if context.conversation else "und"
