"""Which passages could hold the answer?"""

from collections.abc import Sequence

from langgraph.runtime import Runtime

from xagent.context import Context
from xagent.fusion import reciprocal_rank_fusion
from xagent.languages import detect
from xagent.passages import Passage
from xagent.retrieval import Hit, search
from xagent.state import State

MOST_CARRIED = 3
"""Times `max_passages` that a conversation may come to have before it; then it starts afresh."""

ON_SUBJECT = 3
"""The best passages for a follow-up: of what was read before when that has one of their sources."""

Hits = tuple[Hit, ...]


def retrieve(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """The best passages of all languages chosen, and those of them that a model is to read."""
    context = runtime.context
    hits = _fused([_search(context, state.query, state.question_language.code), *_reworded(state, context)])
    chosen = balanced(hits, context.max_passages)
    return {"hits": hits, "evidence": chosen if state.rewordings else _read_on(state.evidence, chosen)}


def _reworded(state: State, context: Context) -> list[Hits]:
    """A search for each other way to put it, in the language it is put in."""
    there = tuple(context.opened.languages())
    return [_search(context, query, detect(query, there).code) for query in state.rewordings]


def _search(context: Context, query: str, language: str) -> Hits:
    found = search(context.opened, query, language=language, k=context.k, languages=context.languages)
    return tuple(found)


def _fused(searches: Sequence[Hits]) -> Hits:
    """The searches as one by their ranks; the question as it was asked counts as much as any rewording."""
    if len(searches) == 1:
        return searches[0]
    by_key = {hit.passage.key: hit for hits in reversed(searches) for hit in hits}
    rankings = [[hit.passage.key for hit in hits] for hits in searches]
    ranked = reciprocal_rank_fusion(rankings, [1.0] * len(rankings))
    return tuple(by_key[key] for key, _ in ranked)[: max(map(len, searches))]


def balanced(hits: Hits, most: int) -> tuple[Passage, ...]:
    """Half of the places to the best passages, the rest to the best of each language not among them yet."""
    first = hits[: (most + 1) // 2]
    seen = {hit.passage.language for hit in first}
    others: dict[str, Hit] = {}
    for hit in hits[len(first) :]:
        if hit.passage.language not in seen:
            others.setdefault(hit.passage.language, hit)
    chosen = [*first, *list(others.values())[: most - len(first)]]
    rest = [hit for hit in hits if hit not in chosen][: most - len(chosen)]
    return tuple(hit.passage for hit in (*chosen, *rest))


def _read_on(before: tuple[Passage, ...], chosen: tuple[Passage, ...]) -> tuple[Passage, ...]:
    """What was read before stays in its place, and what is new comes after it, until that is too much.

    A server then has most of a follow-up's prompt in its cache. On the same subject a few new passages do.
    """
    sources = {passage.source for passage in before}
    same = any(passage.source in sources for passage in chosen[:ON_SUBJECT])
    known = {passage.key for passage in before}
    new = [passage for passage in chosen[: ON_SUBJECT if same else None] if passage.key not in known]
    return (*before, *new) if len(before) + len(new) <= MOST_CARRIED * len(chosen) else chosen
