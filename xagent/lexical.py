"""The text index: one tantivy index a language, so that rarity is counted within a language."""

import math
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import tantivy

from xagent.analyser import analyse
from xagent.faults import storage

# tantivy's own constants, which it does not let one change (BM25, Robertson and Zaragoza 2009).
K1 = 1.2

_WRITER_BYTES = 30_000_000


@dataclass(frozen=True, slots=True)
class Match:
    """A passage's key and its BM25 score."""

    key: int
    score: float


class Way(NamedTuple):
    """One way to say a word of a query."""

    terms: tuple[str, ...]
    weight: float = 1.0
    """What each of the terms counts."""
    asked: bool = False
    """Whether it is the word as it was asked, which may be a name."""


Word = tuple[Way, ...]
"""The ways to say it, one at least, the most usual first."""


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("terms", tokenizer_name="whitespace", index_option="freq")
    builder.add_integer_field("key", indexed=True, fast=True)
    return builder.build()


_SCHEMA = _schema()


class TextIndex:
    """The passages of one language as terms; the caller sees to it that one process writes."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._index = tantivy.Index(_SCHEMA, path=str(path))
        self._searcher = self._index.searcher()
        self._writer: tantivy.IndexWriter | None = None
        self._frequency: dict[str, int] = {}
        self._idf: dict[str, float] = {}
        self._meta = path / "meta.json"
        self._stamp = 0

    def _writing(self) -> tantivy.IndexWriter:
        if self._writer is None:
            self._writer = self._index.writer(_WRITER_BYTES, 1)
        return self._writer

    def add(self, passages: Iterable[tuple[int, str]]) -> None:
        """Index passages given as key and text; they are found after `commit`."""
        writer = self._writing()
        for key, text in passages:
            document = tantivy.Document()
            document.add_text("terms", " ".join(analyse(text)))
            document.add_integer("key", key)
            writer.add_document(document)

    def remove(self, keys: Iterable[int]) -> None:
        """Forget passages; a key that is not there is no error."""
        writer = self._writing()
        for key in keys:
            writer.delete_documents_by_term("key", key)

    def commit(self) -> None:
        """Make what was added and removed since the last time durable and visible."""
        if self._writer is not None:
            self._writer.commit()
            self.refresh()

    def refresh(self) -> None:
        """See what has been committed since, by whichever process."""
        stamp = self._meta.stat().st_mtime_ns
        if stamp != self._stamp:
            self._index.reload()
            self._searcher = self._index.searcher()
            self._frequency, self._idf = {}, {}
            self._stamp = stamp

    def close(self) -> None:
        """Wait for merges and let go of the writer's lock."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.wait_merging_threads()

    def search(self, query: tantivy.Query, k: int) -> list[Match]:
        """The `k` passages with the highest BM25 score."""
        searcher = self._searcher
        hits = searcher.search(query, k, count=False).hits
        keys = searcher.fast_field_values("key", [address for _, address in hits])
        return [
            Match(int(key), float(score))
            for (score, _), key in zip(hits, keys, strict=True)
            if key is not None
        ]

    def frequency(self, term: str) -> int:
        """How many passages have this term."""
        if term not in self._frequency:
            self._frequency[term] = int(self._searcher.doc_freq("terms", term))
        return self._frequency[term]

    def idf(self, term: str) -> float:
        """BM25's inverse document frequency of a term among this language's passages, in nats."""
        if term not in self._idf:
            self._idf[term] = _idf(self.frequency(term), self.count())
        return self._idf[term]

    def rarity(self, term: str) -> float:
        """`idf` over that of a term no passage has: from 0 to 1, whatever the size of the index."""
        return self.idf(term) / _idf(0, self.count())

    def count(self) -> int:
        """How many passages are in the index."""
        return int(self._searcher.num_docs)

    def holds(self, key: int, terms: Sequence[str]) -> bool:
        """Whether a search for some of these terms can find passage `key`."""
        wanted = [tantivy.Query.term_query(_SCHEMA, "key", key)]
        if terms:
            wanted.append(any_of(dict.fromkeys(terms[:20], 1.0)))
        query = tantivy.Query.boolean_query([(tantivy.Occur.Must, part) for part in wanted])
        return bool(self._searcher.search(query, 1, count=False).hits)


def _idf(having: int, total: int) -> float:
    return math.log(1 + (total - having + 0.5) / (having + 0.5))


def rarest(total: int) -> float:
    """The rarity, as in `TextIndex.rarity`, of a term that one of `total` passages has: 0.2 to nearly 1."""
    return _idf(1, max(1, total)) / _idf(0, max(1, total))


def any_of(weights: Mapping[str, float]) -> tantivy.Query:
    """The query for passages with any of these terms, each of which counts as much as it weighs."""
    parts = []
    for term, weight in weights.items():
        query = tantivy.Query.term_query(_SCHEMA, "terms", term)
        parts.append(
            (tantivy.Occur.Should, query if weight == 1 else tantivy.Query.boost_query(query, weight))
        )
    return tantivy.Query.boolean_query(parts)


def among(keys: Sequence[int], query: tantivy.Query) -> tantivy.Query:
    """The query for those of the passages with these keys that `query` finds, scored as it scores them."""
    held = tantivy.Query.const_score_query(tantivy.Query.term_set_query(_SCHEMA, "key", list(keys)), 0.0)
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, held)])


def _weights(words: Iterable[Word]) -> dict[str, float]:
    """What each term weighs; one of several words weighs no more for it."""
    weights: dict[str, float] = {}
    for word in words:
        for terms, weight, _ in word:
            for term in terms:
                if weights.get(term, 0.0) < weight:
                    weights[term] = weight
    return weights


def _heaviest(way: Way, index: TextIndex) -> float:
    return way.weight * sum(map(index.idf, set(way.terms)))


class Lexical:
    """The text indexes of all languages, a folder each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._indexes: dict[str, TextIndex] = {}
        self._lock = threading.Lock()

    def languages(self) -> list[str]:
        """The languages that have an index on disk."""
        return sorted(child.name for child in self._path.iterdir()) if self._path.is_dir() else []

    def of(self, language: str) -> TextIndex:
        """The index of `language`, made when there is none."""
        with self._lock, storage("text index", self._path):
            if language not in self._indexes:
                self._indexes[language] = TextIndex(self._path / language)
            self._indexes[language].refresh()
            return self._indexes[language]

    def search(self, words: Sequence[Word], language: str, k: int, keys: Sequence[int] = ()) -> list[Match]:
        """Best passages of one language, or of those with `keys`, each with the share of the query it covers.

        The share is the BM25 score over the most that a passage could score which says each word in the first
        way, from 0 to 1: unlike BM25 itself it can be compared between languages, since terms that a language
        never uses count as missing.
        """
        weights = _weights(words)
        if not weights:
            return []
        with storage("text index", self._path):
            index = self.of(language)
            most = sum(_heaviest(word[0], index) for word in words) * (K1 + 1)
            query = among(keys, any_of(weights)) if keys else any_of(weights)
            return [Match(match.key, min(1.0, match.score / most)) for match in index.search(query, k)]

    def rarity(self) -> Callable[[str], float]:
        """`TextIndex.rarity` among the passages of all languages, as of now: common in one is no name."""
        indexes = [self.of(language) for language in self.languages()]  # looks at files: not for each term
        total = sum(index.count() for index in indexes)
        missing = _idf(0, total)
        return cache(lambda term: _idf(sum(index.frequency(term) for index in indexes), total) / missing)

    def commit(self) -> None:
        """Commit every index that was written to."""
        with self._lock, storage("text index", self._path):
            for index in self._indexes.values():
                index.commit()

    def close(self) -> None:
        """Let go of all writers."""
        with self._lock, storage("text index", self._path), ExitStack() as closing:
            for index in self._indexes.values():
                closing.callback(index.close)
            self._indexes.clear()
