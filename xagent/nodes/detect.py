"""Which language is the question in, and which should the answer be in?"""

from langgraph.runtime import Runtime

from xagent import languages
from xagent.context import Context
from xagent.state import State, blank


def detect(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """The question's language, and the answer's: asked for, else the question's, else the conversation's.

    The languages of the store and of the conversation so far are evidence for short questions. What
    the question before left in the state is cleared away.
    """
    spoken = [turn.language for turn in reversed(state.history)]
    found = languages.detect(state.question, [*spoken, *runtime.context.opened.languages()])
    return {
        **blank(),
        "query": state.question,
        "carried": state.evidence if runtime.context.rerank != "none" else (),
        "question_language": found,
        "answer_language": _answer_language(state, found, spoken),
    }


def _answer_language(state: State, found: languages.Detection, spoken: list[str]) -> str:
    if state.language:
        return languages.language(state.language).code
    if found.code != "und":
        return found.code
    return spoken[0] if spoken else "und"
