"""XRAG: news questions that need two articles, in Arabic, Chinese, German and Spanish (Liu et al. 2025).

"XRAG: Cross-lingual Retrieval-Augmented Generation", https://arxiv.org/abs/2505.10089. The data is
`AmazonScience/XRAG` on the hub, under CC BY-NC 4.0; the articles belong to their publishers. `--data` names
`xrag.dev.jsonl`, `xrag.test.jsonl`, a folder with the latter, or the dataset on the hub. A row:

    {"id": "123", "language": "de", "question": "...", "answer": "...", "en_question": "...",
     "en_answer": "...", "q_type": "comparison", "a_type": "original", "crossdoc_type": 2,
     "articles": ["...", 7 more], "dates": ["2024-07-01", ...], "urls": ["https://...", ...],
     "is_support": [1, 0, ...], "article_order": [3, 0, ...]}

`article_order` gives each article's place. Articles have no language there: it is detected, and a row is
multilingual if any article is not in English. Settings:

monolingual  questions over English articles, the eight of their row
multilingual  questions over articles in English and their own language, the eight of their row
pooled       all questions, over the articles of all rows
oracle       all questions, over the supporting articles of their row
distractors  all questions, over the other articles of their row, which do not answer them
english      the English versions of all questions, once each, over the articles of their row

The paper's answers from memory are those of `--graph closed_book`. It has a panel of models judge what is
correct, and lingua tell its language: `right_language_lingua`, where lingua is installed. The other figures
compare strings, and tell languages by xagent's own detector; `--judge` adds a panel.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, model_validator

from xagent.evaluation.records import Record
from xagent.evaluation.rows import content_id, rows
from xagent.evaluation.samples import Document, Sample, Suite
from xagent.evaluation.scorers.abstention import abstains_rightly, abstains_wrongly
from xagent.evaluation.scorers.bias import EVIDENCE, evidence_languages
from xagent.evaluation.scorers.consistency import CONSISTENCY, consistency
from xagent.evaluation.scorers.correctness import correct, correct_in_language
from xagent.evaluation.scorers.grounding import grounded
from xagent.evaluation.scorers.language import right_language, right_language_lingua, right_sentences
from xagent.evaluation.scorers.ranking import ndcg_at, recall_at
from xagent.evaluation.scorers.strings import char3_recall, chrf, f1
from xagent.languages import detect

_FILE = "xrag.test.jsonl"
_LANGUAGES = ("ar", "de", "en", "es", "zh")


class Row(BaseModel):
    """A line of the data."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    id: str
    language: str
    question: str
    answer: str
    en_question: str
    en_answer: str
    q_type: str = ""
    a_type: str = ""
    crossdoc_type: str = ""
    articles: tuple[str, ...]
    dates: tuple[str | None, ...]
    urls: tuple[str | None, ...]
    is_support: tuple[int, ...]
    article_order: tuple[int, ...]

    @model_validator(mode="after")
    def _lists_are_parallel(self) -> "Row":
        lists = (self.articles, self.dates, self.urls, self.is_support, self.article_order)
        if len({len(one) for one in lists}) > 1:
            raise ValueError("articles, dates, urls, is_support and article_order are not of one length")
        return self

    def placed(self, *, support: bool | None = None) -> list[str]:
        """The articles in the order they are to be shown in: all, only the supporting, or only the others."""
        order = sorted(range(len(self.articles)), key=self.article_order.__getitem__)
        chosen = [place for place in order if support is None or bool(self.is_support[place]) is support]
        return list(dict.fromkeys(self.articles[place] for place in chosen))


class _Detected(dict[str, str]):
    """The language of each article by its name: many rows have it, and a run reads them more than once."""

    def of(self, article: str) -> str:
        """The article's, detected when it is first seen."""
        name = content_id(article)
        if name not in self:
            self[name] = detect(article, _LANGUAGES).code
        return self[name]


_DETECTED = _Detected()


def load(data: Path, setting: str) -> Iterator[Sample]:
    """The questions of a setting. One without an article of the kind it is to be asked over is left out."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for row in rows(data, Row, _FILE):
        sample = _sample(row, setting)
        parallel = (sample.question, sample.documents)
        repeated = setting == "english" and parallel in seen
        if _shown(row, setting) and _belongs(row, setting) and not repeated:
            seen.add(parallel)
            yield sample


def corpus(data: Path, setting: str) -> Iterator[Document]:
    """The articles that a setting's questions are asked over, each once."""
    seen: set[str] = set()
    for row in rows(data, Row, _FILE):
        shown = set(_shown(row, setting)) if _belongs(row, setting) else set()
        for article, date, url in zip(row.articles, row.dates, row.urls, strict=True):
            name = content_id(article)
            if article in shown and name not in seen:
                seen.add(name)
                yield Document(id=name, text=article, title=_title(date, url), language=_DETECTED.of(article))


def _belongs(row: Row, setting: str) -> bool:
    if setting not in ("monolingual", "multilingual"):
        return True
    multilingual = any(_DETECTED.of(article) not in ("en", "und") for article in row.articles)
    return multilingual is (setting == "multilingual")


def _shown(row: Row, setting: str) -> list[str]:
    return row.placed(support={"oracle": True, "distractors": False}.get(setting))


def _sample(row: Row, setting: str) -> Sample:
    english, answerable = setting == "english", setting != "distractors"
    supporting = row.placed(support=True)
    found_in = {_DETECTED.of(article) for article in supporting}
    return Sample(
        id=f"{setting}/{row.language}/{row.id}",
        question=row.en_question if english else row.question,
        language="en" if english else row.language,
        answers=(row.en_answer if english else row.answer,) if answerable else (),
        group=content_id(row.en_question),
        setting=setting,
        documents=() if setting == "pooled" else tuple(map(content_id, _shown(row, setting))),
        relevant=tuple(map(content_id, supporting)) if answerable else (),
        evidence_language=found_in.pop() if answerable and len(found_in) == 1 else "",
        answerable=answerable,
        facts={
            "q_type": row.q_type,
            "a_type": row.a_type,
            "crossdoc_type": row.crossdoc_type,
            "available": "" if setting == "pooled" else ";".join(map(_DETECTED.of, _shown(row, setting))),
        },
    )


def _title(date: str | None, url: str | None) -> str:
    site = (url or "").partition("://")[2].partition("/")[0]
    return ", ".join(filter(None, (site, date)))


def figures(records: Sequence[Record]) -> dict[str, float]:
    """Whether parallel questions get one answer, and in which languages the evidence is."""
    return {**consistency(records), **evidence_languages(records)}


suite = Suite(
    name="xrag",
    load=load,
    corpus=corpus,
    settings=("monolingual", "multilingual", "pooled", "oracle", "distractors", "english"),
    scorers={
        "correct_in_language": correct_in_language,
        "correct": correct,
        "right_language": right_language,
        "right_language_lingua": right_language_lingua,
        "right_sentences": right_sentences,
        "grounded": grounded,
        "f1": f1,
        "char3_recall": char3_recall,
        "chrf": chrf,
        "recall_at_10": recall_at(10),
        "ndcg_at_10": ndcg_at(10),
        "abstains_rightly": abstains_rightly,
        "abstains_wrongly": abstains_wrongly,
    },
    headline=("correct_in_language", "correct", "right_language", "grounded", "abstains_rightly"),
    figures=figures,
    figure_names=(*CONSISTENCY, *EVIDENCE),
    languages=("ar", "de", "es", "zh"),
)
