"""How else could one search for it?"""

import asyncio

from langgraph.runtime import Runtime

from xagent.bridging import largest
from xagent.context import Context
from xagent.errors import ModelError
from xagent.languages import language
from xagent.prompts import fenced
from xagent.question import MAX_LENGTH
from xagent.replies import Rewording
from xagent.state import State

MOST_LANGUAGES = 5
"""Languages of the documents that the question is put into, those with most passages."""


async def reword(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """The question in other words and in the documents' languages, to search with beside the question."""
    context = runtime.context
    languages = ", ".join(await asyncio.to_thread(_languages, context, state))
    try:
        values = {"question": fenced(state.query), "languages": languages}
        reply = await context.ask("reword", Rewording, values)
    except ModelError as error:
        return {"failure": str(error)}
    queries = dict.fromkeys(query.strip() for query in reply.queries)
    return {"rewordings": tuple(query for query in queries if _searchable(query) and query != state.query)}


def _languages(context: Context, state: State) -> list[str]:
    """Those with most passages, apart from what the question was translated into."""
    own = state.question_language.code
    searched = context.searched(own)
    there = {code for query in state.translations for code in query.within} | {"und"}
    wanted = [code for code in largest(context.opened, searched) if code not in there]
    return [language(code).name for code in wanted[:MOST_LANGUAGES]]


def _searchable(query: str) -> bool:
    return len(query) <= MAX_LENGTH and any(map(str.isalnum, query))
