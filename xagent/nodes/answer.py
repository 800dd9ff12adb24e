"""What does the model say, and what does it say that on?"""

from collections.abc import Callable

from langgraph.runtime import Runtime

from xagent.context import Context
from xagent.errors import BudgetSpent, ReplyError
from xagent.instructions import in_language
from xagent.keeping import KeepTo
from xagent.prompts import fenced, passages_as_data
from xagent.replies import Draft, DraftClaim, ReasonedDraft, so_far
from xagent.state import State

ENGLISH_FIRST = 'First write "reasoning" in English, step by step. Then write the claims.'

AGAIN = (
    "Nothing in your reply before this one could be verified: copy quotes letter by letter, and claim no "
    "more than they say."
)


async def answer(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """The model's claims with their quotations; none when the evidence does not say.

    A reply that cannot be read, and a budget that is spent, are left to the graph as a `failure`.
    Raises EndpointError when there is no model to ask.
    """
    attempt = {"attempts": state.attempts + 1, "draft": ()}
    if not state.evidence:
        return attempt
    context = runtime.context
    seen: set[str] = set()

    def progress(text: str) -> None:
        for claim in _finished(text) if context.drafts else ():
            if claim not in seen:
                seen.add(claim)
                runtime.stream_writer({"draft": claim})

    try:
        return {**attempt, "draft": await _drafted(state, context, progress)}
    except (ReplyError, BudgetSpent) as error:
        return {**attempt, "failure": str(error)}


async def _drafted(state: State, context: Context, progress: Callable[[str], None]) -> tuple[DraftClaim, ...]:
    values, keep = drafting(state), kept_to(state)
    if state.pivot == "english":
        return (await context.ask("answer", ReasonedDraft, values, progress, keep)).claims
    return (await context.ask("answer", Draft, values, progress, keep)).claims


def kept_to(state: State) -> KeepTo | None:
    """The claims, but not their quotations, are to be in the reader's language."""
    return None if state.pivot == "translated" else KeepTo(state.answer_language, ("text",), state.script)


def drafting(state: State, reasoning: str = "") -> dict[str, str]:
    """What the prompt `answer` is filled in with."""
    language = "en" if state.pivot == "translated" else state.answer_language
    script = "" if state.pivot == "translated" else state.script
    return {
        "passages": passages_as_data(state.evidence),
        "question": fenced(state.query),
        "reasoning": reasoning or _reasoning(state),
        "instruction": in_language(language, script),
    }


def _reasoning(state: State) -> str:
    asked = ENGLISH_FIRST if state.pivot == "english" else "Write the claims."
    return f"{AGAIN} {asked}" if state.draft else asked


def _finished(text: str) -> list[str]:
    """The texts of claims that have arrived whole: a claim follows, or `disputed` does."""
    claims = so_far(text).get("claims")
    whole = [claim for claim in claims if isinstance(claim, dict)] if isinstance(claims, list) else []
    return [
        str(claim["text"])
        for n, claim in enumerate(whole, start=1)
        if "text" in claim and (n < len(whole) or "disputed" in claim)
    ]
