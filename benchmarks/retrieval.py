"""How well is the right paragraph found, with the built-in parts only? XQuAD, 12 parallel languages.

    python benchmarks/retrieval.py --data XQUAD_FOLDER [--every N] [--peers] [--heat-map FILE.png]

XQuAD (Artetxe et al. 2020, CC BY-SA 4.0) puts the same 1,190 questions to the same 240 paragraphs
in 12 languages. One store holds all of them; each question searches the paragraphs of one language.
`cross_r5_lexicon` is as users search across languages; `cross_r5_macro` is by text alone, as it was asked.
`--peers` puts the questions of each language to other libraries' text search as well, each installed in an
environment of its own (`benchmarks/peers.py`) with its default settings.
"""

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

from benchmarks.as_asked import AsAsked
from benchmarks.heat_map import NoPlotting, check_plotting, draw
from benchmarks.peers import TEXT_PEERS, TextScores, measure_text
from benchmarks.plain_words import PlainWords
from xagent.languages import detect
from xagent.passages import NewDocument, NewPassage
from xagent.retrieval import Query, search
from xagent.store import Store
from xagent.writer import writing

Pair = tuple[str, str]

PLACES = 10
"""How many results a search is asked for."""


@dataclass(frozen=True)
class Question:
    """A question and the paragraph that answers it."""

    text: str
    paragraph: int


Texts = Mapping[str, tuple[list[str], list[Question]]]
"""Paragraphs and questions by language."""


@dataclass(frozen=True)
class Ranks:
    """Where the right paragraph came, from 1; None when it was not found."""

    lexical: int | None
    """By xagent's text search alone."""
    fused: int | None
    """By text and vector together, as users search."""
    plain: int | None
    """By text alone, and without the lexicon."""
    words: int | None
    """By BM25 over plain words."""
    any_hit: bool = True
    """Whether the text search found any paragraph."""


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


def ranks(store: Store, words: PlainWords, question: Question, pair: Pair, known: Sequence[str]) -> Ranks:
    """Search the paragraphs of the pair's second language, whose `words` are indexed."""
    query = Query(question.text, detect(question.text, known).code)
    hits = search(store, [query], k=PLACES, languages=[pair[1]]).hits
    as_asked = AsAsked().words(query.text, query.language, pair[1])
    without = store.passages([match.key for match in store.lexical.search(as_asked, pair[1], PLACES)])
    plain = words.search(question.text, PLACES)
    right = f"{pair[1]}#{question.paragraph}"
    found = next((hit for hit in hits if hit.passage.source == right), None)
    return Ranks(
        lexical=found.lexical_rank if found else None,
        fused=_place(right, [hit.passage.source for hit in hits]),
        plain=_place(right, [passage.source for passage in without]),
        words=_place(question.paragraph, plain),
        any_hit=any(hit.lexical_rank for hit in hits),
    )


def _place(wanted: object, found: Sequence[object]) -> int | None:
    """Where it came, from 1."""
    return found.index(wanted) + 1 if wanted in found else None


def run(data: Texts, every: int) -> dict[Pair, list[Ranks]]:
    """The ranks of every question in every pair of languages, question's first."""
    results: defaultdict[Pair, list[Ranks]] = defaultdict(list)
    words = {language: PlainWords(paragraphs) for language, (paragraphs, _) in data.items()}
    with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder) / "store") as store:
        with writing(store) as writer:
            for language, (paragraphs, _) in data.items():
                writer.add(documents(language, paragraphs))
            writer.publish([])
        for asked, (_, questions) in data.items():
            for language in data:
                pair = (asked, language)
                for question in questions[:: 1 if asked == language else every]:
                    results[pair].append(ranks(store, words[language], question, pair, list(data)))
            print(f"  asked in {asked}", flush=True)
    return results


def recall(found: Sequence[int | None], k: int) -> float:
    """The share that is among the first `k`."""
    return fmean(float(rank is not None and rank <= k) for rank in found) if found else 0.0


def across(results: Mapping[Pair, Sequence[Ranks]]) -> dict[Pair, float]:
    """Recall@5 of each pair, as users search."""
    return {pair: recall([r.fused for r in found], 5) for pair, found in results.items()}


def before(results: Mapping[Pair, Sequence[Ranks]]) -> dict[Pair, float]:
    """The same by text alone, without the lexicon."""
    return {pair: recall([r.plain for r in found], 5) for pair, found in results.items()}


def report(results: Mapping[Pair, Sequence[Ranks]]) -> dict[str, object]:
    """Print recall@1 within each language and recall@5 across; the headline figures."""
    languages = sorted({asked for asked, _ in results})
    same = {x: recall([r.fused for r in results[x, x]], 1) for x in languages}
    fused, plain = across(results), before(results)
    cross = [pair for pair in results if pair[0] != pair[1]]
    print("\nsame language, recall@1:  " + "  ".join(f"{x} {score:.2f}" for x, score in same.items()))
    for how, scores in (("as users search", fused), ("by text without the lexicon", plain)):
        print(f"\nacross languages, recall@5, {how}; a row is the question's language")
        print("    " + "".join(f"{x:>6}" for x in languages))
        for asked in languages:
            print(f"{asked:>4}" + "".join(f"{scores[asked, x]:6.2f}" for x in languages))
    return {
        "same_r1_macro": round(fmean(same.values()), 4),
        "same_r1_worst": round(min(same.values()), 4),
        "same_r1_lexical": round(fmean(recall([r.lexical for r in results[x, x]], 1) for x in languages), 4),
        "no_hit": round(fmean(float(not r.any_hit) for x in languages for r in results[x, x]), 4),
        "cross_r5_macro": round(fmean(plain[pair] for pair in cross), 4),
        "cross_r5_lexicon": round(fmean(fused[pair] for pair in cross), 4),
        "cross_r5_words": round(fmean(recall([r.words for r in results[pair]], 5) for pair in cross), 4),
        "cross_r5_by_pair": {f"{x}-{y}": round(fused[x, y], 4) for x, y in cross},
    }


def peers(data: Texts) -> dict[str, dict[str, float | str | None]]:
    """What each other library's text search scores within the languages, or why it has no score."""
    task = {
        language: {"paragraphs": paragraphs, "questions": [question.text for question in questions]}
        for language, (paragraphs, questions) in data.items()
    }
    right = {language: [question.paragraph for question in of] for language, (_, of) in data.items()}
    found: dict[str, dict[str, float | str | None]] = {}
    for peer in TEXT_PEERS:
        scores = measure_text(peer, task, right)
        print(f"  {peer.name}: {describe(scores)}", flush=True)
        found[peer.name] = (
            asdict(scores) if isinstance(scores, TextScores) else {**NO_SCORES, "reason": scores}
        )
    return found


NO_SCORES = {"same_r1_macro": None, "worst": None, "no_hit": None}


def describe(scores: TextScores | str) -> str:
    """A peer's scores, or what kept it from having any, in one line."""
    if isinstance(scores, str):
        return f"not measured: {scores}"
    return (
        f"recall@1 {scores.same_r1_macro:.3f}, lowest {scores.worst:.3f}, nothing found {scores.no_hit:.1%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of xquad.LANG.json")
    parser.add_argument("--every", type=int, default=1, help="across languages, take every Nth question")
    parser.add_argument("--peers", action="store_true", help="measure other libraries as well")
    parser.add_argument("--heat-map", type=Path, help="draw the language pairs into this PNG file")
    options = parser.parse_args()
    if options.heat_map:
        try:
            check_plotting()
        except NoPlotting as error:
            parser.exit(2, f"{error}\n")
        if not options.heat_map.parent.is_dir():
            parser.error(f"{options.heat_map.parent} is no folder")
    data = read(options.data)
    if not data:
        parser.error(f"{options.data} has no xquad.LANG.json")
    results = run(data, options.every)
    figures = report(results)
    if options.heat_map:
        maps = {"without the lexicon": before(results), "with it": across(results)}
        draw(maps, "The right paragraph among the first five (XQuAD)", options.heat_map)
    if options.peers:
        print("\nother libraries, same language")
        figures["peers"] = peers(data)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
