"""The store: a catalog, vectors and a text index in one folder, with one writer at a time.

    xagent-store.json    format version; name and dimension of the embedder
    catalog.db           files, text, passages: the truth (catalog.py)
    vectors/             Chroma, one collection a language (vectors.py)
    lexical/             tantivy, one index a language (lexical.py)
    writer.lock, .pid    held by the process that writes (writer.py)
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from xagent.catalog import Catalog, Passage
from xagent.embeddings import Embedder, NgramEmbedder, make_embedder
from xagent.errors import EmbedderMismatch, StoreDamaged, StoreMissing, StoreVersion
from xagent.faults import storage
from xagent.lexical import Lexical
from xagent.vectors import VectorIndex

VERSION = 1
MARKER = "xagent-store.json"
DEFAULT_FOLDER = ".xagent"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a store was made with."""

    version: int
    embedder: str
    dimension: int


class Store:
    """An open store; safe to use from several threads, and to read while one process writes."""

    def __init__(self, path: Path, embedder: Embedder) -> None:
        self.path = path
        self.embedder = embedder
        self.catalog = Catalog(path / "catalog.db")
        self.lexical = Lexical(path / "lexical")

    @cached_property
    def vectors(self) -> VectorIndex:
        """Opened when first needed: loading Chroma takes over a second."""
        return VectorIndex(self.path / "vectors")

    @classmethod
    def open(cls, path: Path, embedder: str = "", url: str = "", api_key: str = "") -> Self:
        """Open the store at `path` with the embedder it was made with.

        `embedder` is checked against the one recorded; empty means whichever that is.
        Raises StoreMissing, StoreVersion, StoreDamaged, EmbedderMismatch, and
        EndpointError when the store needs a server whose `url` is not known.
        """
        identity = read_identity(path)
        if embedder and embedder != identity.embedder:
            raise EmbedderMismatch(
                f"{path} was made with the embedder {identity.embedder!r}, not {embedder!r}: "
                f"use that one, or ingest into a new store with `--store`"
            )
        return cls(path, make_embedder(identity.embedder, url, api_key))

    @classmethod
    def create(cls, path: Path, embedder: str = "", url: str = "", api_key: str = "") -> Self:
        """Open the store at `path`, or make one there first."""
        if not (path / MARKER).exists():
            made = make_embedder(embedder or NgramEmbedder.name, url, api_key)
            _write_identity(path, Identity(VERSION, made.name, made.dimension))
        return cls.open(path, embedder, url, api_key)

    def languages(self) -> dict[str, tuple[int, int]]:
        """Passages and documents of each language, the most passages first."""
        return self.catalog.languages()

    def passages(self, keys: Sequence[int]) -> list[Passage]:
        """The passages with these keys, in their order; keys no longer there are left out."""
        found = self.catalog.passages(keys)
        return [found[key] for key in keys if key in found]

    def close(self) -> None:
        """Close all files; the store cannot be used any more."""
        if "vectors" in self.__dict__:
            self.vectors.close()
            del self.__dict__["vectors"]
        self.lexical.close()
        self.catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_identity(path: Path) -> Identity:
    """What the store at `path` says of itself.

    Raises StoreMissing, StoreVersion, and StoreDamaged when it cannot be read.
    """
    if not (path / MARKER).exists():
        raise StoreMissing(f"there is no store at {path}: make one with `xagent ingest PATH`, or name one with `--store`")
    try:
        recorded = json.loads((path / MARKER).read_text("utf-8"))
        identity = Identity(int(recorded["version"]), str(recorded["embedder"]), int(recorded["dimension"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreDamaged(
            f"{path / MARKER} cannot be read ({type(error).__name__}): ingest into a new store with `--store`"
        ) from error
    if identity.version > VERSION:
        raise StoreVersion(
            f"{path} has format {identity.version}, this xagent reads up to {VERSION}: upgrade xagent"
        )
    return identity


def _write_identity(path: Path, identity: Identity) -> None:
    with storage("folder"):
        path.mkdir(parents=True, exist_ok=True)
        draft = path / f"{MARKER}.new"
        draft.write_text(json.dumps(asdict(identity)) + "\n", "utf-8")
        draft.replace(path / MARKER)
