"""How do a suite's documents become a store? Once a run; one that goes on finds them as they were."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from filelock import FileLock

from xagent.agent import Agent
from xagent.errors import InputError
from xagent.evaluation.runs import write
from xagent.evaluation.samples import Document
from xagent.ingest import passages_of
from xagent.passage_budget import PassageBudget
from xagent.passages import NewDocument
from xagent.readers import Document as Text
from xagent.readers import markdown
from xagent.readers._decoding import clean
from xagent.writer import writing

BATCH = 500
"""Documents in memory at a time."""


def index(agent: Agent, documents: Iterable[Document]) -> None:
    """Fill the agent's store with documents, each under its id; one that is full of them already is kept.

    Raises InputError where it holds other documents, or what is no store of a run's, and what a writer of a
    store raises.
    """
    folder = Path(agent.context.store)
    mark, begun = folder.with_name("corpus.sha256"), folder.with_name("corpus.begun")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name("corpus.lock")):  # runs that share a store wait for the first
        if mark.exists() and folder.exists():
            _check(mark, documents)
            return
        _clear(folder, begun)
        begun.touch()
        agent.context.create()
        write(mark, _filled(agent, documents))
        begun.unlink()


def _clear(folder: Path, begun: Path) -> None:
    """Remove what a process left that was ended while it filled the store, and nothing else."""
    if not folder.exists():
        return
    if not begun.exists():
        raise InputError(f"{folder} is no store of a run's: name another folder with --out")
    shutil.rmtree(folder)


def _check(mark: Path, documents: Iterable[Document]) -> None:
    digest = hashlib.sha256()
    for document in documents:
        digest.update(_line(document))
    if digest.hexdigest() != mark.read_text("utf-8").strip():
        raise InputError(
            f"the documents are not those that {mark.parent} was begun with: name another folder with --out"
        )


def _filled(agent: Agent, documents: Iterable[Document]) -> str:
    """SHA-256 of the documents, which are in the store by then."""
    digest = hashlib.sha256()
    known: set[str] = set()
    budget = PassageBudget(agent.store.embedder)
    with writing(agent.store, 0) as writer:
        for batch in _batches(documents):
            new = [_new(document, known, budget) for document in batch]
            known.update(passage.language for document in new for passage in document.passages)
            for document in batch:
                digest.update(_line(document))
            writer.add(new)
            writer.publish([])
    return digest.hexdigest()


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    rest = iter(documents)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _line(document: Document) -> bytes:
    return document.model_dump_json().encode() + b"\n"


def _new(document: Document, known: set[str], budget: PassageBudget) -> NewDocument:
    """A document cut into passages; the sections of one that is called `.md` are heeded."""
    text = clean(document.text)
    sections = tuple(markdown.headings(text)) if document.id.endswith(".md") else ()
    title = document.title or (markdown.plain_text(sections[0][1]) if sections else document.id)
    read = Text("", title, text, sections, document.language or None)
    passages = tuple(passages_of(read, known, budget.of(read)))
    return NewDocument(document.id, "", title, text, hashlib.blake2b(_line(document)).digest(), passages)
