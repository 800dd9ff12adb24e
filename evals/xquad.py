"""XQuAD: is a question answered from paragraphs of its language, of English, or of all twelve, alike?

Artetxe, Ruder and Yogatama 2020, "On the Cross-lingual Transferability of Monolingual Representations",
https://arxiv.org/abs/1910.11856. 1,190 questions on 240 paragraphs of SQuAD, translated by professionals
from English into ten languages, and later into Romanian: question, paragraph and answer are parallel
throughout.

    {"data": [{"title": "Warsaw", "paragraphs": [{"context": "Nearby, in Ogród Saski (the Saxon ...", "qas": [
        {"id": "57339c16d058e614000b5ec5", "question": "What is the Saxon Garden in Polish?",
         "answers": [{"text": "Ogród Saski", "answer_start": 11}]}]}]}]}

Get the files `xquad.LANGUAGE.json` from https://github.com/google-deepmind/xquad (CC BY-SA 4.0) into one
folder.

The settings differ in what may be read: `same` the paragraphs of the question's language, `english` the
English ones, `mixed` both, `all` those of every language there is a file of, in one pool. The language of a
paragraph is the one that xagent tells, which of 2,880 is another than its file's for two.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from xagent.errors import InputError
from xagent.evaluation.records import Record
from xagent.evaluation.samples import Document, Sample, Suite
from xagent.evaluation.scorers.bias import EVIDENCE, evidence_languages
from xagent.evaluation.scorers.consistency import CONSISTENCY, consistency
from xagent.evaluation.scorers.correctness import correct, correct_in_language
from xagent.evaluation.scorers.grounding import grounded
from xagent.evaluation.scorers.language import right_language, right_sentences
from xagent.evaluation.scorers.ranking import recall_at, reciprocal_rank
from xagent.evaluation.scorers.strings import char3_recall, exact_match, f1
from xagent.evaluation.squad import Question, read


def files(data: Path) -> dict[str, Path]:
    """The file of each language. Raises InputError where there is none."""
    found = {path.name.split(".")[1]: path for path in sorted(data.glob("xquad.*.json"))}
    if not found:
        raise InputError(f"{data} has no xquad.LANGUAGE.json; --data names the folder that has them")
    return found


def readable(setting: str, language: str, there: Collection[str]) -> tuple[str, ...]:
    """The languages, of those there are, whose paragraphs may answer a question in `language`."""
    named = {"same": {language}, "english": {"en"}, "mixed": {"en", language}, "all": set(there)}[setting]
    if not named <= set(there):
        raise InputError(f"The setting {setting} needs xquad.en.json")
    return tuple(sorted(named))


def name(language: str, question: Question) -> str:
    """The name of the paragraph that answers a question."""
    return f"{language}-{question.paragraph}"


def load(data: Path, setting: str) -> Iterator[Sample]:
    """The questions of every language there is a file of."""
    asked = {language: tuple(read(path)) for language, path in files(data).items()}
    for language, questions in asked.items():
        among = readable(setting, language, asked)
        holding = [{other.id: name(code, other) for other in asked[code]} for code in among]
        for question in questions:
            yield Sample(
                id=f"{setting}-{language}-{question.id}",
                question=question.question,
                language=language,
                answers=tuple(gold.text for gold in question.answers),
                group=question.id,
                setting=setting,
                languages=among if setting in ("same", "mixed") else (),
                relevant=tuple(found[question.id] for found in holding if question.id in found),
                evidence_language=among[0] if len(among) == 1 else "",
                facts={"available": ";".join(among)},  # every language has as many paragraphs
            )


def corpus(data: Path, setting: str) -> Iterator[Document]:
    """The paragraphs that the setting's questions may be answered from.

    They go without their title: it is in English in every file, and would join the languages by itself.
    """
    for language, path in files(data).items():
        if setting != "english" or language == "en":
            texts = {name(language, question): question.context for question in read(path)}
            for paragraph, text in texts.items():
                yield Document(id=paragraph, text=text, language=language)


def figures(records: Sequence[Record]) -> Mapping[str, float]:
    """How alike the parallel questions fare, and in which languages the evidence is."""
    return {**consistency(records), **evidence_languages(records)}


suite = Suite(
    name="xquad",
    load=load,
    corpus=corpus,
    settings=("same", "english", "mixed", "all"),
    scorers={
        "correct_in_language": correct_in_language,
        "correct": correct,
        "exact_match": exact_match,
        "f1": f1,
        "char3_recall": char3_recall,
        "right_language": right_language,
        "right_sentences": right_sentences,
        "grounded": grounded,
        "recall_at_5": recall_at(5),
        "reciprocal_rank": reciprocal_rank,
    },
    figures=figures,
    figure_names=(*CONSISTENCY, *EVIDENCE),
    headline=("correct_in_language", "f1", "reciprocal_rank"),
    languages=("ar", "de", "el", "en", "es", "hi", "ro", "ru", "th", "tr", "vi", "zh"),
)
