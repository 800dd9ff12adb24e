"""One pool of eleven languages: does each get its share, and what does that cost? LAReQA, XQuAD-R.

    python benchmarks/mixed_pool.py --data XQUAD_R_FOLDER [--every N]

LAReQA (Roy et al. 2020, arXiv 2004.05484; CC BY-SA 4.0) puts every question to the sentences of all
languages at once; right is the sentence with the answer, in each of the 11 languages. Naive is one list by
fused rank, as most people merge; fair is xagent's search, where each language with evidence has a share
of the places. What has no place follows in the order of the naive list, so that average precision
counts all that was found. A copy or translation that xagent lists with a hit comes right after it.
"""

import argparse
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from xagent.candidates import Candidates
from xagent.languages import detect
from xagent.passages import NewDocument, NewPassage
from xagent.rankings import rankings
from xagent.retrieval import Hit, Query, search
from xagent.store import Store
from xagent.writer import writing

PLACES = 20

Sentence = tuple[str, int, int]
"""Language, number of the paragraph, number of the first character."""


@dataclass(frozen=True)
class Paragraph:
    """A paragraph in one language."""

    text: str
    sentences: tuple[tuple[int, int], ...]
    """Where each begins and ends, in characters."""
    questions: tuple[tuple[str, str, int], ...]
    """Id, text and where the answer begins."""


Pool = Mapping[str, Sequence[Paragraph]]
"""By language; parallel."""


def read(folder: Path) -> dict[str, list[Paragraph]]:
    """The data set, from its folder or the one within."""
    files = sorted(folder.glob("??.json")) or sorted(folder.glob("*/??.json"))
    return {path.stem: list(_paragraphs(path)) for path in files}


def _paragraphs(path: Path) -> Iterator[Paragraph]:
    for article in json.loads(path.read_text("utf-8"))["data"]:
        for row in article["paragraphs"]:
            asked = ((q["id"], q["question"], q["answers"][0]["answer_start"]) for q in row["qas"])
            breaks = tuple((int(start), int(end)) for start, end in row["sentence_breaks"])
            yield Paragraph(row["context"], breaks, tuple(asked))


def right_sentences(pool: Pool) -> dict[str, frozenset[Sentence]]:
    """The sentences that answer each question, by its id: those in which the answer begins."""
    right: defaultdict[str, set[Sentence]] = defaultdict(set)
    for language, paragraphs in pool.items():
        for n, paragraph in enumerate(paragraphs):
            for identity, _, answer in paragraph.questions:
                starts = [start for start, end in paragraph.sentences if start <= answer < end]
                right[identity].update((language, n, start) for start in starts)
    return {identity: frozenset(sentences) for identity, sentences in right.items()}


def documents(language: str, paragraphs: Sequence[Paragraph]) -> Iterator[NewDocument]:
    """Each paragraph as a document, each of its sentences as a passage."""
    for n, paragraph in enumerate(paragraphs):
        passages = tuple(NewPassage(start, end, "", language, "Zyyy") for start, end in paragraph.sentences)
        yield NewDocument(language, str(n), "", paragraph.text, b"", passages)


@dataclass(frozen=True)
class Lists:
    """What was found for one question, best first."""

    naive: list[Sentence]
    fair: list[Sentence]
    places: list[Sentence]
    """What the first 20 of `fair` stand for: hits, with the copies and translations listed with them."""
    hits: list[Sentence]
    """The hits alone."""


def lists(store: Store, question: str) -> Lists:
    """Search the whole pool for a question, both ways."""
    query = Query(question, detect(question).code)
    candidates = Candidates(store, [query], rankings(store, [query], store.languages()))
    merged = store.passages([entry.key for entry in candidates.entries])
    naive = [_sentence(passage.source, passage.start) for passage in merged]
    hits = search(store, [query], k=PLACES).hits
    places = [sentence for hit in hits for sentence in _stands_for(hit)]
    taken = set(places)
    fair = [*places, *(sentence for sentence in naive if sentence not in taken)]
    return Lists(naive, fair, places, [_sentence(hit.passage.source, hit.passage.start) for hit in hits])


def _stands_for(hit: Hit) -> Iterator[Sentence]:
    yield _sentence(hit.passage.source, hit.passage.start)
    yield from (_sentence(sibling.source, sibling.start) for sibling in hit.siblings)


def _sentence(source: str, start: int) -> Sentence:
    language, _, paragraph = source.partition("#")
    return language, int(paragraph), start


def average_precision(found: Sequence[Sentence], right: Set[Sentence]) -> float:
    """The mean over the right ones of the precision at the place of each; 0 for one not found."""
    precisions: list[float] = []
    for place, sentence in enumerate(found, start=1):
        if sentence in right:
            precisions.append((len(precisions) + 1) / place)
    return sum(precisions) / len(right)


def recall(found: Iterable[Sentence], right: Set[Sentence]) -> float:
    """The share of the right ones that was found."""
    return len(right & set(found)) / len(right)


@dataclass
class Scores:
    """Of one way to merge: a figure a question, and how many results each language had."""

    precision: list[float] = field(default_factory=list)
    recall: list[float] = field(default_factory=list)
    recall_hits: list[float] = field(default_factory=list)
    """The same without the copies and translations that are listed with hits."""
    own: list[float] = field(default_factory=list)
    """Recall of the sentence in the question's language."""
    across: list[float] = field(default_factory=list)
    """Recall of those in other languages."""
    results: Counter[str] = field(default_factory=Counter)
    own_results: list[float] = field(default_factory=list)
    """The share of results that are in the question's language."""
    others: Counter[str] = field(default_factory=Counter)
    """How many results each language had for questions in another one."""

    def add(
        self,
        asked: str,
        right: Set[Sentence],
        found: Sequence[Sentence],
        first: Sequence[Sentence],
        shown: Sequence[Sentence],
    ) -> None:
        """Score all that was `found`, what the first 20 places stand for, and the hits `shown` there."""
        own = {sentence for sentence in right if sentence[0] == asked}
        self.precision.append(average_precision(found, right))
        self.recall.append(recall(first, right))
        self.recall_hits.append(recall(shown, right))
        self.own.append(recall(first, own))
        self.across.append(recall(first, right - own))
        languages = Counter(language for language, _, _ in shown)
        self.results.update(languages)
        self.own_results.append(languages[asked] / max(1, languages.total()))
        del languages[asked]
        self.others.update(languages)


def run(pool: Pool, every: int) -> tuple[Scores, Scores]:
    """The scores of the naive list and of fair shares."""
    naive, fair, right = Scores(), Scores(), right_sentences(pool)
    with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder) / "store") as store:
        with writing(store) as writer:
            for language, paragraphs in pool.items():
                writer.add(documents(language, paragraphs))
            writer.publish([])
        for asked, paragraphs in pool.items():
            questions = [question for paragraph in paragraphs for question in paragraph.questions]
            for identity, text, _ in questions[::every]:
                found = lists(store, text)
                first = found.naive[:PLACES]
                naive.add(asked, right[identity], found.naive, first, first)
                fair.add(asked, right[identity], found.fair, found.places, found.hits)
            print(f"  asked in {asked}", flush=True)
    return naive, fair


def report(naive: Scores, fair: Scores) -> dict[str, object]:
    """Print both beside each other; the headline figures."""
    print(f"\n{len(naive.recall):,} questions         naive   fair")
    for what, label in LABELS.items():
        values = [fmean(getattr(scores, what)) for scores in (naive, fair)]
        print(f"{label:<24} {values[0]:6.3f} {values[1]:6.3f}")
    languages = sorted(naive.results | fair.results)
    print(f"\n{'share of results':<28}" + " ".join(f"{code:>5}" for code in languages))
    for label, counts in (
        ("naive", naive.results),
        ("fair", fair.results),
        ("naive, asked in another", naive.others),
        ("fair, asked in another", fair.others),
    ):
        print(f"  {label:<26}" + " ".join(f"{shares(counts).get(code, 0):5.3f}" for code in languages))
    return {
        "map_naive": round(fmean(naive.precision), 4),
        "map_fair": round(fmean(fair.precision), 4),
        "recall20_naive": round(fmean(naive.recall), 4),
        "recall20_fair": round(fmean(fair.recall), 4),
        "recall20_fair_hits_only": round(fmean(fair.recall_hits), 4),
        "same_language_cost": round(100 * (fmean(naive.own) - fmean(fair.own)), 2),
        "across_recall20_naive": round(fmean(naive.across), 4),
        "across_recall20_fair": round(fmean(fair.across), 4),
        "own_language_share": {
            "naive": round(fmean(naive.own_results), 4),
            "fair": round(fmean(fair.own_results), 4),
        },
        "share_by_language": {"naive": shares(naive.results), "fair": shares(fair.results)},
        "share_asked_in_another": {"naive": shares(naive.others), "fair": shares(fair.others)},
    }


def shares(results: Counter[str]) -> dict[str, float]:
    """Counts as shares of their sum, by language."""
    return {code: round(count / max(1, results.total()), 4) for code, count in sorted(results.items())}


LABELS = {
    "precision": "average precision",
    "recall": "recall@20",
    "recall_hits": "  without siblings",
    "own": "  own language",
    "across": "  other languages",
    "own_results": "results in own language",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of LANG.json")
    parser.add_argument("--every", type=int, default=1, help="take every Nth question")
    options = parser.parse_args()
    pool = read(options.data)
    if not pool:
        parser.error(f"{options.data} has no LANG.json")
    print(json.dumps(report(*run(pool, options.every))))


if __name__ == "__main__":
    main()
