"""Small data sets in the published shapes of XQuAD, XQuAD-R, MKQA, XOR-TyDi, AfriQA, NoMIRACL and the LCB."""

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

BRIDGES = {
    "en": (
        ["The first bridge over the Bosphorus was opened in 1973.", "It is 1,560 metres long."],
        [("When was the first bridge opened?", "1973"), ("How long is the first bridge?", "1,560 metres")],
    ),
    "th": (
        ["สะพานแห่งแรกข้ามช่องแคบบอสพอรัสเปิดใช้ในปี 1973", "สะพานนี้ยาว 1,560 เมตร"],
        [("สะพานแห่งแรกเปิดใช้เมื่อใด", "ปี 1973"), ("สะพานแห่งแรกยาวเท่าใด", "1,560 เมตร")],
    ),
    "tr": (
        ["Boğaz'ın ilk köprüsü 1973'te açıldı.", "Köprünün uzunluğu 1.560 metredir."],
        [("İlk köprü ne zaman açıldı?", "1973'te"), ("İlk köprünün uzunluğu nedir?", "1.560 metredir")],
    ),
    "zh": (
        ["博斯普鲁斯海峡的第一座大桥于1973年通车。", "桥长1560米。"],
        [("第一座大桥何时通车？", "1973年"), ("第一座大桥有多长？", "1560米")],
    ),
}
"""Parallel paragraphs, each in sentences, and what is asked of them: question and answer."""


def paragraph(sentences: Sequence[str], asked: Iterable[tuple[str, str]], start: int) -> dict[str, object]:
    """A paragraph of XQuAD-R; that of XQuAD has no sentences. Questions are numbered from `start`."""
    context = " ".join(sentences)
    starts = [len(" ".join([*sentences[:number], ""])) for number in range(len(sentences))]
    return {
        "context": context,
        "sentences": list(sentences),
        "sentence_breaks": [[at, at + len(one)] for at, one in zip(starts, sentences, strict=True)],
        "qas": [
            {
                "id": f"q{start + number}",
                "question": question,
                "answers": [{"text": answer, "answer_start": context.index(answer)}],
            }
            for number, (question, answer) in enumerate(asked)
        ],
    }


def squad(path: Path, language: str, *more: Mapping[str, object]) -> None:
    """A file of BRIDGES in a language, with further paragraphs."""
    first = paragraph(*BRIDGES[language], start=1)
    article = {"title": "Bosphorus_Bridge", "paragraphs": [first, *more]}
    write(path, json.dumps({"version": "1.1", "data": [article]}, ensure_ascii=False))


def write(path: Path, text: str) -> None:
    """A file, packed if its name ends so, with the folders around it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def lines(path: Path, *rows: Mapping[str, object]) -> None:
    """A JSON Lines file."""
    write(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def afriqa(folder: Path, language: str, pivot: str, split: str, *rows: Mapping[str, object]) -> None:
    """The questions and the passages of a language; rows have the keys of both files."""
    asked = ("id", "question", "translated_question", "answers", "translated_answer", "lang", "split")
    found = {"id": "id", "question_lang": "question", "context": "context", "title": "title"}
    name = f"afriqa.{language}.{pivot}.{split}.json"
    full = [{"lang": language, "split": split, "translated_answer": "[]", **row} for row in rows]
    queries = [{key: row[key] for key in asked} for row in full]
    gold = [{to: str(row[key]) if to == "id" else row[key] for to, key in found.items()} for row in full]
    lines(folder / "queries" / language / f"queries.{name}", *queries)
    lines(folder / "gold_passages" / language / f"gold_span_passages.{name}", *gold)


def prompt(question: str, passages: Iterable[str]) -> str:
    """What NoMIRACL's models were sent."""
    numbered = "\n\n".join(f"[{number}] {text}" for number, text in enumerate(passages, start=1))
    return f"I will give you a question.\n\nQUESTION:\n{question}\n\nCONTEXTS:\n{numbered}\n\nOUTPUT:\n"


def nomiracl(query: str, question: str, passages: Mapping[str, str]) -> dict[str, object]:
    """A row: passages are texts by docid."""
    asked = prompt(question, passages.values())
    return {
        "query_id": query,
        "docids": list(passages),
        "prompt": asked,
        "template": "vanilla",
        "results": {},
    }
