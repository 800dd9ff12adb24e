"""Should the model reason in English first, or in the reader's language throughout?"""

import asyncio
from collections import Counter

from langgraph.runtime import Runtime

from xagent.context import Context
from xagent.decisions import LIKELY, NoDecisions, decide, prefix
from xagent.errors import ModelError
from xagent.nodes.bridge import named
from xagent.pivots import Route, choose
from xagent.prompts import fenced, prompt
from xagent.question import asks_number
from xagent.replies import Choice
from xagent.state import State

STEP = "pivot"
"""The prompt, and the step that its call is counted as."""

PATIENCE = 15.0
"""Seconds that the model's choice is waited for."""

_HELPS = "Would it help to reason in English first?"


async def pivot(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """The language to reason in, and why, after the policy of `xagent.pivots`.

    By the policy 'model' the model is asked, in one call more; where it fails, or there is nothing to
    choose, the rules decide.
    """
    context = runtime.context
    # The rules are read from files: not in the event loop.
    route = await asyncio.to_thread(_by_rules, state, context.pivot)
    if context.pivot == "model" and state.evidence and state.answer_language not in ("en", "und"):
        route = await _chosen(state, context, route)
    return {"pivot": route.pivot, "because": route.because}


def _by_rules(state: State, policy: str) -> Route:
    languages = [passage.language for passage in state.evidence]
    number = asks_number(state.query, state.question_language.code)
    return choose(policy, state.answer_language, languages, number)


async def _chosen(state: State, context: Context, otherwise: Route) -> Route:
    """What the model holds better; what the rules say where it fails."""
    try:
        async with context.budget.aside(PATIENCE, "choosing the language to reason in"):
            return await _asked(state, context)
    except ModelError as error:
        return Route(otherwise.pivot, f"The model did not choose ({error}), so: {otherwise.because}")


async def _asked(state: State, context: Context) -> Route:
    """What the model holds better. Raises ModelError."""
    values = await asyncio.to_thread(_values, state)
    try:
        text = prefix(await asyncio.to_thread(prompt, STEP, values))
        likely = (await decide(context, STEP, text, {"english": _HELPS}))["english"]
        because = f"The model holds it {likely:.0%} probable that reasoning in English first helps."
        return Route("english" if likely >= LIKELY else "direct", because)
    except NoDecisions:
        if (await context.ask(STEP, Choice, values)).english:
            return Route("english", "The model says that reasoning in English first helps.")
        return Route("direct", "The model says that reasoning in English first does not help.")


def _values(state: State) -> dict[str, str]:
    """What the prompt is filled in with; passages of an unknown language tell nothing."""
    counted = Counter(one.language for one in state.evidence if one.language != "und")
    return {
        "language": named(state.answer_language),
        "languages": ", ".join(named(code) for code, _ in counted.most_common()) or "unknown",
        "question": fenced(state.query),
    }
