"""Which passages could hold the answer?"""

from collections.abc import Sequence

from langgraph.runtime import Runtime

from xagent.context import Context
from xagent.languages import detect
from xagent.neighbours import pieces
from xagent.passages import Passage
from xagent.retrieval import Found, Hit, Query, best, search
from xagent.state import State

MOST_CARRIED = 3
"""Times `max_passages` that a conversation may come to have before it; then it starts afresh."""

ON_SUBJECT = 3
"""The best passages for a follow-up: of what was read before when that has one of their sources."""


def retrieve(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """The best passages of the languages to be searched, and those of them that a model is to read."""
    context = runtime.context
    hits = _found(state, context).hits
    chosen = to_read(context, hits)
    return {"hits": hits, "evidence": chosen if state.rewordings else read_on(state.evidence, chosen)}


def _found(state: State, context: Context) -> Found:
    language = state.question_language.code
    queries = (Query(state.query, language), *state.translations, *_reworded(state, context))
    searched = context.searched(language)
    if not searched:
        return Found((), queries)
    return search(context.opened, queries, k=context.k, languages=searched, documents=context.documents)


def _reworded(state: State, context: Context) -> list[Query]:
    """Each other way to put it, in the language it is put in."""
    there = tuple(context.opened.languages())
    return [Query(text, detect(text, there).code, "rewording") for text in state.rewordings]


def to_read(context: Context, hits: Sequence[Hit]) -> tuple[Passage, ...]:
    """What of the hits, given best first, a model is to read: the best by fair shares, in pieces."""
    chosen = best(hits, context.max_passages)
    return pieces(context.opened.catalog, [(hit.passage, *hit.joined) for hit in chosen])


def read_on(before: tuple[Passage, ...], chosen: tuple[Passage, ...]) -> tuple[Passage, ...]:
    """What was read before stays in its place, and what is new comes after it, until that is too much.

    A server then has most of a follow-up's prompt in its cache. On the same subject a few new passages do.
    """
    sources = {passage.source for passage in before}
    same = any(passage.source in sources for passage in chosen[:ON_SUBJECT])
    new = [passage for passage in chosen[: ON_SUBJECT if same else None] if not _is_in(passage, before)]
    return (*before, *new) if len(before) + len(new) <= MOST_CARRIED * len(chosen) else chosen


def _is_in(passage: Passage, before: Sequence[Passage]) -> bool:
    """Whether all of a passage was read, alone or in a longer piece."""
    return any(
        one.source == passage.source and one.start <= passage.start and passage.end <= one.end
        for one in before
    )
