"""Are questions in African languages answered from English and French passages? AfriQA, ten languages.

    python benchmarks/low_resource.py --data AFRIQA_FOLDER [--every N]

AfriQA (Ogundepo et al. 2023, arXiv 2305.06897; CC BY 4.0) has questions asked by speakers, each with a human
translation into English or French and, mostly, the Wikipedia passage that answers. One store holds all of
these passages. `direct` searches it with the question alone, and `as_asked` without the lexicon. `translated`
adds the human translation, in the place of a model's, to the question; `translation_alone` searches with the
translation instead.

Left out are passages without text, and questions without a passage. The answers' text and offsets, which are
wrong in places, are not used: right is the passage that annotators gave. Wolof has no passages of its own;
its 29 questions whose translation is word for word a Fon question's are put to that one's passage.
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
from xagent.languages import detect
from xagent.passages import NewDocument, NewPassage
from xagent.retrieval import Query, search
from xagent.store import Store
from xagent.writer import writing

PLACES = 10


@dataclass(frozen=True)
class Asked:
    """A question and where its answer is."""

    language: str
    question: str
    translation: str
    pivot: str
    """The language of translation and passage: `en` or `fr`."""
    passage: int


@dataclass(frozen=True)
class Recalls:
    """Whether the right passage is among the first ten, by way of asking."""

    as_asked: bool
    direct: bool
    translated: bool
    translation_alone: bool


Row = Mapping[str, object]
File = tuple[str, str, str]
"""Question's language, pivot and split, as a file's name has them."""


def rows(folder: Path, kind: str) -> Iterator[tuple[File, Row]]:
    """The rows of all files of a kind, `queries` or `gold_passages`."""
    for path in sorted((folder / kind).glob("*/*.json")):
        language, pivot, split = path.name.split(".")[-4:-1]
        for line in path.read_text("utf-8").splitlines():
            if line.strip():
                yield (language, pivot, split), json.loads(line)


def text(row: Row, name: str) -> str:
    """A field's text on one line; '' when it is missing or null."""
    return " ".join(str(row.get(name) or "").split())


@dataclass
class Pool:
    """Passages, each text once, and the questions they answer."""

    passages: dict[tuple[str, str], int]
    """Number of each by language and text."""
    questions: list[Asked]


def read(folder: Path) -> Pool:
    """The data set as far as it can be used."""
    pool = Pool({}, [])
    answered: dict[tuple[str, str], int] = {}
    for (language, pivot, _), row in rows(folder, "gold_passages"):
        context, question = text(row, "context"), text(row, "question_lang")
        translation = text(row, "question_translated")
        if not (context and question and translation):
            continue
        number = pool.passages.setdefault((pivot, context), len(pool.passages))
        pool.questions.append(Asked(language, question, translation, pivot, number))
        answered.setdefault((pivot, translation.casefold()), number)
    there = {asked.language for asked in pool.questions}
    for (language, pivot, _), row in rows(folder, "queries"):
        number = answered.get((pivot, text(row, "translated_question").casefold()), -1)
        if language not in there and number >= 0:
            asked = Asked(language, text(row, "question"), text(row, "translated_question"), pivot, number)
            pool.questions.append(asked)
    return pool


def documents(passages: Mapping[tuple[str, str], int]) -> Iterator[NewDocument]:
    """Each passage as a document."""
    for (language, context), number in passages.items():
        passage = NewPassage(0, len(context), "", language, "Latn")
        yield NewDocument("afriqa", str(number), "", context, b"", (passage,))


def among(store: Store, queries: Sequence[Query], passage: int) -> bool:
    """Whether a search finds the passage, or a copy of it, among the first ten."""
    hits = search(store, queries, k=PLACES).hits
    sources = {source for hit in hits for source in (hit.passage.source, *(s.source for s in hit.siblings))}
    return f"afriqa#{passage}" in sources


def recalls(store: Store, asked: Asked) -> Recalls:
    """Search for one question in each way."""
    question = Query(asked.question, detect(asked.question).code)
    within = frozenset({asked.pivot})
    translation = Query(asked.translation, asked.pivot, "translation", within)
    with_it, store.lexicon = store.lexicon, AsAsked()
    as_asked = among(store, [question], asked.passage)
    store.lexicon = with_it
    return Recalls(
        as_asked=as_asked,
        direct=among(store, [question], asked.passage),
        translated=among(store, [question, translation], asked.passage),
        translation_alone=among(store, [Query(asked.translation, asked.pivot)], asked.passage),
    )


def run(pool: Pool, every: int) -> dict[str, list[Recalls]]:
    """What was found, by the question's language."""
    found: defaultdict[str, list[Recalls]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder) / "store") as store:
        with writing(store) as writer:
            writer.add(documents(pool.passages))
            writer.publish([])
        for asked in pool.questions[::every]:
            found[asked.language].append(recalls(store, asked))
    return found


def report(found: Mapping[str, Sequence[Recalls]]) -> dict[str, dict[str, float]]:
    """Print recall@10 by language; the headline figures, with their mean as `macro`."""
    by_way: dict[str, dict[str, float]] = {}
    for language, listed in sorted(found.items()):
        for way in asdict(listed[0]):
            by_way.setdefault(f"recall10_{way}", {})[language] = round(
                fmean(asdict(r)[way] for r in listed), 4
            )
    for scores in by_way.values():
        scores["macro"] = round(fmean(scores.values()), 4)
    print("          " + "".join(f"{way.removeprefix('recall10_'):>20}" for way in by_way) + "  questions")
    for language in [*sorted(found), "macro"]:
        asked = sum(map(len, found.values())) if language == "macro" else len(found[language])
        print(
            f"{language:<10}" + "".join(f"{by_way[way][language]:20.3f}" for way in by_way) + f"{asked:11,}"
        )
    return by_way


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with queries/ and gold_passages/")
    parser.add_argument("--every", type=int, default=1, help="take every Nth question")
    options = parser.parse_args()
    pool = read(options.data)
    if not pool.questions:
        parser.error(f"{options.data} has no gold_passages/LANG/*.json")
    print(f"{len(pool.passages):,} passages, {len(pool.questions):,} questions with one", flush=True)
    found = run(pool, options.every)
    asked = {language: len(listed) for language, listed in sorted(found.items())}
    print(json.dumps({**report(found), "questions": asked}))


if __name__ == "__main__":
    main()
