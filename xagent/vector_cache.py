"""Vectors that were paid for, kept by what was sent: after a kill or a repair no model is asked twice.

A cache is no truth: what is wrong with its file costs time, never an answer, and is told in `trouble`.
"""

import hashlib
import sqlite3
import threading
import zlib
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
T = TypeVar("T")

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS vectors (hash BLOB PRIMARY KEY, vector BLOB NOT NULL, cut INTEGER NOT NULL)"
)
_AT_ONCE = 500  # parameters in one statement: SQLite's own limit was 999 for long
_COLUMNS = 3
_CHECK = 4  # bytes at the end of a blob: SQLite does not notice when a page has rotted

# What cannot be helped by a new file; anything else that SQLite says means that this one is damaged.
_BEYOND_US = ("locked", "busy", "readonly", "read-only", "full", "unable to open", "disk i/o")


class Kept(NamedTuple):
    """A vector, and whether the embedder read only the beginning of its text."""

    vector: Vector
    cut: bool


class VectorCache:
    """An SQLite file of vectors of one embedder; safe to use from several threads and processes.

    `identity` is whatever changes the vectors besides the text: the model's name and the dimension.
    """

    def __init__(self, path: Path, identity: str) -> None:
        self._path = path
        self._seed = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).digest()
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._asked: set[bytes] | None = None
        self.trouble = ""
        """What was wrong with the file, in one line; empty when nothing was."""
        self._off = False

    def find(self, texts: Sequence[str]) -> dict[int, Kept]:
        """What is kept, by the index of the text."""
        hashes = [self._hash(text) for text in texts]
        if self._asked is not None:
            self._asked.update(hashes)
        nothing: dict[bytes, tuple[bytes, int]] = {}
        rows = self._tried(lambda connection: _rows(connection, list(dict.fromkeys(hashes))), nothing)
        found = {index: _read(key, *rows[key]) for index, key in enumerate(hashes) if key in rows}
        return {index: kept for index, kept in found.items() if kept is not None}

    def keep(self, texts: Sequence[str], vectors: Vector, cut: Sequence[bool]) -> None:
        """Keep these vectors, a row a text, also if the process is killed right after."""
        # One by one they would be converted one by one.
        plain = np.ascontiguousarray(vectors, dtype="<f4")
        rows = [
            _sealed(self._hash(text), vector.tobytes(), int(short))
            for text, vector, short in zip(texts, plain, cut, strict=True)
        ]
        self._tried(lambda connection: _insert(connection, rows), None)

    def start_over(self) -> None:
        """Remember from now on which texts are asked for: `forget_others` spares them."""
        self._asked = set()

    def forget_others(self) -> None:
        """Delete the vectors of texts that nobody has asked for since `start_over`."""
        asked, self._asked = self._asked, None
        if asked is not None:
            self._tried(lambda connection: _delete_others(connection, asked), None)

    def count(self) -> int:
        """Vectors in it."""
        return self._tried(
            lambda connection: int(connection.execute("SELECT count(*) FROM vectors").fetchone()[0]), 0
        )

    def close(self) -> None:
        """Let go of the file; it is opened again when it is needed."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                with suppress(sqlite3.Error):
                    connection.close()

    def _hash(self, text: str) -> bytes:
        encoded = text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(encoded, digest_size=16, key=self._seed).digest()

    def _tried(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """What `work` gives in one transaction; a damaged file is made anew, and one out of reach let be."""
        with self._lock:
            for _ in range(2):
                if self._off:
                    break
                try:
                    with self._opened() as connection:
                        return work(connection)
                except (sqlite3.Error, UnicodeDecodeError, OSError) as error:
                    self._recover(error)
        return otherwise

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(self._path, timeout=30, check_same_thread=False)
            self._connection = connection
            connection.execute("PRAGMA journal_mode=WAL")
            # A power cut may cost the latest vectors, never the file.
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(_SCHEMA)
        return self._connection

    def _recover(self, error: Exception) -> None:
        said = " ".join(str(error).split())[:100]
        self.close()
        if self.trouble or isinstance(error, OSError) or any(sign in said.lower() for sign in _BEYOND_US):
            self.trouble, self._off = f"the cache of vectors is not used ({said})", True
            return
        self.trouble = f"the cache of vectors was damaged and is begun anew ({said})"
        try:
            for ending in ("", "-wal", "-shm"):
                Path(f"{self._path}{ending}").unlink(missing_ok=True)
        except OSError:
            self._off = True


def _rows(connection: sqlite3.Connection, hashes: Sequence[bytes]) -> dict[bytes, tuple[bytes, int]]:
    found: dict[bytes, tuple[bytes, int]] = {}
    for start in range(0, len(hashes), _AT_ONCE):
        part = hashes[start : start + _AT_ONCE]
        marks = ",".join("?" * len(part))
        asked = connection.execute(f"SELECT hash, vector, cut FROM vectors WHERE hash IN ({marks})", part)
        found.update((key, (vector, cut)) for key, vector, cut in asked)
    return found


def _delete_others(connection: sqlite3.Connection, asked: Collection[bytes]) -> None:
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS asked (hash BLOB PRIMARY KEY)")
    connection.execute("DELETE FROM asked")
    connection.executemany("INSERT INTO asked VALUES (?)", ((key,) for key in asked))
    connection.execute("DELETE FROM vectors WHERE hash NOT IN (SELECT hash FROM asked)")


def _insert(connection: sqlite3.Connection, rows: Sequence[tuple[bytes, bytes, int]]) -> None:
    # Many rows in a statement: after each of its steps the thread waits for Python's lock, up to 5 ms.
    for start in range(0, len(rows), _AT_ONCE // _COLUMNS):
        part = rows[start : start + _AT_ONCE // _COLUMNS]
        marks = ",".join(["(?, ?, ?)"] * len(part))
        values = list(chain.from_iterable(part))
        connection.execute(f"INSERT OR REPLACE INTO vectors VALUES {marks}", values)


def _sealed(key: bytes, plain: bytes, cut: int) -> tuple[bytes, bytes, int]:
    """A row, with a checksum of all of it after the vector."""
    return key, plain + _check(key, plain, cut), cut


def _check(key: bytes, plain: bytes, cut: int) -> bytes:
    # Of the key too: a damaged index leads to another text's row.
    return zlib.crc32(plain, zlib.crc32(key, cut)).to_bytes(_CHECK, "little")


def _read(key: bytes, sealed: object, cut: object) -> Kept | None:
    """The vector, unless what is there is not what was written."""
    if not isinstance(sealed, bytes) or len(sealed) <= _CHECK or (len(sealed) - _CHECK) % 4:
        return None
    plain, check = sealed[:-_CHECK], sealed[-_CHECK:]
    if cut not in (0, 1) or check != _check(key, plain, int(bool(cut))):
        return None
    return Kept(np.frombuffer(plain, dtype="<f4").astype(np.float32), bool(cut))
