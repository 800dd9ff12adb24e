"""Vectors in Chroma, one collection a language: a filter on one collection is ten times slower."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xagent.embeddings import Vectors
from xagent.faults import storage

if TYPE_CHECKING:
    from chromadb import ClientAPI, Collection

# A collection's name needs three characters, which most language codes have not.
_PREFIX = "kb-"


class VectorIndex:
    """The passages of all languages as vectors; the caller sees to it that one process writes."""

    def __init__(self, path: Path) -> None:
        # Not part of start-up: importing chromadb takes over a second.
        import chromadb
        from chromadb.config import Settings

        with storage("vectors"):
            path.mkdir(parents=True, exist_ok=True)
            self._client: ClientAPI = chromadb.PersistentClient(
                path=str(path), settings=Settings(anonymized_telemetry=False)
            )
            self._batch = self._client.get_max_batch_size()
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
                configuration={"hnsw": {"space": "cosine", "ef_search": 100, "ef_construction": 100}},
            )
        return self._collections[language]

    def add(self, language: str, keys: Sequence[int], vectors: Vectors) -> None:
        """Keep a vector for each key."""
        with storage("vectors"):
            collection = self._of(language)
            for i in range(0, len(keys), self._batch):
                part = slice(i, i + self._batch)
                collection.add(ids=[str(key) for key in keys[part]], embeddings=vectors[part])

    def remove(self, language: str, keys: Iterable[int]) -> None:
        """Forget vectors; a key that is not there is no error."""
        wanted = [str(key) for key in keys]
        with storage("vectors"):
            collection = self._of(language)
            for i in range(0, len(wanted), self._batch):
                there = collection.get(ids=wanted[i : i + self._batch], include=[])["ids"]
                if there:
                    collection.delete(ids=there)

    def search(self, vector: Vectors, language: str, k: int) -> list[tuple[int, float]]:
        """The `k` nearest keys of one language with their cosine distance, from 0 to 2."""
        if language not in self._collections:
            return []
        with storage("vectors"):
            found = self._collections[language].query(
                query_embeddings=vector, n_results=k, include=["distances"]
            )
        return list(zip(map(int, found["ids"][0]), (found["distances"] or [[]])[0], strict=True))

    def count(self, language: str) -> int:
        """How many vectors a language has."""
        with storage("vectors"):
            return self._collections[language].count() if language in self._collections else 0

    def lost(self, language: str, keys: Sequence[int], vectors: Vectors) -> list[int]:
        """The keys that a search for their own vector does not find.

        A key counts as found when others as near fill the answer, provided that a search
        among that key alone finds it: identical passages have identical vectors.
        """
        with storage("vectors"):
            found = self._of(language).query(
                query_embeddings=vectors, n_results=20, include=["distances"]
            )
        missing = [
            (key, vector)
            for key, vector, ids in zip(keys, vectors, found["ids"], strict=True)
            if str(key) not in ids
        ]
        return [key for key, vector in missing if not self._holds(language, key, vector[np.newaxis])]

    def _holds(self, language: str, key: int, vector: Vectors) -> bool:
        with storage("vectors"):
            found = self._of(language).query(
                query_embeddings=vector, ids=[str(key)], n_results=1, include=["distances"]
            )
        return bool(found["ids"][0])

    def close(self) -> None:
        """Let go of the files."""
        with storage("vectors"):
            self._client.close()
