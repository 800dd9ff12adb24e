"""Writing to a store: one process at a time, in steps that may be cut off anywhere.

Each batch goes catalog (PENDING), both indexes, catalog (INDEXED). Whatever a killed writer
left between two steps, the next one finishes before it does anything else.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby

from filelock import FileLock, Timeout

from xagent.catalog import FileState, NewDocument, Passage, State
from xagent.errors import StoreBusy
from xagent.faults import storage
from xagent.store import Store
from xagent.vectors import VectorIndex

PAGE = 1024
"""Passages embedded and indexed at a time."""


class Writer:
    """The right to write to a store; get one from `writing`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.generation = store.catalog.next_generation()

    def add(self, documents: Iterable[NewDocument]) -> None:
        """Keep and index documents; they are found after `publish`."""
        self.store.catalog.add(documents, self.generation)
        self._index_pending()

    def publish(self, finished: Iterable[FileState]) -> None:
        """Make what was added visible, and take out what the finished files no longer hold."""
        self.store.lexical.commit()
        self.store.catalog.publish(finished, self.generation)
        self._erase_removed()

    def drop_files(self, names: Iterable[str]) -> None:
        """Forget files and all their passages."""
        self.store.catalog.drop_files(names)
        self._erase_removed()

    def recover(self) -> None:
        """Finish what an interrupted writer began."""
        pending = self.store.catalog.unfinished(State.PENDING)
        self._take_out(pending)
        self._index_pending()
        if pending:
            self.publish([])
        self._erase_removed()

    def rebuild(self, progress: Callable[[int], None] = lambda done: None) -> None:
        """Make both indexes anew from the catalog's text."""
        with self.store.catalog.transaction() as connection:
            connection.execute("UPDATE passages SET state = 0 WHERE state = 1")
        self.store.lexical.close()
        with storage("indexes"):
            shutil.rmtree(self.store.path / "lexical", ignore_errors=True)
        self._renew_vectors()
        self._index_pending(progress)
        self.publish([])

    def _renew_vectors(self) -> None:
        if "vectors" in self.store.__dict__:
            self.store.vectors.close()
        with storage("vectors"):
            shutil.rmtree(self.store.path / "vectors", ignore_errors=True)
        self.store.__dict__["vectors"] = VectorIndex(self.store.path / "vectors")

    def _index_pending(self, progress: Callable[[int], None] = lambda done: None) -> None:
        done = 0
        while page := self.store.catalog.passages_after(self._last_indexed, PAGE, State.PENDING):
            self._index(page)
            self._last_indexed = page[-1].key
            done += len(page)
            progress(done)

    _last_indexed = 0

    def _index(self, passages: list[Passage]) -> None:
        for language, group in groupby(sorted(passages, key=lambda p: p.language), lambda p: p.language):
            members = list(group)
            vectors = self.store.embedder.embed_passages([indexed_text(p) for p in members])
            self.store.vectors.add(language, [p.key for p in members], vectors)
            with storage("text index"):
                self.store.lexical.of(language).add((p.key, indexed_text(p)) for p in members)

    def _erase_removed(self) -> None:
        removed = self.store.catalog.unfinished(State.REMOVED)
        if removed:
            self._take_out(removed)
            self.store.catalog.forget_removed()

    def _take_out(self, keys: dict[str, list[int]]) -> None:
        for language, members in keys.items():
            self.store.vectors.remove(language, members)
            with storage("text index"):
                self.store.lexical.of(language).remove(members)
        self.store.lexical.commit()


def indexed_text(passage: Passage) -> str:
    """What a search looks at: the passage, after the title and heading it stands under."""
    context = [part for part in (passage.title, passage.heading) if part]
    return "\n".join([*dict.fromkeys(context), passage.text])


@contextmanager
def writing(store: Store, wait: float = 0, recover: bool = True) -> Iterator[Writer]:
    """Hold the store's lock and, unless the indexes are beyond that, finish what an earlier writer left.

    Waits up to `wait` seconds for another process (-1 for ever), then raises StoreBusy.
    """
    lock = FileLock(store.path / "writer.lock", thread_local=False)
    note = store.path / "writer.pid"
    with storage("folder"):
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            raise StoreBusy(
                f"the store is being written by process {_holder(note)}: wait for it, or use `--wait`"
            ) from None
    try:
        with storage("folder"):
            note.write_text(str(os.getpid()), "utf-8")
        writer = Writer(store)
        if recover:
            writer.recover()
        yield writer
    finally:
        store.lexical.close()
        note.unlink(missing_ok=True)
        lock.release()


def _holder(note: "os.PathLike[str]") -> str:
    try:
        with open(note, encoding="utf-8") as file:
            return file.read(20).strip() or "unknown"
    except OSError:
        return "unknown"
