"""Which passages could answer: every language at once, by text and by vector, with a fair share for each.

Rankings are fused by rank, within a language and over all (rankings.py, fusion.py). Passages that say the
same become one (candidates.py, siblings.py), and places are shared out between languages (quotas.py).
"""

from collections.abc import Collection, Sequence

from xagent.candidates import Candidates
from xagent.found import Cut, Found, Hit, Share, Sibling
from xagent.quotas import Entry, fair
from xagent.rankings import ALL_PASSAGES, DEPTH, Place, Query, rankings
from xagent.store import Store

__all__ = ["DEPTH", "Cut", "Found", "Hit", "Place", "Query", "Share", "Sibling", "best", "search"]

MORE = 5
"""Candidates looked at beyond one and a half times those wanted, since some will be copies of others."""


def search(
    store: Store,
    queries: Sequence[Query],
    *,
    k: int = 10,
    languages: Collection[str] = (),
    documents: Collection[str] = (),
) -> Found:
    """The `k` best passages for a question, among the `languages` and `documents` given or all there are.

    The first query is the question as it was asked; the others add to what it finds. Half of the places are
    for the best, half are shared out between the languages that have relevant evidence.
    """
    keys = store.catalog.keys_of(documents) if documents else ALL_PASSAGES
    held = keys if documents else store.languages()
    there = [code for code in held if not languages or code in languages]
    candidates = Candidates(store, queries, rankings(store, queries, there, keys))
    wanted = min(k + k // 2 + MORE, len(candidates.entries))
    while len(standing := candidates.merged(wanted)) < k and wanted < len(candidates.entries):
        wanted = min(2 * wanted, len(candidates.entries))
    return candidates.found(standing, k)


def best(hits: Sequence[Hit], most: int) -> tuple[Hit, ...]:
    """Those few of the hits, given best first, that a model is to read, by the same fair shares."""
    entries = [Entry(hit.passage.key, hit.passage.language, hit.relevant) for hit in hits]
    chosen = fair(entries, most)
    return tuple(hit for hit in hits if hit.passage.key in chosen)
