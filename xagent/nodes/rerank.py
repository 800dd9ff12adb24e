"""Which of the passages found answer best? Optional: the search's own order is the rule."""

import asyncio

from langgraph.runtime import Runtime

from xagent.context import Context
from xagent.errors import ModelError
from xagent.nodes.retrieve import read_on, to_read
from xagent.reranking import reranked
from xagent.state import State


async def rerank(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """The hits in the order of the reranker chosen, and of them what a model is to read.

    A reranker that fails leaves everything as the search had it, and `reranking` says so.
    """
    context = runtime.context
    if context.rerank == "none" or len(state.hits) < 2:
        return {"reranking": ""}
    try:
        order = await reranked(context, state.query, [hit.passage for hit in state.hits])
    except ModelError as error:
        return {"reranking": f"left as it was: {error}"}
    hits = tuple(state.hits[place] for place in order.places)
    chosen = await asyncio.to_thread(to_read, context, hits)
    evidence = chosen if state.rewordings else read_on(state.carried, chosen)
    return {"hits": hits, "evidence": evidence, "carried": (), "reranking": f"by {order.by}"}
