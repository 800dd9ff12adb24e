"""The store: a catalog, vectors and a text index in one folder, with one writer at a time.

xagent-store.json    format version; name, dimension and passage template of the embedder
catalog.db           files, text, passages: the truth (catalog.py)
vectors/             Chroma, one collection a language (vectors.py)
lexical/             tantivy, one index a language (lexical.py)
embeddings.sqlite    vectors that a model was asked for (vector_cache.py)
replies.sqlite       what a model was asked before: translations, questions (reply_cache.py)
glossary.csv         a user's own terms in several languages (lexicon/glossary.py)
writer.lock, .pid    held by the process that writes (writer.py)
"""

import json
import os
import shutil
from collections.abc import Collection, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Self

from filelock import FileLock, Timeout

from xagent.catalog import Catalog
from xagent.embedder_cards import BARE
from xagent.embeddings import BUILT_IN, Embedder, make_embedder
from xagent.errors import EmbedderMismatch, StoreDamaged, StoreError, StoreMissing, StoreVersion
from xagent.faults import storage
from xagent.lexical import Lexical
from xagent.lexicon.glossary import kept
from xagent.lexicon.lexicon import Lexicon
from xagent.model_embedder import ModelEmbedder
from xagent.passages import Passage
from xagent.vector_cache import VectorCache
from xagent.vectors import VectorIndex, forget_client

VERSION = 1
MARKER = "xagent-store.json"
DEFAULT_FOLDER = ".xagent"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a store was made with."""

    version: int
    embedder: str
    dimension: int
    passage: str | None = None
    """What was sent for a passage; None in a store from before there were templates, and for n-grams."""


class Store:
    """An open store; safe to use from several threads, and to read while one process writes."""

    def __init__(self, path: Path, embedder: Embedder) -> None:
        self.path = path
        self.embedder = embedder
        self.catalog = Catalog(path / "catalog.db")
        self.lexical = Lexical(path / "lexical")
        self.lexicon = Lexicon(kept(path))
        self._vectors: VectorIndex | None = None
        self._lock = Lock()

    @property
    def vectors(self) -> VectorIndex:
        """Opened when first needed: loading Chroma takes over a second."""
        with self._lock:
            if self._vectors is None:
                self._vectors = VectorIndex(self.path / "vectors")
            return self._vectors

    @classmethod
    def open(cls, path: Path, embedder: str = "", url: str = "", api_key: str = "") -> Self:
        """Open the store at `path` with the embedder it was made with.

        `embedder` is checked against the one recorded; empty means whichever that is.
        Raises StoreMissing, StoreVersion, StoreDamaged, EmbedderMismatch, and
        EndpointError when the store needs a server whose `url` is not known.
        """
        identity = read_identity(path)
        if not (path / "catalog.db").exists() and (path / "vectors").exists():
            raise StoreDamaged(f"{path / 'catalog.db'} is gone: ingest the documents into a new store")
        if embedder and embedder != identity.embedder:
            raise EmbedderMismatch(
                f"{path} was made with the embedder {identity.embedder!r}, not {embedder!r}: "
                f"use that one, or ingest into a new store with `--store`"
            )
        made = make_embedder(identity.embedder, url, api_key, identity.dimension)
        if isinstance(made, ModelEmbedder):
            _keep_to(path, made, identity)
        return cls(path, made)

    @classmethod
    def create(cls, path: Path, embedder: str = "", url: str = "", api_key: str = "") -> Self:
        """Open the store at `path`, or make one there first."""
        if not (path / MARKER).exists():
            made = make_embedder(embedder or BUILT_IN, url, api_key)
            _write_identity(path, identity_of(made))
        return cls.open(path, embedder, url, api_key)

    def languages(self) -> dict[str, tuple[int, int]]:
        """Passages and documents of each language, the most passages first."""
        return self.catalog.languages()

    def languages_of(self, documents: Collection[str]) -> tuple[str, ...]:
        """The languages of these documents, or of all for none, those with most passages first."""
        there = self.languages()
        if not documents:
            return tuple(there)
        held = self.catalog.keys_of(documents)
        return tuple(code for code in there if code in held)

    def passages(self, keys: Sequence[int]) -> list[Passage]:
        """The passages with these keys, in their order; keys no longer there are left out."""
        found = self.catalog.passages(keys)
        return [found[key] for key in keys if key in found]

    @property
    def lock_path(self) -> Path:
        """What a writing process holds locked."""
        return self.path / "writer.lock"

    @property
    def note_path(self) -> Path:
        """Where a writing process leaves its number; it stays behind when the process is killed."""
        return self.path / "writer.pid"

    def written_elsewhere(self) -> bool:
        """Whether another process is writing right now."""
        try:
            if int(self.note_path.read_text("utf-8")) == os.getpid():
                return False
            with FileLock(self.lock_path, timeout=0, thread_local=False):
                return False
        except Timeout:
            return True
        except (OSError, ValueError):
            return False

    def erase_indexes(self) -> None:
        """Delete both indexes, whatever is left of them: the catalog's text makes them anew."""
        # What is damaged may not even close, and is deleted all the same.
        for close in (self._close_vectors, self.lexical.close):
            with suppress(StoreError):
                close()
        with storage("indexes"):
            for path in (self.path / "vectors", self.path / "lexical"):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
        forget_client(self.path / "vectors")

    def _close_vectors(self) -> None:
        with self._lock:
            vectors, self._vectors = self._vectors, None
        if vectors is not None:
            vectors.close()

    def close(self) -> None:
        """Close all files; the store cannot be used any more."""
        with ExitStack() as stack:
            stack.callback(self.catalog.close)
            stack.callback(self.lexical.close)
            stack.callback(self._close_vectors)
            if isinstance(self.embedder, ModelEmbedder):
                stack.callback(self.embedder.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_identity(path: Path) -> Identity:
    """What the store at `path` says of itself.

    Raises StoreMissing, StoreVersion, and StoreDamaged when it cannot be read.
    """
    with storage("folder"):
        missing = not (path / MARKER).exists()
    if missing:
        raise StoreMissing(
            f"there is no store at {path}: make one with `xagent ingest PATH`, or name one with `--store`"
        )
    try:
        recorded = json.loads((path / MARKER).read_text("utf-8"))
        identity = Identity(int(recorded["version"]), str(recorded["embedder"]), int(recorded["dimension"]))
        if (passage := recorded.get("passage")) is not None:
            identity = replace(identity, passage=str(passage))
    except PermissionError as error:
        raise StoreDamaged(f"no permission to read {path / MARKER}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreDamaged(
            f"{path / MARKER} cannot be read ({type(error).__name__}): ingest into a new store with `--store`"
        ) from error
    if identity.version > VERSION:
        raise StoreVersion(
            f"{path} has format {identity.version}, this xagent reads up to {VERSION}: upgrade xagent"
        )
    return identity


def identity_of(embedder: Embedder) -> Identity:
    """What a store made with this embedder says of itself; a model is asked for its dimension."""
    if not isinstance(embedder, ModelEmbedder):
        return Identity(VERSION, embedder.name, embedder.dimension)
    with closing(embedder):
        return Identity(VERSION, embedder.name, embedder.dimension, embedder.card.passage)


def _keep_to(path: Path, embedder: ModelEmbedder, identity: Identity) -> None:
    """Let a model embed as it did for what is in the store, and look up what it was asked before.

    Raises EmbedderMismatch when its passages have another template now.
    """
    if identity.passage is None and embedder.card.passage != BARE:
        embedder.card = embedder.card.without_templates()
    elif identity.passage is not None and identity.passage != embedder.card.passage:
        raise EmbedderMismatch(
            f"{path} was made with {identity.passage!r} for each passage, and {identity.embedder!r} is given "
            f"{embedder.card.passage!r} now: ingest into a new store with `--store`"
        )
    embedder.cache = VectorCache(path / "embeddings.sqlite", f"{identity.embedder}\0{identity.dimension}")


def _write_identity(path: Path, identity: Identity) -> None:
    with storage("folder"):
        path.mkdir(parents=True, exist_ok=True)
        draft = path / f"{MARKER}.new"
        known = {name: value for name, value in asdict(identity).items() if value is not None}
        draft.write_text(json.dumps(known) + "\n", "utf-8")
        draft.replace(path / MARKER)
