"""Which passages could answer: every language at once, dense and lexical, fused by rank."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import chain
from typing import TypeVar

from xagent.fusion import reciprocal_rank_fusion
from xagent.passages import Passage
from xagent.question import content_terms
from xagent.store import Store

DEPTH = 50
"""How far down a language's text ranking is read before fusing."""

NEAREST = 20
"""The same for vectors, of which Chroma takes longer to give more."""

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
    """The `k` best passages for a query in `language`, among the `languages` given or all there are.

    Half of the places are shared out evenly between languages, so that evidence in the
    question's own language, which always matches more words, does not crowd out the rest.
    """
    there = [code for code in store.languages() if not languages or code in languages]
    ranked = _rank(store, query, content_terms(query, language), there)
    chosen = _fair(ranked.fused, ranked.language, there, k)
    return [
        Hit(
            passage=passage,
            score=ranked.fused[passage.key],
            dense_rank=ranked.dense.get(passage.key),
            lexical_rank=ranked.lexical.get(passage.key),
            coverage=ranked.coverage.get(passage.key, 0.0),
        )
        for passage in store.passages(chosen)
    ]


@dataclass(frozen=True, slots=True)
class _Ranked:
    """Everything found, by key; ranks are over all languages, from 1."""

    fused: Mapping[int, float]
    """Best first."""
    dense: Mapping[int, int]
    lexical: Mapping[int, int]
    coverage: Mapping[int, float]
    language: Mapping[int, str]


def _rank(store: Store, query: str, terms: Sequence[str], languages: Sequence[str]) -> _Ranked:
    near = _nearest(store, query, languages)
    matching = _each(lambda language: store.lexical.search(terms, language, DEPTH), languages)
    coverage = {match.key: match.score for match in chain(*matching)}
    dense = [key for key, _ in sorted(chain(*near), key=lambda pair: pair[1])]
    lexical = sorted(coverage, key=lambda key: -coverage[key])
    return _Ranked(
        fused=dict(reciprocal_rank_fusion([lexical, dense], [1.0, store.embedder.weight])),
        dense={key: rank for rank, key in enumerate(dense, start=1)},
        lexical={key: rank for rank, key in enumerate(lexical, start=1)},
        coverage=coverage,
        language={
            key: language
            for language, found, matches in zip(languages, near, matching, strict=True)
            for key in chain((key for key, _ in found), (match.key for match in matches))
        },
    )


def _nearest(store: Store, query: str, languages: Sequence[str]) -> list[list[tuple[int, float]]]:
    # Chroma (1.5) loses vectors when one process reads a store that another is writing.
    if store.written_elsewhere():
        return [[] for _ in languages]
    vector = store.embedder.embed_query(query)
    return _each(lambda language: store.vectors.search(vector, language, NEAREST), languages)


def _each(one: Callable[[str], Found], languages: Sequence[str]) -> list[Found]:
    return list(_POOL.map(one, languages))


def _fair(
    fused: Mapping[int, float], language: Mapping[int, str], languages: Sequence[str], k: int
) -> list[int]:
    """The keys of the `k` best, best first, with the best few of each language among them."""
    share = k // (2 * max(1, len(languages)))
    taken = dict.fromkeys(languages, 0)
    reserved = set()
    for key in fused:
        if taken[language[key]] < share:
            taken[language[key]] += 1
            reserved.add(key)
    rest = [key for key in fused if key not in reserved][: k - len(reserved)]
    return sorted(reserved.union(rest), key=lambda key: -fused[key])
