"""Files into the store: what is unchanged is passed over, what cannot be read is named."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from xagent.catalog import FileState
from xagent.corpus import BUDGET, split_passages
from xagent.embedder_notes import notes_on
from xagent.errors import FileError, MissingExtra
from xagent.files import find_files
from xagent.languages import detect
from xagent.passage_budget import PassageBudget
from xagent.passages import NewDocument, NewPassage
from xagent.readers import Document, read
from xagent.store import Store
from xagent.writer import Writer, writing

BATCH = 8192
"""Passages in memory at a time; each batch costs one commit of the text index."""


@dataclass
class IngestReport:
    """What a run of ingest did."""

    read: int = 0
    """Files read because they were new or changed."""
    unchanged: int = 0
    """Files passed over."""
    dropped: list[str] = field(default_factory=list)
    """Files forgotten because they are gone."""
    failed: dict[str, str] = field(default_factory=dict)
    """Files and paths that could not be read, with the reason."""
    skipped: int = 0
    """Files in folders whose kind is not one that is read."""
    passages: Counter[str] = field(default_factory=Counter)
    """Passages added, by language."""
    documents: Counter[str] = field(default_factory=Counter)
    """Documents added, by the language of most of their passages."""
    questions: int = 0
    """Questions written for passages, which are found by them too."""
    truncated: int = 0
    """Passages that the embedder did not read to their end: they are longer than it reads."""
    truncated_by_estimate: bool = False
    """Whether nothing counts the embedder's tokens, so that `truncated` is an estimate."""
    notes: list[str] = field(default_factory=list)
    """What should be known of the embedder and of what it was given, a line each."""

    def as_dict(self) -> dict[str, object]:
        """All fields as plain values."""
        # asdict() counts a Counter's items anew.
        return {**vars(self), "passages": dict(self.passages), "documents": dict(self.documents)}


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """How far a run has come, in bytes of the files to read."""

    file: str
    done: int
    total: int


def ingest(
    store: Store,
    paths: Iterable[str | Path],
    *,
    root: Path | None = None,
    prune: bool = False,
    wait: float = 0,
    progress: Callable[[IngestProgress], None] = lambda _: None,
) -> IngestReport:
    """Bring the store up to date with files, folders and globs.

    Files are named by their path below `root` (the folder that holds the store, unless told
    otherwise). `prune` forgets files that lay under these paths and are gone. A file that
    cannot be read is reported and the rest goes on. Raises StoreBusy, StoreFull, StoreDamaged.
    """
    wanted = [Path(path) for path in paths]
    found = find_files(wanted)
    failed = {str(path): reason for path, reason in found.failed.items()}
    report = IngestReport(failed=failed, skipped=found.skipped)
    naming = Naming((root or store.path.resolve().parent).resolve())
    with writing(store, wait) as writer:
        changed = _changed(store, found.files, naming, report)
        _Run(writer, naming, report, progress).over(changed)
        _report_embedding(writer, report)
        if prune:
            report.dropped = list(_gone(store, wanted, found.files, naming))
            writer.drop_files(report.dropped)
    return report


def _report_embedding(writer: Writer, report: IngestReport) -> None:
    report.truncated, report.truncated_by_estimate = len(writer.cut), writer.cut_by_estimate
    embedder = writer.store.embedder
    report.notes.extend(notes_on(embedder, report.passages, report.truncated, report.truncated_by_estimate))


@dataclass(frozen=True, slots=True)
class Naming:
    """Names of files in the store: relative below the root, so that a moved project keeps them."""

    root: Path

    def name(self, path: Path) -> str:
        """The name of the file at `path`."""
        whole = _real(path)
        inside = whole.relative_to(self.root) if whole.is_relative_to(self.root) else whole
        # Names that are not UTF-8 cannot be kept in SQLite as they are.
        return inside.as_posix().encode("utf-8", "backslashreplace").decode()

    def path(self, name: str) -> Path:
        """Where the file of that name lay."""
        return self.root / name


def _real(path: Path) -> Path:
    """Where `path` lies, whatever links led to its folder; a link keeps its own name."""
    return Path(os.path.realpath(path.parent), path.name)


def _changed(
    store: Store, files: Iterable[Path], naming: Naming, report: IngestReport
) -> list[tuple[Path, FileState]]:
    known = store.catalog.files()
    changed = []
    for path in files:
        try:
            status = path.stat()
        except OSError as error:
            report.failed[str(path)] = error.strerror or str(error)
            continue
        state = FileState(naming.name(path), status.st_size, status.st_mtime_ns)
        if known.get(state.name) == state:
            report.unchanged += 1
        else:
            changed.append((path, state))
    return changed


def _gone(store: Store, paths: Sequence[Path], found: Iterable[Path], naming: Naming) -> Iterator[str]:
    # A name that is not UTF-8 does not lead back to its file: having been found is what counts.
    there = {naming.name(path) for path in found}
    for name in sorted(store.catalog.file_names() - there):
        path = naming.path(name)
        if not os.path.lexists(path) and any(_covers(given, path) for given in paths):
            yield name


def _covers(given: Path, path: Path) -> bool:
    """Whether `path` lies under a given file or folder, or under what a given glob matches."""
    return _matches(path.parts, Path(os.path.realpath(given)).parts)


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return True
    if pattern[0] == "**":
        return any(_matches(parts[start:], pattern[1:]) for start in range(len(parts) + 1))
    same = parts and (parts[0] == pattern[0] or fnmatchcase(parts[0], pattern[0]))
    return bool(same) and _matches(parts[1:], pattern[1:])


class _Run:
    """One pass over the files that changed."""

    def __init__(
        self,
        writer: Writer,
        naming: Naming,
        report: IngestReport,
        progress: Callable[[IngestProgress], None],
    ) -> None:
        self.writer = writer
        self.catalog = writer.store.catalog
        self.naming = naming
        self.report = report
        self.progress = progress
        self.known = set(writer.store.languages())
        self.budget = PassageBudget(writer.store.embedder)
        self.documents: list[NewDocument] = []
        self.unchanged: list[tuple[str, str]] = []
        self.finished: list[FileState] = []
        self.size = 0

    def over(self, files: Sequence[tuple[Path, FileState]]) -> None:
        """Read every file, index what it holds, and mark it read."""
        total = sum(state.size for _, state in files)
        done = 0
        for path, state in files:
            self.progress(IngestProgress(state.name, done, total))
            try:
                self._file(path, state)
            except (FileError, MissingExtra) as error:
                self.report.failed[str(path)] = str(error)
            done += state.size
        self._flush()
        self.progress(IngestProgress("", total, total))

    def _file(self, path: Path, state: FileState) -> None:
        self.catalog.begin_file(state.name, self.writer.generation)
        for document in read(path):
            self._document(state.name, document)
            if self.size >= BATCH:
                self._flush()
        self.finished.append(state)
        self.report.read += 1

    def _document(self, file: str, document: Document) -> None:
        digest = _digest(document)
        if self.catalog.document_digest(file, document.part) == digest:
            self.unchanged.append((file, document.part))
            self.size += 1
            return
        passages = tuple(passages_of(document, self.known, self.budget.of(document)))
        self.documents.append(
            NewDocument(file, document.part, document.title, document.text, digest, passages)
        )
        self.size += len(passages)
        self._count(passages)

    def _count(self, passages: Sequence[NewPassage]) -> None:
        languages = Counter(passage.language for passage in passages)
        self.known.update(languages)
        self.report.passages.update(languages)
        if languages:
            self.report.documents[languages.most_common(1)[0][0]] += 1

    def _flush(self) -> None:
        self.writer.add(self.documents)
        self.catalog.touch(self.unchanged, self.writer.generation)
        self.writer.publish(self.finished)
        self.documents, self.unchanged, self.finished, self.size = [], [], [], 0


def passages_of(
    document: Document, known: Collection[str] = (), budget: int = BUDGET
) -> Iterator[NewPassage]:
    """Cut a document into passages up to a width, each with its own language: a document may mix them.

    The language of the whole, the one it declares and those `known` in the store are
    evidence for passages too short to tell by themselves.
    """
    whole = detect(document.text, [*known, document.language] if document.language else known)
    for chunk in split_passages(document, budget):
        alone = chunk.end - chunk.start == len(document.text)
        found = whole if alone else detect(chunk.text, [whole.code])
        language = found.code if found.code != "und" else whole.code
        yield NewPassage(chunk.start, chunk.end, chunk.heading, language, found.script)


def _digest(document: Document) -> bytes:
    described = repr((document.title, document.headings, document.language)).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(document.text.encode(), key=hashlib.sha256(described).digest()).digest()
