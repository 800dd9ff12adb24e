"""How well is the right paragraph found, with the built-in parts only? XQuAD, 12 parallel languages.

    python benchmarks/retrieval.py --data XQUAD_FOLDER [--every N]

XQuAD (Artetxe et al. 2020, CC BY-SA 4.0) puts the same 1,190 questions to the same 240 paragraphs
in 12 languages. One store holds all of them; each question searches the paragraphs of one language.
"""

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xagent.languages import detect
from xagent.passages import NewDocument, NewPassage
from xagent.retrieval import DEPTH, search
from xagent.scoring import mean
from xagent.store import Store
from xagent.writer import writing

Pair = tuple[str, str]


@dataclass(frozen=True)
class Question:
    """A question and the paragraph that answers it."""

    text: str
    paragraph: int


@dataclass(frozen=True)
class Ranks:
    """Where the right paragraph came, from 1; None when it was not found."""

    lexical: int | None
    fused: int | None


def read(folder: Path) -> dict[str, tuple[list[str], list[Question]]]:
    """Paragraphs and questions by language."""
    read = {}
    for path in sorted(folder.glob("xquad.*.json")):
        articles = json.loads(path.read_text("utf-8"))["data"]
        paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
        read[path.name.split(".")[1]] = (
            [paragraph["context"] for paragraph in paragraphs],
            [Question(q["question"], n) for n, paragraph in enumerate(paragraphs) for q in paragraph["qas"]],
        )
    return read


def documents(language: str, paragraphs: Sequence[str]) -> Iterator[NewDocument]:
    """Each paragraph as one passage."""
    for n, text in enumerate(paragraphs):
        passage = NewPassage(0, len(text), "", language, "Zyyy")
        yield NewDocument(language, str(n), "", text, b"", (passage,))


def ranks(store: Store, question: Question, language: str, known: Sequence[str]) -> Ranks:
    """Search one language's paragraphs."""
    found = detect(question.text, known).code
    hits = search(store, question.text, language=found, k=DEPTH, languages=[language])
    right = f"{language}#{question.paragraph}"
    for place, hit in enumerate(hits, start=1):
        if hit.passage.source == right:
            return Ranks(hit.lexical_rank, place)
    return Ranks(None, None)


def run(data: dict[str, tuple[list[str], list[Question]]], every: int) -> dict[Pair, list[Ranks]]:
    """The ranks of every question in every pair of languages, question's first."""
    results: defaultdict[Pair, list[Ranks]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder) / "store") as store:
        with writing(store) as writer:
            for language, (paragraphs, _) in data.items():
                writer.add(documents(language, paragraphs))
            writer.publish([])
        for asked, (_, questions) in data.items():
            for language in data:
                chosen = questions[:: 1 if asked == language else every]
                for question in chosen:
                    results[asked, language].append(ranks(store, question, language, list(data)))
            print(f"  asked in {asked}", flush=True)
    return results


def recall(found: Sequence[int | None], k: int) -> float:
    """The share that is among the first `k`."""
    return mean(float(rank is not None and rank <= k) for rank in found)


def report(results: dict[Pair, list[Ranks]]) -> dict[str, float]:
    """Print recall@1 within each language and recall@5 across; the headline figures."""
    languages = sorted({asked for asked, _ in results})
    same = {x: recall([r.fused for r in results[x, x]], 1) for x in languages}
    lexical = {pair: recall([r.lexical for r in found], 5) for pair, found in results.items()}
    fused = {pair: recall([r.fused for r in found], 5) for pair, found in results.items()}
    cross = [pair for pair in results if pair[0] != pair[1]]
    print("\nsame language, recall@1:  " + "  ".join(f"{x} {score:.2f}" for x, score in same.items()))
    print("\nacross languages, recall@5, fused; a row is the question's language")
    print("    " + "".join(f"{x:>6}" for x in languages))
    for asked in languages:
        print(f"{asked:>4}" + "".join(f"{fused[asked, x]:6.2f}" for x in languages))
    return {
        "same_r1_macro": round(mean(same.values()), 4),
        "same_r1_worst": round(min(same.values()), 4),
        "same_r1_lexical": round(mean(recall([r.lexical for r in results[x, x]], 1) for x in languages), 4),
        "cross_r5_macro": round(mean(lexical[pair] for pair in cross), 4),
        "cross_r5_fused": round(mean(fused[pair] for pair in cross), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of xquad.LANG.json")
    parser.add_argument("--every", type=int, default=1, help="across languages, take every Nth question")
    options = parser.parse_args()
    print(json.dumps(report(run(read(options.data), options.every))))


if __name__ == "__main__":
    main()
