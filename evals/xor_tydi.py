"""XOR-TyDi QA: are questions of seven languages answered, whose answers their own Wikipedia may not have?

Asai et al. 2021, "XOR QA: Cross-lingual Open-Retrieval Question Answering",
https://arxiv.org/abs/2010.11856 (MIT licence). Questions that speakers of Arabic, Bengali, Finnish,
Japanese, Korean, Russian and Telugu asked because they did not know, answered from the Wikipedia of their
language or of English.

    {"id": "-224430345227152601", "question": "Mikä on yleisin uskonto maailmassa?",
     "answers": ["kristinusko"], "lang": "fi", "split": "dev"}

The paper's three tasks are the settings: `full` asks for an answer in the question's language, `eng_span`
for one in English, and `retrieve` looks only whether a gold answer stands in the first words that are
retrieved. Get `xor_dev_full_v1_1.jsonl` and `xor_dev_retrieve_eng_span_v1_1.jsonl` from
https://nlp.cs.washington.edu/xorqa, or, for `full`, `mia_2022_dev_xorqa.jsonl` from
https://github.com/mia-workshop/MIA-Shared-Task-2022 (split anew, so that its figures are not comparable).
Passages, to be had there too, are read from a file of the folder that is named `..._w100.tsv`, with `id`,
`text` and `title` in its columns; without one the questions are asked of the model alone.

Where the answer is yes or no, the gold is that English word in every language: 566 of the 5,599 questions of
`mia_2022_dev_xorqa.jsonl` have no other (ru 138, ar 136, ja 121, fi 111, ko 40, bn 20, te 0). No answer in
the reader's language has it in it, so that `correct`, `correct_in_language` and the recalls go by the other
golds, and do not judge a question that has none. `f1` and `exact_match` take all golds, as the paper's do.
"""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator

from xagent.errors import InputError
from xagent.evaluation.records import Record
from xagent.evaluation.rows import rows
from xagent.evaluation.samples import Document, Sample, Scorer, Suite
from xagent.evaluation.scorers.correctness import correct, correct_in_language
from xagent.evaluation.scorers.language import right_language
from xagent.evaluation.scorers.strings import char3_recall, exact_match, f1

_FILES = {
    "full": ("xor_dev_full_v1_1.jsonl", "mia_2022_dev_xorqa.jsonl"),
    "eng_span": ("xor_dev_retrieve_eng_span_v1_1.jsonl",),
    "retrieve": ("xor_dev_retrieve_eng_span_v1_1.jsonl",),
}
_TOKEN = re.compile(r"\w+|[^\w\s]")


class Row(BaseModel):
    """A question and its answers: spans of a passage, or yes or no."""

    id: str
    lang: str
    question: str
    answers: tuple[str, ...]


def unquoted(text: str) -> str:
    """A field without the quotation marks that CSV puts around it, as in most files of passages."""
    inside = len(text) > 1 and text.startswith('"') and text.endswith('"')
    return text[1:-1].replace('""', '"') if inside else text


class Passage(BaseModel):
    """A hundred words of Wikipedia."""

    id: str
    text: Annotated[str, BeforeValidator(unquoted)]
    title: Annotated[str, BeforeValidator(unquoted)]


def file(data: Path, setting: str) -> Path:
    """The file that a setting's questions are in. Raises InputError where it is missing."""
    named = _FILES[setting]
    found = [data] if data.is_file() else [data / name for name in named if (data / name).is_file()]
    if not found:
        raise InputError(f"{data} has no {' or '.join(named)}, which the setting {setting} needs")
    return found[0]


def load(data: Path, setting: str) -> Iterator[Sample]:
    """The questions of the development set, in the order of the file."""
    for row in rows(file(data, setting), Row):
        yield Sample(
            id=f"{setting}-{row.id}",
            question=row.question,
            language=row.lang,
            answers=row.answers,
            answer_language="en" if setting == "eng_span" else "",
            setting=setting,
        )


def corpus(data: Path, _: str) -> Iterator[Document]:
    """The passages, if the folder has any."""
    for path in sorted(data.glob("*_w100.tsv")):
        for passage in rows(path, Passage):
            yield Document(id=passage.id, text=passage.text, title=passage.title)


def spans(sample: Sample) -> tuple[str, ...]:
    """The gold answers that are spans of a passage."""
    return tuple(gold for gold in sample.answers if gold.strip().lower() not in ("yes", "no"))


def by_spans(scorer: Scorer) -> Scorer:
    """The scorer, by the golds that are spans alone; None where there are none."""

    def score(record: Record) -> float | None:
        sample = record.sample.model_copy(update={"answers": spans(record.sample)})
        return scorer(record.model_copy(update={"sample": sample}))

    return score


def retrieved_within(tokens: int) -> Scorer:
    """R@2kt and R@5kt: whether a gold answer stands within the first so many tokens that were retrieved.

    None outside the setting `retrieve`, and for yes and no. A token is a word or a punctuation mark; the
    paper takes those of NLTK, with a space between, so that "5,000 (est.)" is never found there.
    """

    def score(record: Record) -> float | None:
        golds = spans(record.sample)
        if record.answer is None or record.sample.setting != "retrieve" or not golds:
            return None
        retrieved = _first("\n".join(passage.text for passage in record.answer.passages), tokens)
        return float(any(gold in retrieved for gold in golds))

    return score


def _first(text: str, tokens: int) -> str:
    """The text up to the end of so many tokens."""
    last = next(islice(_TOKEN.finditer(text), tokens - 1, None), None)
    return text[: last.end()] if last else text


suite = Suite(
    name="xor_tydi",
    load=load,
    corpus=corpus,
    settings=("full", "eng_span", "retrieve"),
    scorers={
        "f1": f1,
        "exact_match": exact_match,
        "correct": by_spans(correct),
        "correct_in_language": by_spans(correct_in_language),
        "char3_recall": char3_recall,
        "right_language": right_language,
        "recall_at_2kt": retrieved_within(2000),
        "recall_at_5kt": retrieved_within(5000),
    },
    headline=("f1", "correct_in_language", "recall_at_2kt"),
    languages=("ar", "bn", "fi", "ja", "ko", "ru", "te"),
)
