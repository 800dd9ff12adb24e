"""Which passages could answer: every language at once, dense and lexical, fused by rank."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from heapq import nsmallest
from itertools import chain
from typing import TypeVar

from xagent.catalog import Passage
from xagent.fusion import reciprocal_rank_fusion
from xagent.question import content_terms
from xagent.store import Store

DEPTH = 50
"""How far down each ranking is read before fusing."""

Found = TypeVar("Found")

# A search spends its time in Chroma and tantivy, which let go of Python's lock.
_POOL = ThreadPoolExecutor(max_workers=8, thread_name_prefix="xagent-search")


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found, and why."""

    passage: Passage
    score: float
    """Fused score: comparable within one search only."""
    dense_rank: int | None = None
    """Its place by vector over all languages, from 1."""
    lexical_rank: int | None = None
    """Its place by text over all languages, from 1."""
    coverage: float = 0.0
    """The share of the question's weight that the passage's text has, from 0 to 1."""

    def as_dict(self) -> dict[str, object]:
        """What was found and why, as plain values."""
        passage = {**asdict(self.passage), "id": self.passage.id}
        del passage["key"]
        reasons = {"score": self.score, "dense_rank": self.dense_rank, "lexical_rank": self.lexical_rank}
        return {**passage, **reasons, "coverage": self.coverage}


def search(
    store: Store, query: str, *, language: str = "und", k: int = 10, languages: Collection[str] = ()
) -> list[Hit]:
    """The `k` best passages for a query in `language`, among the `languages` given or all there are."""
    there = [code for code in store.languages() if not languages or code in languages]
    lexical = _lexical(store, content_terms(query, language), there)
    dense = _dense(store, query, there)
    rankings = [[key for key, _ in dense], [key for key, _ in lexical]]
    fused = reciprocal_rank_fusion(rankings, [store.embedder.weight, 1.0])
    return _hits(store, fused[: k + DEPTH], dense, lexical)[:k]


def _lexical(store: Store, terms: Sequence[str], languages: Sequence[str]) -> list[tuple[int, float]]:
    """Keys with the share of the query they cover, best first."""
    found = _each(lambda language: store.lexical.search(terms, language, DEPTH), languages)
    best = nsmallest(DEPTH, chain(*found), key=lambda match: -match.score)
    return [(match.key, match.score) for match in best]


def _dense(store: Store, query: str, languages: Sequence[str]) -> list[tuple[int, float]]:
    """Keys with their cosine distance, nearest first."""
    vector = store.embedder.embed_query(query)
    found = _each(lambda language: store.vectors.search(vector, language, DEPTH), languages)
    return nsmallest(DEPTH, chain(*found), key=lambda pair: pair[1])


def _each(one: Callable[[str], Found], languages: Sequence[str]) -> list[Found]:
    return list(_POOL.map(one, languages))


def _hits(
    store: Store,
    fused: Sequence[tuple[int, float]],
    dense: Sequence[tuple[int, float]],
    lexical: Sequence[tuple[int, float]],
) -> list[Hit]:
    scores = dict(fused)
    dense_ranks = {key: rank for rank, (key, _) in enumerate(dense, start=1)}
    lexical_ranks = {key: rank for rank, (key, _) in enumerate(lexical, start=1)}
    coverage = dict(lexical)
    return [
        Hit(
            passage=passage,
            score=scores[passage.key],
            dense_rank=dense_ranks.get(passage.key),
            lexical_rank=lexical_ranks.get(passage.key),
            coverage=coverage.get(passage.key, 0.0),
        )
        for passage in store.passages([key for key, _ in fused])
    ]
