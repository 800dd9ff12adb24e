"""Writing to a store: one process at a time, in steps that may be cut off anywhere.

Each batch goes catalog (PENDING), both indexes, catalog (INDEXED). Whatever a killed writer
left between two steps, the next one finishes before it does anything else.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import ExitStack, contextmanager
from itertools import groupby

import numpy as np
from filelock import FileLock, Timeout

from xagent.catalog import FileState, State
from xagent.embeddings import Vectors
from xagent.errors import StoreBusy, StoreDamaged, StoreError
from xagent.faults import storage
from xagent.kept_questions import KeptQuestions
from xagent.model_embedder import Embedded, ModelEmbedder
from xagent.passages import NewDocument, Passage
from xagent.store import Store

_BESIDE = ThreadPoolExecutor(max_workers=1, thread_name_prefix="xagent-index")
_ASKING = ThreadPoolExecutor(max_workers=2, thread_name_prefix="xagent-embed")

Asked = deque[tuple[list[Passage], Future[Embedded]]]
"""Pages whose vectors a model was asked for, the first first."""

PAGE = 1024
"""Passages embedded and indexed at a time."""


class Writer:
    """The right to write to a store; get one from `writing`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.generation = store.catalog.next_generation()
        self.cut: set[int] = set()
        """Keys of passages that the embedder did not read to their end."""
        self.cut_by_estimate = False
        """Whether some were found too long by an estimate."""
        self._asked: list[Future[Embedded]] = []

    def add(self, documents: Iterable[NewDocument]) -> None:
        """Keep and index documents; they are found after `publish`."""
        self.store.catalog.add(documents, self.generation)
        self._index_pending()

    def publish(self, finished: Iterable[FileState]) -> None:
        """Make what was added visible, and take out what the finished files no longer hold."""
        self.settle()
        self.store.lexical.commit()
        self.store.catalog.publish(finished, self.generation)
        self._erase_removed()

    def drop_files(self, names: Iterable[str]) -> None:
        """Forget files and all their passages."""
        self.store.catalog.drop_files(names)
        self._erase_removed()

    def recover(self, doubtful: bool) -> None:
        """Finish what an interrupted writer began; make the indexes anew if it left them damaged.

        When they are `doubtful`, every vector is searched for: Chroma (1.5) writes its graph in
        place, and may read what a kill or a full disk left of it without complaint.
        """
        try:
            self._finish()
            sound = not doubtful or self._finds_all()
        except StoreDamaged:
            sound = False
        if not sound:
            self.rebuild()

    def _finds_all(self) -> bool:
        last = 0
        while page := self.store.catalog.passages_after(last, PAGE):
            if any(lost_vectors(self.store, *group) for group in by_language(page)):
                return False
            last = page[-1].key
        return True

    def _finish(self) -> None:
        pending = self.store.catalog.unfinished(State.PENDING)
        self._take_out(pending)
        self._index_pending()
        if pending:
            self.publish([])
        self._erase_removed()

    def rebuild(self, progress: Callable[[int], None] = lambda _: None) -> None:
        """Make both indexes anew from the catalog's text."""
        self.abandon()
        with self.store.catalog.transaction() as connection:
            connection.execute("UPDATE passages SET state = 0 WHERE state = 1")
        self.store.erase_indexes()
        self._last_indexed = 0
        cache = self._model.cache if self._model else None
        if cache:
            cache.start_over()
        self._index_pending(progress)
        self.publish([])
        if cache:
            cache.forget_others()

    def index_again(self) -> None:
        """Index what is PENDING anew, in the place of what the indexes have of it."""
        self._last_indexed = 0
        self._finish()

    def _index_pending(self, progress: Callable[[int], None] = lambda _: None) -> None:
        done = 0
        for page, vectors in self._embedded_pages():
            self._index(page, vectors)
            self._last_indexed = page[-1].key
            done += len(page)
            progress(done)

    _last_indexed = 0

    @property
    def _model(self) -> ModelEmbedder | None:
        return self.store.embedder if isinstance(self.store.embedder, ModelEmbedder) else None

    def _embedded_pages(self) -> Iterator[tuple[list[Passage], dict[int, Vectors]]]:
        """What is pending, a page at a time; the vectors of the next pages are asked for in the meantime."""
        asked: Asked = deque()
        for page in self._pending_pages():
            if self._model is None:
                yield page, {}
                continue
            asked.append((page, _ASKING.submit(self._model.embed_measured, indexed_texts(self.store, page))))
            self._asked.append(asked[-1][1])
            if len(asked) > 1:
                yield self._answered(asked)
        while asked:
            yield self._answered(asked)

    def _pending_pages(self) -> Iterator[list[Passage]]:
        last = self._last_indexed
        while page := self.store.catalog.passages_after(last, PAGE, State.PENDING):
            yield page
            last = page[-1].key

    def _answered(self, asked: Asked) -> tuple[list[Passage], dict[int, Vectors]]:
        page, answer = asked.popleft()
        found = answer.result()
        self._asked.remove(answer)
        self.cut.update(p.key for p, short in zip(page, found.cut, strict=True) if short)
        self.cut_by_estimate |= found.estimated
        return page, {p.key: vector for p, vector in zip(page, found.vectors, strict=True)}

    def _index(self, passages: list[Passage], known: Mapping[int, Vectors]) -> None:
        for language, members in by_language(passages):
            keys, texts = [p.key for p in members], indexed_texts(self.store, members)
            embedder = self.store.embedder
            made = [known[key] for key in keys] if known else embedder.embed_passages(texts, language)
            vectors = np.stack(list(made))
            # Chroma lets go of Python's lock: its index grows while the next passages are prepared.
            self.settle()
            self._adding = _BESIDE.submit(self.store.vectors.add, language, keys, vectors)
            with storage("text index", self.store.path):
                self.store.lexical.of(language).add(zip(keys, texts, strict=True))

    _adding: Future[None] | None = None

    def settle(self) -> None:
        """Wait until the vectors handed to Chroma are in its index, and raise what went wrong there."""
        adding, self._adding = self._adding, None
        if adding is not None:
            adding.result()

    def abandon(self) -> None:
        """Let a transfer to Chroma that nobody waits for any more come to its end, and ask no more."""
        adding, self._adding = self._adding, None
        asked, self._asked = self._asked, []
        running = [answer for answer in asked if not answer.cancel()]
        if self._model and running:
            self._model.interrupt()
        wait_for(running)
        if adding is not None:
            wait_for([adding])

    def _erase_removed(self) -> None:
        removed = self.store.catalog.unfinished(State.REMOVED)
        if removed:
            self._take_out(removed)
            self.store.catalog.forget_removed()

    def _take_out(self, keys: dict[str, list[int]]) -> None:
        for language, members in keys.items():
            self.store.vectors.remove(language, members)
            with storage("text index", self.store.path):
                self.store.lexical.of(language).remove(members)
        self.store.lexical.commit()


def indexed_text(passage: Passage) -> str:
    """What a search looks at: the passage, after the title and heading it stands under."""
    context = [part for part in (passage.title, passage.heading) if part]
    return "\n".join([*dict.fromkeys(context), passage.text])


def indexed_texts(store: Store, passages: Sequence[Passage]) -> list[str]:
    """`indexed_text` of each passage, with the questions kept with it: found by them, it shows none."""
    questions = KeptQuestions(store.catalog).of(passage.key for passage in passages)
    return ["\n".join((indexed_text(p), *questions.get(p.key, ()))) for p in passages]


def by_language(passages: Iterable[Passage]) -> Iterator[tuple[str, list[Passage]]]:
    """The passages of each language together."""
    for language, group in groupby(sorted(passages, key=lambda p: p.language), lambda p: p.language):
        yield language, list(group)


def lost_vectors(store: Store, language: str, passages: Sequence[Passage]) -> list[int]:
    """The keys of those passages of one language that no vector search finds."""
    vectors = store.embedder.embed_passages(indexed_texts(store, passages), language)
    return store.vectors.lost(language, [passage.key for passage in passages], vectors)


@contextmanager
def writing(store: Store, wait: float = 0, recover: bool = True) -> Iterator[Writer]:
    """Hold the store's lock and, unless the indexes are beyond that, finish what an earlier writer left.

    Waits up to `wait` seconds for another process (-1 for ever), then raises StoreBusy.
    """
    lock = FileLock(store.lock_path, thread_local=False)
    note = store.note_path
    with ExitStack() as held:
        with storage("folder"):
            try:
                lock.acquire(timeout=wait)
            except Timeout:
                raise StoreBusy(
                    f"the store is being written by process {_holder(note)}: wait for it, or use `--wait`"
                ) from None
            held.callback(lock.release)
            doubtful = note.exists()
            note.write_text(str(os.getpid()), "utf-8")
        held.callback(store.lexical.close)
        writer = Writer(store)
        held.callback(writer.abandon)
        try:
            if recover:
                writer.recover(doubtful)
            yield writer
        except StoreError:
            raise  # and leave the note: the next writer is to doubt the indexes
        except BaseException:
            note.unlink(missing_ok=True)
            raise
        note.unlink(missing_ok=True)


def _holder(note: "os.PathLike[str]") -> str:
    try:
        with open(note, encoding="utf-8") as file:
            return file.read(20).strip() or "unknown"
    except OSError:
        return "unknown"
