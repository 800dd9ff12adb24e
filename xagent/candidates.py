"""Everything that the engines found, in one order, and what of it is the same."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from xagent.embeddings import Vectors
from xagent.found import Cut, Found, Hit, Share, Sibling
from xagent.fusion import reciprocal_rank_fusion
from xagent.neighbours import neighbours
from xagent.passages import Passage
from xagent.question import content_terms
from xagent.quotas import Entry, Quota, fair
from xagent.rankings import Engine, Place, Query, Ranking, overall, places
from xagent.relevance import relevant
from xagent.siblings import groups
from xagent.store import Store


@dataclass(frozen=True, slots=True)
class Standing:
    """A passage that stands for itself and its siblings."""

    entry: Entry
    passage: Passage
    siblings: tuple[Passage, ...]
    score: float
    """That of the best of them."""


class Candidates:
    """The passages found for a question, the best first, over all languages."""

    def __init__(self, store: Store, queries: Sequence[Query], found: Sequence[Ranking]) -> None:
        self._store = store
        self._queries = queries
        self._crosslingual = bool(getattr(store.embedder, "crosslingual", False))
        self._language = {key: one.language for one in found for key, _ in one.found}
        self._found = found
        self._overall = overall(found)
        weights: dict[Engine, float] = {"text": 1.0, "vector": store.embedder.weight}
        fused = reciprocal_rank_fusion(list(self._overall.values()), [weights[e] for _, e in self._overall])
        within = [[key for key, _ in one.found] for one in found]
        own = reciprocal_rank_fusion(within, [weights[one.engine] for one in found])
        counts = {code: passages for code, (passages, _) in store.languages().items()}
        bearing = relevant(found, counts, crosslingual=self._crosslingual)
        self.entries = [Entry(key, self._language[key], key in bearing, own[key]) for key in fused]
        self._scores = fused
        self._passages: dict[int, Passage] = {}

    def merged(self, wanted: int) -> list[Standing]:
        """The first `wanted` by fair shares, best first, with those that say the same as one."""
        chosen = fair(self.entries, wanted)
        self._fetch(chosen)
        entries = [entry for entry in self.entries if entry.key in chosen and entry.key in self._passages]
        passages = [self._passages[entry.key] for entry in entries]
        terms = frozenset(t for query in self._queries for t in content_terms(query.text, query.language))
        alike = groups(passages, terms, self._vectors(passages))
        return [self._standing([entries[place] for place in group]) for group in alike]

    def _fetch(self, keys: Iterable[int]) -> None:
        missing = [key for key in keys if key not in self._passages]
        self._passages.update((passage.key, passage) for passage in self._store.passages(missing))

    def _vectors(self, passages: Sequence[Passage]) -> dict[int, Vectors]:
        """Of an encoder that puts translations side by side; none of another."""
        if not self._crosslingual or self._store.written_elsewhere():
            return {}
        vectors: dict[int, Vectors] = {}
        for language in {passage.language for passage in passages}:
            keys = [passage.key for passage in passages if passage.language == language]
            vectors |= self._store.vectors.of(language, keys)
        return vectors

    def _standing(self, group: Sequence[Entry]) -> Standing:
        """The one in the question's language for all of them, else the best."""
        asked = self._queries[0].language
        kept = next((entry for entry in group if entry.language == asked), group[0])
        entry = Entry(kept.key, kept.language, any(one.relevant for one in group), max(e.own for e in group))
        others = tuple(self._passages[one.key] for one in group if one.key != kept.key)
        return Standing(entry, self._passages[kept.key], others, self._scores[group[0].key])

    def found(self, standing: Sequence[Standing], k: int) -> Found:
        """The `k` that get a place, and what became of the rest."""
        chosen = fair([one.entry for one in standing], k)
        kept = [one for one in standing if one.entry.key in chosen]
        joined = neighbours(self._store.catalog, [one.passage for one in kept])
        at = places(self._found, self._overall, {one.passage.key for one in kept})
        return Found(
            hits=tuple(_hit(one, chosen[one.entry.key], at[one.entry.key], joined) for one in kept),
            queries=tuple(self._queries),
            shares=self._shares([(one.entry.language, chosen[one.entry.key]) for one in kept]),
            cut=tuple(_cut(one) for one in standing if one.entry.key not in chosen),
        )

    def _shares(self, given: Sequence[tuple[str, Quota]]) -> tuple[Share, ...]:
        counts, there = Counter(given), Counter(entry.language for entry in self.entries)
        bearing = Counter(entry.language for entry in self.entries if entry.relevant)
        return tuple(
            Share(code, there[code], bearing[code], counts[code, "rank"], counts[code, "share"])
            for code in sorted(there)
        )


def _hit(
    one: Standing, quota: Quota, at: tuple[Place, ...], joined: Mapping[int, tuple[Passage, ...]]
) -> Hit:
    return Hit(
        passage=one.passage,
        score=one.score,
        places=at,
        quota=quota,
        relevant=one.entry.relevant,
        siblings=tuple(_sibling(passage) for passage in one.siblings),
        joined=joined.get(one.passage.key, ()),
        coverage=max((place.value for place in at if place.engine == "text"), default=0.0),
    )


def _sibling(passage: Passage) -> Sibling:
    return Sibling(passage.id, passage.source, passage.language, passage.start, passage.end)


def _cut(one: Standing) -> Cut:
    return Cut(one.passage, one.score, "outranked" if one.entry.relevant else "irrelevant")
