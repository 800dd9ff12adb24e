"""Vectors in Chroma, one collection a language: a filter on one collection is ten times slower."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from xagent.embeddings import Vectors
from xagent.faults import storage

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration

# A collection's name needs three characters, which most language codes have not.
_PREFIX = "kb-"

# With Chroma's 16 neighbours, no search finds 42 of 8,000 passages that are nearly alike (rows of a
# table), since the graph does not lead there; with 32 it was 4, with 64 none, and it takes no longer.
_HNSW: "CreateHNSWConfiguration" = {
    "space": "cosine",
    "ef_search": 100,
    "ef_construction": 100,
    "max_neighbors": 64,
}

# A cosine distance that rounding alone makes.
_IDENTICAL = 1e-5


class VectorIndex:
    """The passages of all languages as vectors; the caller sees to it that one process writes."""

    def __init__(self, path: Path) -> None:
        # Not part of start-up: importing chromadb takes over a second.
        import chromadb
        from chromadb.config import Settings

        self._path = path
        with storage("vectors", path):
            path.mkdir(parents=True, exist_ok=True)
            try:
                settings = Settings(anonymized_telemetry=False)
                self._client = cast("Client", chromadb.PersistentClient(str(path), settings))
            except BaseException:
                forget_client(path)
                raise
            self._batch = self._client.get_max_batch_size()
            self._list()

    def _list(self) -> None:
        """Look what languages there are; another process may have added some."""
        self._collections: dict[str, Collection] = {
            collection.name.removeprefix(_PREFIX): collection
            for collection in self._client.list_collections()
        }

    def languages(self) -> list[str]:
        """The languages that have a collection."""
        return sorted(self._collections)

    def _of(self, language: str) -> "Collection":
        if language not in self._collections:
            self._collections[language] = self._client.get_or_create_collection(
                f"{_PREFIX}{language}",
                embedding_function=None,
                metadata={"language": language},
                configuration={"hnsw": _HNSW},
            )
        return self._collections[language]

    def add(self, language: str, keys: Sequence[int], vectors: Vectors) -> None:
        """Keep a vector for each key."""
        with storage("vectors", self._path):
            collection = self._of(language)
            for i in range(0, len(keys), self._batch):
                part = slice(i, i + self._batch)
                collection.add(ids=[str(key) for key in keys[part]], embeddings=vectors[part])

    def remove(self, language: str, keys: Iterable[int]) -> None:
        """Forget vectors; a key that is not there is no error."""
        wanted = [str(key) for key in keys]
        with storage("vectors", self._path):
            collection = self._of(language)
            for i in range(0, len(wanted), self._batch):
                there = collection.get(ids=wanted[i : i + self._batch], include=[])["ids"]
                if there:
                    collection.delete(ids=there)

    def search(
        self, vector: Vectors, language: str, k: int, keys: Sequence[int] = ()
    ) -> list[tuple[int, float]]:
        """The `k` nearest keys of one language and their cosine distance, 0 to 2; among `keys`, if any."""
        with storage("vectors", self._path):
            if language not in self._collections:
                self._list()
            if language not in self._collections:
                return []
            found = self._collections[language].query(
                query_embeddings=vector,
                ids=[str(key) for key in keys] or None,
                n_results=k,
                include=["distances"],
            )
        return list(zip(map(int, found["ids"][0]), (found["distances"] or [[]])[0], strict=True))

    def of(self, language: str, keys: Sequence[int]) -> dict[int, Vectors]:
        """The vectors of these keys, as far as they are there."""
        with storage("vectors", self._path):
            if not keys or language not in self._collections:
                return {}
            kept = self._collections[language].get(ids=[str(key) for key in keys], include=["embeddings"])
        rows = np.asarray(kept["embeddings"], dtype=np.float32)
        return {int(key): row for key, row in zip(kept["ids"], rows, strict=True)}

    def count(self, language: str) -> int:
        """How many vectors a language has."""
        with storage("vectors", self._path):
            return self._collections[language].count() if language in self._collections else 0

    def lost(self, language: str, keys: Sequence[int], vectors: Vectors) -> list[int]:
        """The keys that a search for their own vector does not find.

        A key that is kept counts as found when identical vectors fill the answer, or when a
        search among that key alone finds it: as near as others, it may come after them.
        """
        with storage("vectors", self._path):
            found = self._of(language).query(query_embeddings=vectors, n_results=20, include=["distances"])
            missing = [
                (key, vector, max(distances, default=2.0))
                for key, vector, ids, distances in zip(
                    keys, vectors, found["ids"], found["distances"] or [], strict=True
                )
                if str(key) not in ids
            ]
            kept = self._kept(language, [key for key, _, _ in missing])
        return [
            key
            for key, vector, furthest in missing
            if key not in kept
            or not (furthest < _IDENTICAL or self._holds(language, key, vector[np.newaxis]))
        ]

    def _kept(self, language: str, keys: Sequence[int]) -> set[int]:
        if not keys:
            return set()
        # Chroma (1.5) fails in a search among ids of which it has none.
        return {int(key) for key in self._of(language).get(ids=[str(key) for key in keys], include=[])["ids"]}

    def _holds(self, language: str, key: int, vector: Vectors) -> bool:
        with storage("vectors", self._path):
            found = self._of(language).query(
                query_embeddings=vector, ids=[str(key)], n_results=1, include=["distances"]
            )
        return bool(found["ids"][0])

    def close(self) -> None:
        """Let go of the files."""
        with storage("vectors", self._path):
            self._client.close()


def forget_client(path: Path) -> None:
    """Chroma (1.5) hands out one client a path again and again, even if it failed or its files are gone."""
    from chromadb.api.shared_system_client import SharedSystemClient

    SharedSystemClient._identifier_to_system.pop(str(path), None)
