"""How is the question asked in the languages of the documents, where it has to be?"""

import asyncio
import json
from collections.abc import Mapping, Sequence

from langgraph.runtime import Runtime

from xagent.bridging import Decision, decide, usable
from xagent.context import Context
from xagent.errors import ModelError
from xagent.languages import language
from xagent.prompts import fenced
from xagent.rankings import Query
from xagent.replies import Bridge, Translated
from xagent.reply_cache import ReplyCache
from xagent.state import State

PATIENCE = 20.0
"""Seconds that translations are waited for."""


async def bridge(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """The question in the documents' languages, to search with beside the question and never instead of it.

    Only where that pays, and why, is in `bridging`; what the same question was before is not asked again. A
    model that fails here costs the translations, not the answer.
    """
    context = runtime.context
    decision = await asyncio.to_thread(_decided, state, context)
    if not decision.languages:
        return {"bridging": f"no: {decision.because}", "translations": ()}
    try:
        found = await _translated(state.query, decision.languages, context)
    except ModelError as error:
        return {"bridging": f"failed: {error}", "translations": ()}
    queries = (Query(text, code, "translation", frozenset({code})) for code, text in found.items())
    into = ", ".join(found) or "nothing that can be used"
    return {"bridging": f"into {into}: {decision.because}", "translations": tuple(queries)}


def _decided(state: State, context: Context) -> Decision:
    store, own = context.opened, state.question_language.code
    searched = context.searched(own)
    return decide(context.bridge, store, state.query, own, searched, documents=context.documents)


async def _translated(question: str, languages: Sequence[str], context: Context) -> Mapping[str, str]:
    """The question by language, kept from before or asked for in one call. Raises ModelError."""
    cache = ReplyCache(context.opened.path)
    asked = ("bridge", await asyncio.to_thread(lambda: context.model.name), question, *languages)
    if kept := await asyncio.to_thread(cache.get, *asked):
        pairs = (Translated(language=code, text=text) for code, text in json.loads(kept).items())
        return usable(tuple(pairs), languages, question)
    found = usable((await _reply(question, languages, context)).translations, languages, question)
    if found:
        await asyncio.to_thread(cache.put, json.dumps(found, ensure_ascii=False), *asked)
    return found


async def _reply(question: str, languages: Sequence[str], context: Context) -> Bridge:
    """What the model says. Raises ModelError, also where it takes more than this step may cost."""
    values = {"question": fenced(question), "languages": ", ".join(map(named, languages))}
    async with context.budget.aside(PATIENCE, "translating the question"):
        return await context.ask("bridge", Bridge, values)


def named(code: str) -> str:
    """A language as a prompt names it: `Swahili (sw)`."""
    return f"{language(code).name} ({code})"
