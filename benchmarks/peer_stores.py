"""One other store of vectors and text, built and searched, as `peers.py` runs it in its environment.

    python peer_stores.py PEER TASK.json MADE.json

The task names a file of passages, vectors of them and of the questions, and how many seconds there are:
half of them to build, half to search. Nothing of xagent is imported here; `scale.py` measures with the same
clock, disk and memory.
"""

import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import TypedDict

BATCH = 2000
LEAST = 20
"""Searches that are made even if they take longer than there is time for."""


class Task(TypedDict):
    """What is to be done; see `scale.py`."""

    corpus: str
    vectors: str
    questions: list[tuple[str, str]]
    question_vectors: str
    seconds: float
    places: int
    folder: str


Search = Callable[[int], object]
"""Searches for a question, by its number."""

Figures = dict[str, float | str]


def percentiles(spent: Sequence[float]) -> tuple[float, float]:
    """The 50th and the 95th, to a hundredth."""
    ordered = statistics.quantiles(spent, n=20) if len(spent) > 1 else [*spent] * 19
    return round(statistics.median(spent), 2), round(ordered[-1], 2)


def size_mb(folder: Path) -> float:
    """Of all files in a folder, in megabytes."""
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 1)


def process_peak_mb() -> float:
    """The most memory this process has had, in megabytes.

    Where Linux tells it: what `getrusage` says there begins with the memory of the process's parent.
    """
    try:
        status = Path("/proc/self/status").read_text("utf-8")
        kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
        return round(int(kilobytes) * 1024 / 1e6, 1)
    except (OSError, StopIteration):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return round(most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6, 1)


def batches(task: Task, until: float) -> Iterator[tuple[int, list[str], list[str]]]:
    """Where a batch begins, its languages and its texts, as long as there is time."""
    start = 0
    languages: list[str] = []
    texts: list[str] = []
    with Path(task["corpus"]).open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            languages.append(row["language"])
            texts.append(row["text"])
            if len(texts) == BATCH:
                yield start, languages, texts
                start, languages, texts = start + BATCH, [], []
                if time.perf_counter() > until:
                    return
    if texts:
        yield start, languages, texts


def chroma_where(task: Task, folder: Path, until: float) -> tuple[int, Search, Search]:
    """One collection; the best of each language by as many filtered queries, eight at a time."""
    numpy = import_module("numpy")
    vectors = numpy.load(task["vectors"], mmap_mode="r")
    asked = numpy.load(task["question_vectors"])
    client = import_module("chromadb").PersistentClient(str(folder))
    collection = client.create_collection("passages", configuration={"hnsw": {"space": "cosine"}})
    count = 0
    there: set[str] = set()
    for start, languages, texts in batches(task, until):
        count = start + len(texts)
        collection.add(
            ids=[str(n) for n in range(start, count)],
            embeddings=vectors[start:count],
            documents=texts,
            metadatas=[{"language": language} for language in languages],
        )
        there.update(languages)
    pool = ThreadPoolExecutor(8)

    def within(pair: tuple[int, str]) -> object:
        question, language = pair
        return collection.query(
            query_embeddings=asked[question : question + 1],
            n_results=task["places"],
            where={"language": language},
        )

    return (
        count,
        lambda question: list(pool.map(within, [(question, language) for language in sorted(there)])),
        lambda question: within((question, task["questions"][question][0])),
    )


class Given:
    """Vectors that were made before, as LangChain wants them: those of passages in order."""

    def __init__(self, task: Task) -> None:
        numpy = import_module("numpy")
        self._passages = numpy.load(task["vectors"], mmap_mode="r")
        asked = numpy.load(task["question_vectors"])
        self._asked = dict(zip((text for _, text in task["questions"]), asked, strict=True))
        self._next = 0

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Those of the passages that come next."""
        self._next += len(texts)
        return [row.tolist() for row in self._passages[self._next - len(texts) : self._next]]

    def embed_query(self, text: str) -> list[float]:
        """That of a question."""
        return [float(value) for value in self._asked[text]]


def langchain_ensemble(task: Task, folder: Path, until: float) -> tuple[int, Search, Search]:
    """EnsembleRetriever of BM25Retriever and Chroma, equal weights; all languages in one list."""
    store = import_module("langchain_chroma").Chroma(
        embedding_function=Given(task),
        persist_directory=str(folder),
        collection_configuration={"hnsw": {"space": "cosine"}},
    )
    taken: list[str] = []
    found: list[dict[str, str]] = []
    for start, languages, texts in batches(task, until):
        metadata = [{"language": language} for language in languages]
        store.add_texts(texts, metadata, ids=[str(n) for n in range(start, start + len(texts))])
        taken += texts
        found += metadata
    by_text = import_module("langchain_community.retrievers").BM25Retriever.from_texts(
        taken, metadatas=found, k=task["places"]
    )
    by_vector = store.as_retriever(search_kwargs={"k": task["places"]})
    ensemble = import_module("langchain_classic.retrievers").EnsembleRetriever(
        retrievers=[by_text, by_vector], weights=[0.5, 0.5]
    )
    search: Search = lambda question: ensemble.invoke(task["questions"][question][1])  # noqa: E731
    return len(taken), search, search


PEERS = {"chroma_where": chroma_where, "langchain_ensemble": langchain_ensemble}


def milliseconds(search: Search, questions: int, until: float) -> list[float]:
    """How long each question takes, for as many as there is time for; the first is to warm up."""
    search(0)
    spent: list[float] = []
    # In steps, so that those there is time for are of all languages.
    order = sorted(range(questions), key=lambda n: (n * 7919) % questions)
    for question in order:
        if len(spent) >= LEAST and time.perf_counter() > until:
            break
        begun = time.perf_counter()
        search(question)
        spent.append((time.perf_counter() - begun) * 1000)
    return spent


def measure(peer: str, task: Task) -> Figures:
    """Build, search, and delete what was built."""
    with tempfile.TemporaryDirectory(dir=task["folder"], ignore_cleanup_errors=True) as name:
        begun = time.perf_counter()
        count, search, own = PEERS[peer](task, Path(name), begun + task["seconds"] / 2)
        built = time.perf_counter() - begun
        limit = time.perf_counter() + task["seconds"] / 2
        spent = milliseconds(search, len(task["questions"]), limit)
        p50, p95 = percentiles(spent)
        figures: Figures = {"passages": count, "search_p50_ms": p50, "search_p95_ms": p95}
        if own is not search:
            limit = time.perf_counter() + task["seconds"] / 8
            figures["one_language_p50_ms"], _ = percentiles(milliseconds(own, len(task["questions"]), limit))
        return figures | {
            "searches": len(spent),
            "build_seconds": round(built, 1),
            "disk_mb": size_mb(Path(name)),
            "peak_mb": process_peak_mb(),
        }


def main() -> None:
    peer, given, made = sys.argv[1:]
    task: Task = json.loads(Path(given).read_text("utf-8"))
    Path(made).write_text(json.dumps(measure(peer, task)), "utf-8")


if __name__ == "__main__":
    main()
