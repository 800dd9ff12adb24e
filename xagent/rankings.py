"""What the engines find: a ranking by text and one by vector for every query and language.

Engines are compared by rank alone. Within a language, ranks are those of its own index; over all
languages, passages are ordered by vector distance, and by the share of the query that they cover, which
unlike BM25's own score means the same in every index.
"""

from collections.abc import Collection, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, NamedTuple

from xagent.embeddings import Vectors
from xagent.store import Store

DEPTH = 50
"""How far down a language's text ranking is read before fusing."""

NEAREST = 20
"""The same for vectors, of which Chroma takes longer to give more."""

Engine = Literal["text", "vector"]

Keys = Mapping[str, Sequence[int]]
"""The passages to search, by language."""

ALL_PASSAGES: Keys = {}

_ENGINES: tuple[Engine, ...] = ("text", "vector")

# A search spends its time in Chroma and tantivy, which let go of Python's lock.
_POOL = ThreadPoolExecutor(max_workers=8, thread_name_prefix="xagent-search")


@dataclass(frozen=True, slots=True)
class Query:
    """Something to search with."""

    text: str
    language: str = "und"
    origin: Literal["question", "rewording", "translation"] = "question"
    """As it was asked, in other words, or in another language."""
    within: frozenset[str] = frozenset()
    """Languages of the passages to search with it; empty for all."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What one engine found in one language for one query: keys with a value, best first."""

    query: int
    """Which of the queries, from 0."""
    engine: Engine
    language: str
    found: tuple[tuple[int, float], ...]
    """By text, the share of the query covered, from 0 to 1; by vector, the cosine, from -1 to 1."""


class Place(NamedTuple):
    """Where one engine put a passage for one query."""

    query: int
    """Which of the queries, from 0; the first is the question as it was asked."""
    engine: Engine
    within: int
    """Rank in the passage's language, from 1."""
    overall: int
    """Rank over all languages searched, from 1."""
    value: float
    """As in `Ranking.found`: comparable within one engine."""


def rankings(
    store: Store, queries: Sequence[Query], languages: Collection[str], keys: Keys = ALL_PASSAGES
) -> list[Ranking]:
    """Ask both engines in every language at once; the text index for each language's own words as well.

    Where a language has `keys`, only the passages with them are searched.
    """
    asked = [
        (number, language)
        for number, query in enumerate(queries)
        for language in sorted(languages)
        if not query.within or language in query.within
    ]
    near = _nearest(store, queries, asked, keys)
    translated = {language for query in queries if query.origin == "translation" for language in query.within}

    def matching(pair: tuple[int, str]) -> Ranking:
        number, language = pair
        query = queries[number]
        # A translation says it better than word by word.
        into = query.language if language in translated else language
        words = store.lexicon.words(query.text, query.language, into)
        matches = store.lexical.search(words, language, DEPTH, keys.get(language, ()))
        return Ranking(number, "text", language, tuple((match.key, match.score) for match in matches))

    return [*_POOL.map(matching, asked), *near]


def _nearest(
    store: Store, queries: Sequence[Query], asked: Sequence[tuple[int, str]], keys: Keys
) -> list[Ranking]:
    # Chroma (1.5) loses vectors when one process reads a store that another is writing.
    if not asked or store.written_elsewhere():
        return []
    vectors: list[Vectors] = list(
        _POOL.map(lambda query: store.embedder.embed_query(query.text, query.language), queries)
    )

    def near(pair: tuple[int, str]) -> Ranking:
        number, language = pair
        found = store.vectors.search(vectors[number], language, NEAREST, keys.get(language, ()))
        return Ranking(number, "vector", language, tuple((key, 1 - distance) for key, distance in found))

    return list(_POOL.map(near, asked))


def overall(found: Sequence[Ranking]) -> dict[tuple[int, Engine], list[int]]:
    """The keys that each engine found for each query, best first over all languages; the question's first.

    Equal values are in the order of their languages' codes.
    """
    values: dict[tuple[int, Engine], list[tuple[float, str, int, int]]] = {}
    for one in sorted(found, key=lambda one: (one.query, _ENGINES.index(one.engine))):
        into = values.setdefault((one.query, one.engine), [])
        into += [(-value, one.language, within, key) for within, (key, value) in enumerate(one.found)]
    return {pair: [key for *_, key in sorted(of)] for pair, of in values.items()}


def places(
    found: Sequence[Ranking], ordered: Mapping[tuple[int, Engine], Sequence[int]], keys: Set[int]
) -> dict[int, tuple[Place, ...]]:
    """Where the passages with these keys came, for the question itself first; `ordered` is from `overall`."""
    ranks = {
        pair: {key: rank for rank, key in enumerate(of, start=1) if key in keys}
        for pair, of in ordered.items()
    }
    placed: dict[int, list[Place]] = {key: [] for key in keys}
    for one in sorted(found, key=lambda one: (one.query, _ENGINES.index(one.engine))):
        for within, (key, value) in enumerate(one.found, start=1):
            if key in keys:
                rank = ranks[one.query, one.engine][key]
                placed[key].append(Place(one.query, one.engine, within, rank, value))
    return {key: tuple(of) for key, of in placed.items()}
