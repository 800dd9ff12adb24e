"""The text index: one tantivy index a language, so that rarity is counted within a language."""

import math
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

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
        self._rarity: dict[str, float] = {}

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
            self._index.reload()
            self._searcher = self._index.searcher()
            self._rarity = {}

    def close(self) -> None:
        """Wait for merges and let go of the writer's lock."""
        if self._writer is not None:
            self._writer.wait_merging_threads()
            self._writer = None

    def search(self, query: tantivy.Query, k: int) -> list[Match]:
        """The `k` passages with the highest BM25 score."""
        searcher = self._searcher
        hits = searcher.search(query, k, count=False).hits
        keys = searcher.fast_field_values("key", [address for _, address in hits])
        return [Match(int(key), float(score)) for (score, _), key in zip(hits, keys, strict=True)]

    def rarity(self, term: str) -> float:
        """BM25's inverse document frequency of a term among this language's passages."""
        if term not in self._rarity:
            total, having = self._searcher.num_docs, self._searcher.doc_freq("terms", term)
            self._rarity[term] = math.log(1 + (total - having + 0.5) / (having + 0.5))
        return self._rarity[term]

    def count(self) -> int:
        """How many passages are in the index."""
        return int(self._searcher.num_docs)

    def holds(self, key: int, terms: Sequence[str]) -> bool:
        """Whether a search for some of these terms can find passage `key`."""
        named = tantivy.Query.term_query(_SCHEMA, "key", key)
        query = tantivy.Query.boolean_query(
            [(tantivy.Occur.Must, named), (tantivy.Occur.Must, any_of(terms[:20]))] if terms else
            [(tantivy.Occur.Must, named)]
        )
        return bool(self._searcher.search(query, 1, count=False).hits)


def any_of(terms: Iterable[str]) -> tantivy.Query:
    """The query for passages with any of `terms`; one that is repeated counts once."""
    return tantivy.Query.boolean_query(
        [
            (tantivy.Occur.Should, tantivy.Query.term_query(_SCHEMA, "terms", term))
            for term in dict.fromkeys(terms)
        ]
    )


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
        with self._lock, storage("text index"):
            if language not in self._indexes:
                self._indexes[language] = TextIndex(self._path / language)
            return self._indexes[language]

    def search(self, terms: Sequence[str], language: str, k: int) -> list[Match]:
        """Best passages of one language, each with the share of the question it covers.

        The share is the BM25 score over the most these terms could score, from 0 to 1: unlike
        BM25 itself it can be compared between languages, since terms that a language never
        uses count as missing.
        """
        if not terms:
            return []
        with storage("text index"):
            index = self.of(language)
            most = sum(index.rarity(term) for term in set(terms)) * (K1 + 1)
            return [Match(match.key, match.score / most) for match in index.search(any_of(terms), k)]

    def commit(self) -> None:
        """Commit every index that was written to."""
        with storage("text index"):
            for index in self._indexes.values():
                index.commit()

    def close(self) -> None:
        """Let go of all writers."""
        with self._lock, storage("text index"):
            for index in self._indexes.values():
                index.close()
            self._indexes.clear()
