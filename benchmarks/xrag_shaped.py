"""What does XRAG ask? A file of its shape, made of the texts and questions that come with xagent.

    python benchmarks/xrag_shaped.py xrag-shaped.jsonl
    xagent eval xrag --data xrag-shaped.jsonl --setting multilingual

Twelve English questions of the sample, each put in Arabic, Chinese, German and Spanish (`xrag_shaped.toml`).
A row has eight articles, in an order drawn by its id. Two support the answer: the English text that has it,
cut after its first paragraph. Six do not: three other English texts, three in the question's language. So
every row is multilingual, as XRAG calls it, and what answers it is never in the reader's language.
"""

import argparse
import json
import random
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from xagent.evaluation.samples import Sample, Suite
from xagent.registry import load
from xagent.sentences import split_sentences

LANGUAGES = ("ar", "de", "es", "zh")
SAMPLE = Path(str(files("xagent"))) / "sample"
DISTRACTORS = 3
"""Articles that do not answer, in English; as many are in the question's language."""

Data = Mapping[str, Mapping[str, Mapping[str, str]]]

_GOLD = re.compile(r"\{(.*)\}")
_HEADING = re.compile(r"^#+ ", re.MULTILINE)


@dataclass(frozen=True)
class Statement:
    """Something to say, and the words that prove it."""

    quote: str
    texts: Mapping[str, str]
    """By language, English among them."""


@dataclass(frozen=True)
class Fact:
    """A question in five languages with its answer."""

    id: str
    """Of the sample's row."""
    source: Path
    questions: Mapping[str, str]
    answers: Mapping[str, str]
    statements: tuple[Statement, Statement]
    """What answers it, and something else of its subject."""


@cache
def facts() -> tuple[Fact, ...]:
    """All that is asked, in the order of the sample."""
    data: Data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    sample: Suite = load("evals", "sample").suite
    return tuple(_fact(row, data) for row in sample.load(SAMPLE, "") if row.id in data["asked"])


def _fact(row: Sample, data: Data) -> Fact:
    source = SAMPLE / "texts" / row.relevant[0]
    said, beside = data["said"][row.id], data["beside"][source.stem]
    golds = {code: match[1] for code, text in said.items() if (match := _GOLD.search(text))}
    plain = {code: _GOLD.sub(r"\1", text) for code, text in said.items()}
    statements = (
        Statement(_sentence_with(row.answers[0], source), plain),
        Statement(beside["quote"], {code: text for code, text in beside.items() if code != "quote"}),
    )
    return Fact(row.id, source, {**data["asked"][row.id], "en": row.question}, golds, statements)


def _sentence_with(answer: str, path: Path) -> str:
    text = path.read_text("utf-8")
    sentences = (text[start:end] for start, end in split_sentences(text, "en"))
    return next(sentence for sentence in sentences if answer in sentence)


def rows() -> Iterator[dict[str, object]]:
    """The lines of the file: each question in each language, parallel ones after each other."""
    for fact in facts():
        for code in LANGUAGES:
            yield _row(fact, code)


def _row(fact: Fact, code: str) -> dict[str, object]:
    dice = random.Random(f"{fact.id} {code}")
    others = [*_others("en", fact.source), *_others(code, fact.source)]
    articles = [*_halves(fact.source), *map(_article, others)]
    places = list(range(len(articles)))
    dice.shuffle(places)
    return {
        "id": fact.id,
        "language": code,
        "question": fact.questions[code],
        "answer": fact.answers[code],
        "en_question": fact.questions["en"],
        "en_answer": fact.answers["en"],
        "q_type": "",
        "a_type": "original",
        "crossdoc_type": 2,
        "articles": articles,
        "dates": ["2024-07-01"] * len(articles),
        "urls": [f"https://{path.stem}.example/" for path in (fact.source, fact.source, *others)],
        "is_support": [1, 1] + [0] * len(others),
        "article_order": places,
    }


def _others(code: str, source: Path) -> list[Path]:
    """Texts of a language that do not answer, the same to all questions over one source."""
    known = sorted(path for path in (SAMPLE / "texts" / code).iterdir() if path != source)
    return random.Random(f"{source.stem} {code}").sample(known, DISTRACTORS)


def _halves(source: Path) -> list[str]:
    """The text's first paragraph, and the rest, each under its title."""
    title, first, rest = _article(source).split("\n\n", 2)
    return [f"{title}\n\n{first}", f"{title}\n\n{rest}"]


def _article(path: Path) -> str:
    return _HEADING.sub("", path.read_text("utf-8")).strip()


def write(path: Path) -> Path:
    """The file, as JSON Lines."""
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows()), "utf-8")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path, help="where to write it")
    write(parser.parse_args().file)


if __name__ == "__main__":
    main()
