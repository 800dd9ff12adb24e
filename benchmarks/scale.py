"""How do search, build, disk and memory grow? NoMIRACL's passages in 17 languages, and more made of them.

    python benchmarks/scale.py --data NOMIRACL_FOLDER [--sizes 60000,300000] [--no-peers] [--peer-seconds 900]

NoMIRACL (Thakur et al. 2024, Apache-2.0; passages CC BY-SA) has about 66,000 passages; further ones are
sentences of one language mixed anew, as long as the real ones and in the same share of languages. A search
goes over all languages at once. The smallest size is also put to one Chroma collection for all languages,
asked for ten passages of each with a `where` filter, and to LangChain's EnsembleRetriever of BM25 and Chroma,
which has no share for a language. These are given xagent's vectors ready made, and take in what they can in
half of `--peer-seconds`. Every measurement has its own process; all files are in one temporary folder.
"""

import argparse
import json
import multiprocessing
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.ingest import prompts
from benchmarks.peer_stores import percentiles, process_peak_mb, size_mb
from benchmarks.peers import STORE_PEERS, STORES, PeerFailed, ask
from xagent.concept_embedder import ConceptEmbedder
from xagent.languages import detect
from xagent.passages import NewDocument, NewPassage
from xagent.retrieval import Query, search
from xagent.sentences import sentence_breaks
from xagent.store import Store
from xagent.writer import writing

PLACES = 10
BATCH = 2000
QUESTIONS = 200

Text = tuple[str, str]
"""Language and text."""


@dataclass(frozen=True)
class Row:
    """What was measured at one size."""

    passages: int
    search_p50_ms: float
    search_p95_ms: float
    one_language_p50_ms: float
    """When the passages of the question's language alone are searched."""
    build_seconds: float
    disk_mb: float
    peak_mb: float
    """The most memory that the process had, building and searching."""


def read(folder: Path) -> tuple[list[Text], list[Text]]:
    """Passages, each once, and questions, both with their language and sorted by it."""
    passages: dict[str, str] = {}
    questions: dict[str, str] = {}
    for language, question, texts in prompts(folder):
        questions.setdefault(question, language)
        for text in texts:
            passages.setdefault(text, language)
    return sorted((code, text) for text, code in passages.items()), sorted(
        (code, text) for text, code in questions.items()
    )


def spread(items: Sequence[Text], count: int) -> list[Text]:
    """`count` of the items, or all, taken evenly so that each language keeps its part."""
    if count >= len(items):
        return list(items)
    return [items[n * len(items) // count] for n in range(count)]


def sentences(text: str, language: str) -> list[str]:
    """The sentences of a passage; the passage, where none is seen to end."""
    starts, found = 0, []
    for cut in sentence_breaks(text, language):
        found.append(text[starts : cut.end])
        starts = cut.next
    return [sentence for sentence in (*found, text[starts:]) if sentence.strip()]


def corpus(real: Sequence[Text], count: int, seed: int = 0) -> Iterator[Text]:
    """`count` passages: real ones, and when there are no more, mixtures of their sentences.

    A mixture has the language of a real passage, and as many sentences as that has.
    """
    yield from spread(real, count)
    pool: defaultdict[str, list[str]] = defaultdict(list)
    lengths = []
    for language, text in real if count > len(real) else ():
        parts = sentences(text, language)
        pool[language].extend(parts)
        lengths.append(len(parts))
    chosen = random.Random(seed)
    further = max(0, count - len(real))
    for n in range(further):
        place = n * len(real) // further
        language = real[place][0]
        yield language, " ".join(chosen.choices(pool[language], k=lengths[place]))


def write(passages: Iterator[Text], path: Path) -> None:
    """One JSON object a line."""
    with path.open("w", encoding="utf-8") as file:
        for language, text in passages:
            file.write(json.dumps({"language": language, "text": text}, ensure_ascii=False) + "\n")


def written(path: Path) -> Iterator[Text]:
    """The passages of such a file."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield row["language"], row["text"]


def documents(path: Path) -> Iterator[NewDocument]:
    """Each passage as a document."""
    for n, (language, text) in enumerate(written(path)):
        passage = NewPassage(0, len(text), "", language, "Zyyy")
        yield NewDocument("nomiracl", str(n), "", text, b"", (passage,))


def milliseconds(store: Store, questions: Sequence[Text], own: bool = False) -> list[float]:
    """How long each search takes, finding out the question's language included."""
    spent = []
    for language, text in questions:
        begun = time.perf_counter()
        search(store, [Query(text, detect(text).code)], k=PLACES, languages=[language] if own else ())
        spent.append((time.perf_counter() - begun) * 1000)
    return spent


def measure(path: Path, questions: Sequence[Text]) -> Row:
    """Build a store of the passages in a file, search it, and delete it; to be run in a fresh process."""
    with tempfile.TemporaryDirectory(dir=path.parent) as name, Store.create(Path(name) / "store") as store:
        begun = time.perf_counter()
        with writing(store) as writer:
            writer.add(documents(path))
            writer.publish([])
        built = time.perf_counter() - begun
        milliseconds(store, questions[:: max(1, len(questions) // 20)])
        p50, p95 = percentiles(milliseconds(store, questions))
        one, _ = percentiles(milliseconds(store, questions, own=True))
        disk = size_mb(Path(name))
        return Row(store.catalog.count(), p50, p95, one, round(built, 1), disk, process_peak_mb())


def in_own_process(path: Path, questions: Sequence[Text]) -> Row:
    """`measure` in a process that nothing else has run in."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(measure, path, questions).result()


def vectors(texts: Iterator[str], count: int, path: Path) -> None:
    """Write xagent's own vectors of the texts, a row each, for those who are to search by them."""
    embedder = ConceptEmbedder()
    rows = np.lib.format.open_memmap(path, "w+", np.float32, (count, embedder.dimension))
    batch: list[str] = []
    done = 0
    for text in texts:
        batch.append(text)
        if len(batch) == BATCH or done + len(batch) == count:
            rows[done : done + len(batch)] = embedder.embed_passages(batch)
            done, batch = done + len(batch), []
    rows.flush()


def peers(path: Path, count: int, questions: Sequence[Text], seconds: float) -> dict[str, dict[str, object]]:
    """The same figures of others, or the reason why there are none."""
    own, asked = path.with_name("vectors.npy"), path.with_name("questions.npy")
    vectors((text for _, text in written(path)), count, own)
    vectors((text for _, text in questions), len(questions), asked)
    task = {
        "corpus": str(path),
        "vectors": str(own),
        "questions": questions,
        "question_vectors": str(asked),
        "seconds": seconds,
        "places": PLACES,
        "folder": str(path.parent),
    }
    found: dict[str, dict[str, object]] = {}
    for peer in STORE_PEERS:
        try:
            found[peer.name] = ask(peer, STORES, task, seconds=4 * seconds + 600)
        except PeerFailed as failure:
            found[peer.name] = {"passages": None, "reason": str(failure)}
        print(f"  {peer.name}: {found[peer.name]}", flush=True)
    return found


def describe(row: Row) -> str:
    """A row for people."""
    return (
        f"{row.passages:>9,} passages: search {row.search_p50_ms:.1f} ms p50, {row.search_p95_ms:.1f} p95 "
        f"(one language {row.one_language_p50_ms:.1f}); built in {row.build_seconds:,.0f} s; "
        f"{row.disk_mb:,.0f} MB on disk, {row.peak_mb:,.0f} MB of memory at most"
    )


def growth(rows: Sequence[Row]) -> str:
    """How much more the largest takes than the smallest."""
    first, last = (asdict(row) for row in (rows[0], rows[-1]))
    times = {name: last[name] / first[name] for name in first if first[name]}
    size = times.pop("passages", 0)
    return f"{size:.1f} times the passages: " + ", ".join(f"{name} x{of:.1f}" for name, of in times.items())


def sizes(listed: str) -> list[int]:
    """Numbers separated by commas, the smallest first."""
    found = sorted({int(part) for part in listed.split(",") if part.strip()})
    if not found or found[0] < 1:
        raise argparse.ArgumentTypeError("numbers of passages, such as 60000,300000")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with relevant/ and non_relevant/")
    parser.add_argument(
        "--sizes", type=sizes, default=[60_000, 300_000], help="passages, such as 60000,300000"
    )
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--peer-seconds", type=float, default=900, help="for each other system")
    options = parser.parse_args()
    real, every_question = read(options.data)
    questions = spread(every_question, QUESTIONS)
    print(f"{len(real):,} real passages in {len({code for code, _ in real})} languages", flush=True)
    rows: list[Row] = []
    listed: list[dict[str, object]] = []
    for count in options.sizes:
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "corpus.jsonl"
            write(corpus(real, count), path)
            rows.append(in_own_process(path, questions))
            print(describe(rows[-1]), flush=True)
            others = options.peers and count == options.sizes[0]
            found = peers(path, count, questions, options.peer_seconds) if others else {}
            listed.append({**asdict(rows[-1]), "peers": found})
    if len(rows) > 1:
        print(growth(rows))
    print(json.dumps({"rows": listed}))


if __name__ == "__main__":
    main()
