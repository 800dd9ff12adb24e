"""How fast is ingest, end to end, and search over what it made? NoMIRACL's passages, 17 languages.

    python benchmarks/ingest.py --data NOMIRACL_FOLDER [--limit N]

NoMIRACL (Thakur et al. 2024, Apache-2.0; passages CC BY-SA) gives ten Wikipedia passages a question.
They are written to one JSONL file a language and ingested with `xagent.ingest` as a user would.
"""

import argparse
import gzip
import json
import re
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from xagent.agent import Agent

PROMPT = re.compile(r"QUESTION:\n(.*?)\n\nCONTEXTS:\n(.*)\n\nOUTPUT:", re.DOTALL)
PASSAGE = re.compile(r"(?:^|\n\n)\[\d+\] ")


def prompts(folder: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Language, question and its passages."""
    for path in sorted(folder.glob("*/*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                match = PROMPT.search(json.loads(line)["prompt"] or "")
                if match:
                    passages = [text for text in PASSAGE.split(match[2]) if text.strip()]
                    yield path.name.split(".")[0], match[1], passages


def write_corpus(data: Path, folder: Path, limit: int) -> tuple[int, list[str]]:
    """One JSONL file a language, each passage once; how many there are, and the questions."""
    seen: dict[str, str] = {}
    questions = []
    for language, question, passages in prompts(data):
        questions.append(question)
        seen.update((text, language) for text in passages if len(seen) < limit or text in seen)
    for language in sorted(set(seen.values())):
        rows = [json.dumps({"text": text}, ensure_ascii=False) for text, of in seen.items() if of == language]
        (folder / f"{language}.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    return len(seen), questions


def seconds_to_ingest(agent: Agent, corpus: Path) -> float:
    begun = time.perf_counter()
    report = agent.ingest([corpus], root=corpus)
    assert not report.failed, report.failed
    return time.perf_counter() - begun


def search_milliseconds(agent: Agent, questions: list[str]) -> list[float]:
    """How long each question takes, over all languages at once."""
    spent = []
    for question in questions:
        begun = time.perf_counter()
        agent.search(question)
        spent.append((time.perf_counter() - begun) * 1000)
    return spent


def peak_mb() -> float:
    """The most memory this process has had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with relevant/ and non_relevant/")
    parser.add_argument("--limit", type=int, default=1_000_000, help="passages at most")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        corpus = Path(name) / "corpus"
        corpus.mkdir()
        written, questions = write_corpus(options.data, corpus, options.limit)
        print(f"{written:,} passages of the data set, {len(questions):,} questions", flush=True)
        with Agent(Path(name) / "store", "quote") as agent:
            first = seconds_to_ingest(agent, corpus)
            peak = peak_mb()
            again = seconds_to_ingest(agent, corpus)
            passages = agent.store.catalog.count()
            print(f"{passages:,} passages in {first:.1f} s; again, unchanged, in {again:.2f} s", flush=True)
            search_milliseconds(agent, questions[:20])
            spent = search_milliseconds(agent, questions[:: max(1, len(questions) // 500)])
            print(f"{len(agent.store.languages())} languages searched at once, {len(spent)} questions")
    figures = {
        "passages": passages,
        "passages_per_second": round(passages / first),
        "search_p50_ms": round(statistics.median(spent), 2),
        "search_p95_ms": round(statistics.quantiles(spent, n=20)[-1], 2),
        "peak_mb": round(peak),
        "reingest_speedup": round(first / again, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
