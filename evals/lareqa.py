"""LAReQA: is the sentence that answers found in a pool of eleven languages, whichever of them it is in?

Roy et al. 2020, "LAReQA: Language-agnostic answer retrieval from a multilingual pool",
https://arxiv.org/abs/2004.05484. Its XQuAD-R is XQuAD with the paragraphs cut into sentences. The
candidates are the sentences of all languages, 13,014 in all, and each question has one right sentence in
each language. A search that prefers the question's own language finds one of the eleven first, and loses
the other ten.

    {"data": [{"title": "Warsaw", "paragraphs": [{"context": "Nearby, in Ogród Saski (the Saxon ...",
        "sentences": ["Nearby, in ...", "...", "..."], "sentence_breaks": [[0, 246], [247, 343], [344, 541]],
        "qas": [{"id": "57339c16d058e614000b5ec5", "question": "What is the Saxon Garden in Polish?",
        "answers": [{"text": "Ogród Saski", "answer_start": 11}]}]}]}]}

Get the folder `xquad-r` from https://github.com/google-research-datasets/lareqa (CC BY-SA 4.0).

The figures are of the passages that a graph retrieves, not of what it answers. The paper ranks all
candidates; an average precision over the few that are retrieved is lower. The paper's encoder saw a
sentence's paragraph too.
"""

from collections.abc import Iterator
from pathlib import Path

from xagent.errors import InputError
from xagent.evaluation.samples import Document, Sample, Suite
from xagent.evaluation.scorers.bias import EVIDENCE, evidence_languages
from xagent.evaluation.scorers.ranking import average_precision, recall_at, reciprocal_rank
from xagent.evaluation.squad import Question, read


def files(data: Path) -> dict[str, Path]:
    """The file of each language. Raises InputError where there is none."""
    folder = data / "xquad-r" if (data / "xquad-r").is_dir() else data
    found = {path.stem: path for path in sorted(folder.glob("??.json"))}
    if not found:
        raise InputError(f"{data} has no LANGUAGE.json; --data names the folder xquad-r that has them")
    return found


def answering(path: Path, question: Question) -> str:
    """The name of the sentence in which a question's answer starts. Raises InputError where none does."""
    start = question.answers[0].start if question.answers else -1
    for number, (first, end) in enumerate(question.sentence_breaks):
        if first <= start < end:
            return name(path.stem, question, number)
    raise InputError(f"{path}: the answer to {question.id} starts in no sentence of its paragraph")


def name(language: str, question: Question, number: int) -> str:
    """The name of a sentence of the question's paragraph."""
    return f"{language}-{question.paragraph}-{number}"


def load(data: Path, setting: str) -> Iterator[Sample]:
    """The questions in every language there is a file of."""
    asked = {path: tuple(read(path)) for path in files(data).values()}
    right: dict[str, list[str]] = {}
    for path, questions in asked.items():
        for question in questions:
            right.setdefault(question.id, []).append(answering(path, question))
    for path, questions in asked.items():
        for question in questions:
            yield Sample(
                id=f"{path.stem}-{question.id}",
                question=question.question,
                language=path.stem,
                answers=tuple(gold.text for gold in question.answers),
                group=question.id,
                setting=setting,
                relevant=tuple(right[question.id]),
            )


def corpus(data: Path, _: str) -> Iterator[Document]:
    """The sentences of all languages, each by itself."""
    for language, path in files(data).items():
        candidates = {
            name(language, question, number): sentence
            for question in read(path)
            for number, sentence in enumerate(question.sentences)
        }
        for candidate, sentence in candidates.items():
            yield Document(id=candidate, text=sentence, language=language)


suite = Suite(
    name="lareqa",
    load=load,
    corpus=corpus,
    scorers={
        "average_precision": average_precision,
        "recall_at_10": recall_at(10),
        "recall_at_20": recall_at(20),
        "reciprocal_rank": reciprocal_rank,
    },
    figures=evidence_languages,
    figure_names=EVIDENCE,
    headline=("average_precision", "recall_at_20"),
    languages=("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"),
)
