"""What the store knows, in SQLite: files, their text, and where passages lie in it.

The catalog is the truth, and both indexes can be rebuilt from it. A passage is visible once
it is INDEXED; PENDING and REMOVED ones are what an interrupted writer left to be finished.
"""

import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from xagent.faults import storage
from xagent.passages import NewDocument, Passage

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    name TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, generation INTEGER, complete INTEGER);
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY, file TEXT, part TEXT, title TEXT, digest BLOB, generation INTEGER, text TEXT);
CREATE INDEX IF NOT EXISTS documents_by_file ON documents (file, part);
CREATE TABLE IF NOT EXISTS passages (
    key INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice: an index may still hold a removed one
    document INTEGER, start INTEGER, end INTEGER, heading TEXT, language TEXT, script TEXT, state INTEGER);
CREATE INDEX IF NOT EXISTS passages_by_document ON passages (document);
CREATE INDEX IF NOT EXISTS passages_unfinished ON passages (state) WHERE state != 1;
CREATE INDEX IF NOT EXISTS passages_by_language ON passages (language, state);
CREATE TABLE IF NOT EXISTS questions (passage INTEGER PRIMARY KEY, wanted INTEGER, texts TEXT);
CREATE TRIGGER IF NOT EXISTS questions_go_along AFTER DELETE ON passages
    BEGIN DELETE FROM questions WHERE passage = OLD.key; END;
"""

_PASSAGE = """
SELECT p.key, d.file, d.part, d.title, p.heading, p.language, p.script, p.start, p.end,
       substr(d.text, p.start + 1, p.end - p.start)
FROM passages p JOIN documents d ON d.id = p.document
"""

_REPLACE = """
UPDATE passages SET state = 2 WHERE document IN (
    SELECT old.id FROM documents new JOIN documents old
    ON old.file = new.file AND old.part = new.part AND old.id < new.id
    WHERE new.id IN (SELECT document FROM passages WHERE state = 0))
"""


class State(IntEnum):
    """How far a passage has come."""

    PENDING = 0
    INDEXED = 1
    REMOVED = 2


@dataclass(frozen=True, slots=True)
class FileState:
    """What identified a file's content when it was read in full."""

    name: str
    size: int
    mtime_ns: int


class Catalog:
    """The store's SQLite file; safe to use from several threads.

    Raises StoreDamaged, StoreBusy or StoreFull as SQLite reports them.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._counted: tuple[object, dict[str, tuple[int, int]]] = (None, {})
        with storage("catalog"):
            self._connection = sqlite3.connect(
                path, timeout=10, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file; the catalog cannot be used any more."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of the statements inside, or none of them."""
        with self._lock, storage("catalog"):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                # A full disk may have ended the transaction already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _all(self, statement: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        with self._lock, storage("catalog"):
            return self._connection.execute(statement, values).fetchall()

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """What a query finds: for what is kept here beside passages."""
        return self._all(statement, values)

    # Reading

    def passages(self, keys: Iterable[int]) -> dict[int, Passage]:
        """The visible passages among `keys`."""
        wanted = list(keys)
        found: dict[int, Passage] = {}
        for batch in (wanted[i : i + 500] for i in range(0, len(wanted), 500)):
            marks = ",".join("?" * len(batch))
            rows = self._all(f"{_PASSAGE} WHERE p.key IN ({marks}) AND p.state = 1", batch)
            found.update((passage.key, passage) for passage in map(_passage, rows))
        return found

    def keys_of(self, sources: Collection[str]) -> dict[str, list[int]]:
        """The keys of the visible passages of these documents, by language; unknown names are passed over."""
        named = sorted({pair for source in sources for pair in _parts(source)})
        found: dict[str, list[int]] = {}
        for batch in (named[i : i + 400] for i in range(0, len(named), 400)):
            statement = (
                "SELECT p.language, p.key FROM documents d JOIN passages p ON p.document = d.id "
                f"WHERE p.state = 1 AND (d.file, d.part) IN (VALUES {','.join(['(?,?)'] * len(batch))})"
            )
            for language, key in self._all(statement, [name for pair in batch for name in pair]):
                found.setdefault(str(language), []).append(int(str(key)))
        return found

    def passages_after(self, key: int, limit: int, state: State = State.INDEXED) -> list[Passage]:
        """Up to `limit` passages in `state` whose key is greater, in order: a page of all."""
        statement = f"{_PASSAGE} WHERE p.key > ? AND p.state = ? ORDER BY p.key LIMIT ?"
        return [_passage(row) for row in self._all(statement, (key, state, limit))]

    def quotation(self, key: int, start: int, end: int) -> str:
        """What the document of passage `key` really says from `start` to `end`."""
        statement = (
            "SELECT substr(d.text, ? + 1, ?) FROM passages p JOIN documents d ON d.id = p.document "
            "WHERE p.key = ?"
        )
        rows = self._all(statement, (start, max(0, end - start), key))
        return str(rows[0][0]) if rows else ""

    def languages(self) -> dict[str, tuple[int, int]]:
        """Visible passages and documents of each language, the most passages first."""
        # Every search asks, and counting takes longer than searching: count anew only after a write.
        version = (self._connection.total_changes, self._all("PRAGMA data_version")[0][0])
        if self._counted[0] != version:
            statement = (
                "SELECT language, count(*), count(DISTINCT document) FROM passages WHERE state = 1 "
                "GROUP BY language ORDER BY 2 DESC, 1"
            )
            counts = {str(code): (int(str(n)), int(str(m))) for code, n, m in self._all(statement)}
            self._counted = (version, counts)
        return dict(self._counted[1])

    def count(self, state: State = State.INDEXED) -> int:
        """How many passages are in `state`."""
        return int(str(self._all("SELECT count(*) FROM passages WHERE state = ?", (state,))[0][0]))

    def keys(self, language: str) -> set[int]:
        """The keys of a language's visible passages."""
        rows = self._all("SELECT key FROM passages WHERE language = ? AND state = 1", (language,))
        return {int(str(key)) for (key,) in rows}

    def files(self) -> dict[str, FileState]:
        """The files that have been read in full, by name."""
        rows = self._all("SELECT name, size, mtime_ns FROM files WHERE complete = 1")
        return {str(n): FileState(str(n), int(str(s)), int(str(m))) for n, s, m in rows}

    def file_names(self) -> set[str]:
        """The files of which something is kept, read in full or not."""
        return {str(name) for (name,) in self._all("SELECT name FROM files")}

    def document_digest(self, file: str, part: str) -> bytes | None:
        """What identified this document's content when it was last ingested."""
        rows = self._all(
            "SELECT digest FROM documents WHERE file = ? AND part = ? ORDER BY id DESC LIMIT 1", (file, part)
        )
        return bytes(rows[0][0]) if rows and isinstance(rows[0][0], bytes) else None

    def check(self) -> list[str]:
        """What SQLite finds wrong with its own file; nothing when it is sound."""
        return [str(row[0]) for row in self._all("PRAGMA quick_check") if row[0] != "ok"]

    # Writing

    def next_generation(self) -> int:
        """A number greater than any file's: what one run of ingest touches bears it."""
        return int(str(self._all("SELECT coalesce(max(generation), 0) + 1 FROM files")[0][0]))

    def begin_file(self, name: str, generation: int) -> None:
        """A file is about to be read; until `finish_file` it counts as not read in full."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO files VALUES (?, 0, 0, ?, 0) "
                "ON CONFLICT (name) DO UPDATE SET generation = excluded.generation, complete = 0",
                (name, generation),
            )

    def add(self, documents: Iterable[NewDocument], generation: int) -> None:
        """Keep the documents and their passages, the passages PENDING."""
        with self.transaction() as connection:
            for document in documents:
                _insert(connection, document, generation)

    def touch(self, documents: Iterable[tuple[str, str]], generation: int) -> None:
        """The documents named by file and part are still as they were."""
        with self.transaction() as connection:
            connection.executemany(
                "UPDATE documents SET generation = ? WHERE id = "
                "(SELECT max(id) FROM documents WHERE file = ? AND part = ?)",
                [(generation, file, part) for file, part in documents],
            )

    def publish(self, finished: Iterable[FileState], generation: int) -> None:
        """Make PENDING passages visible, and what they and the finished files replace not."""
        with self.transaction() as connection:
            connection.execute(_REPLACE)
            connection.execute("UPDATE passages SET state = 1 WHERE state = 0")
            for file in finished:
                connection.execute(
                    "UPDATE passages SET state = 2 WHERE document IN "
                    "(SELECT id FROM documents WHERE file = ? AND generation < ?)",
                    (file.name, generation),
                )
                connection.execute(
                    "UPDATE files SET size = ?, mtime_ns = ?, complete = 1 WHERE name = ?",
                    (file.size, file.mtime_ns, file.name),
                )

    def drop_files(self, names: Iterable[str]) -> None:
        """Forget files: their passages become REMOVED."""
        with self.transaction() as connection:
            for name in names:
                connection.execute(
                    "UPDATE passages SET state = 2 WHERE document IN "
                    "(SELECT id FROM documents WHERE file = ?)",
                    (name,),
                )
                connection.execute("DELETE FROM files WHERE name = ?", (name,))

    def unfinished(self, state: State) -> dict[str, list[int]]:
        """The keys of PENDING or REMOVED passages, by language."""
        found: dict[str, list[int]] = {}
        for key, language in self._all("SELECT key, language FROM passages WHERE state = ?", (state,)):
            found.setdefault(str(language), []).append(int(str(key)))
        return found

    def forget_removed(self) -> None:
        """Delete REMOVED passages, and documents that have been replaced or lost their file."""
        with self.transaction() as connection:
            removed = connection.execute("SELECT DISTINCT document FROM passages WHERE state = 2")
            documents = removed.fetchall()
            connection.execute("DELETE FROM passages WHERE state = 2")
            connection.executemany(
                "DELETE FROM documents WHERE id = ? AND NOT EXISTS "
                "(SELECT 1 FROM passages WHERE document = documents.id)",
                documents,
            )


def _insert(connection: sqlite3.Connection, document: NewDocument, generation: int) -> None:
    cursor = connection.execute(
        "INSERT INTO documents (file, part, title, digest, generation, text) VALUES (?,?,?,?,?,?)",
        (document.file, document.part, document.title, document.digest, generation, document.text),
    )
    connection.executemany(
        "INSERT INTO passages (document, start, end, heading, language, script, state) "
        "VALUES (?,?,?,?,?,?,0)",
        [(cursor.lastrowid, p.start, p.end, p.heading, p.language, p.script) for p in document.passages],
    )


def _parts(source: str) -> Iterator[tuple[str, str]]:
    """The files and parts that `source` may name: a file's name may have the sign between them in it."""
    yield source, ""
    for at, character in enumerate(source):
        if character == "#":
            yield source[:at], source[at + 1 :]


def _passage(row: Sequence[object]) -> Passage:
    key, file, part, title, heading, language, script, start, end, text = row
    return Passage(
        key=int(str(key)),
        source=f"{file}#{part}" if part else str(file),
        title=str(title),
        heading=str(heading),
        language=str(language),
        script=str(script),
        start=int(str(start)),
        end=int(str(end)),
        text=str(text),
    )
