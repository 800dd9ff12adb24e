"""MLQA: questions in one language over paragraphs in the same or another of seven (Lewis et al. 2020).

"MLQA: Evaluating Cross-lingual Extractive Question Answering", https://arxiv.org/abs/1910.07475. The data
is `MLQA_V1.zip` of github.com/facebookresearch/MLQA, under CC BY-SA 3.0: files in the shape of SQuAD, one for
each pair of languages, like `test/test-context-ar-question-de.json`. `--data` names the unpacked folder, or
its `test` or `dev`; of the whole, `test` is taken. A question:

    {"id": "037e8929e7e4d2f949ffbabd10f0f860499ff7c9", "question": "Woraus besteht die Linie?",
     "answers": [{"text": "bahnbrechende", "answer_start": 66}]}

An id is the same in every pair. A question's answers are those in its own language, from the file of that
pair, and those in its paragraph's, which the paper compares with. Each is asked over its paragraph alone.
Settings:

same         question and paragraph in one language (the paper's XLT)
cross        in two languages (the paper's G-XLT without its diagonal)
de>ar        one pair: German questions, Arabic paragraphs
"""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from xagent.errors import InputError
from xagent.evaluation import squad
from xagent.evaluation.rows import content_id
from xagent.evaluation.samples import Document, Sample, Suite
from xagent.evaluation.scorers.abstention import abstains_wrongly
from xagent.evaluation.scorers.consistency import CONSISTENCY, consistency
from xagent.evaluation.scorers.correctness import correct, correct_in_language
from xagent.evaluation.scorers.grounding import grounded
from xagent.evaluation.scorers.language import right_language
from xagent.evaluation.scorers.strings import exact_match, f1, quotes_contain

_LANGUAGES = ("ar", "de", "en", "es", "hi", "vi", "zh")
_PAIR = re.compile(r"(?:test|dev)-context-(?P<context>[a-z]{2})-question-(?P<question>[a-z]{2})\.json")


def load(data: Path, setting: str) -> Iterator[Sample]:
    """The questions of a setting, pair by pair."""
    files = _files(data)
    for question, context in _pairs(files, data, setting):
        own = _golds(files.get((question, question)))
        for one in squad.read(files[question, context]):
            paragraph = _name(one, context)
            golds = (*own.get(one.id, ()), *(gold.text for gold in one.answers))
            yield Sample(
                id=f"{setting}/{question}>{context}/{one.id}",
                question=one.question,
                language=question,
                answers=tuple(dict.fromkeys(golds)),
                group=one.id,
                setting=setting,
                documents=(paragraph,),
                relevant=(paragraph,),
                evidence_language=context,
            )


def corpus(data: Path, setting: str) -> Iterator[Document]:
    """The paragraphs of a setting's questions, each once."""
    files = _files(data)
    seen: set[str] = set()
    for question, context in _pairs(files, data, setting):
        for one in squad.read(files[question, context]):
            name = _name(one, context)
            if name not in seen:
                seen.add(name)
                yield Document(id=name, text=one.context, title=one.title, language=context)


def _files(data: Path) -> dict[tuple[str, str], Path]:
    """The file of each pair: the languages of the question and of the paragraph."""
    folder = next((data / split for split in ("test", "dev") if (data / split).is_dir()), data)
    named = [(_PAIR.fullmatch(path.name), path) for path in sorted(folder.glob("*.json"))]
    files = {(name["question"], name["context"]): path for name, path in named if name}
    if not files:
        raise InputError(f"{folder} has no file like test-context-ar-question-de.json; name MLQA's folder")
    return files


def _pairs(files: dict[tuple[str, str], Path], data: Path, setting: str) -> list[tuple[str, str]]:
    if setting in ("same", "cross"):
        return [pair for pair in files if (pair[0] == pair[1]) is (setting == "same")]
    question, _, context = setting.partition(">")
    if (question, context) not in files:
        raise InputError(f"{data} has no file of questions in {question} over paragraphs in {context}")
    return [(question, context)]


def _golds(path: Path | None) -> dict[str, tuple[str, ...]]:
    read = squad.read(path) if path else ()
    return {one.id: tuple(gold.text for gold in one.answers) for one in read}


def _name(question: squad.Question, context: str) -> str:
    return f"{context}/{content_id(question.context)}"


suite = Suite(
    name="mlqa",
    load=load,
    corpus=corpus,
    settings=("same", "cross", *map(">".join, product(_LANGUAGES, repeat=2))),
    scorers={
        "correct_in_language": correct_in_language,
        "correct": correct,
        "right_language": right_language,
        "grounded": grounded,
        "f1": f1,
        "exact_match": exact_match,
        "quotes_contain": quotes_contain,
        "abstains_wrongly": abstains_wrongly,
    },
    headline=("correct_in_language", "f1", "right_language", "grounded"),
    figures=consistency,
    figure_names=CONSISTENCY,
    languages=_LANGUAGES,
)
