"""Language Confusion Benchmark: is every line, and every word, in the language that was asked for?

Marchisio et al. 2024, "Understanding and Mitigating Language Confusion in LLMs",
https://arxiv.org/abs/2406.20052 (Apache-2.0). Instructions in fifteen languages, to be answered in their
own (`monolingual`), or in English that say which of fourteen other languages to write in (`crosslingual`).

    prompt,source,language
    ¿Cuáles son 5 maneras de comer manzanas?,dolly_human_edited,es

Get `test_sets.zip` from https://github.com/for-ai/language-confusion and unpack it: files of this kind lie
in `test_sets/SETTING/SOURCE/LANGUAGE.csv`. Whatever sources are there are read.

There is nothing to quote: use a graph in which the model answers by itself. The paper samples at most a
hundred tokens with p = 0.75 and a temperature of 0.3.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from xagent.errors import InputError
from xagent.evaluation.rows import rows
from xagent.evaluation.samples import Sample, Suite
from xagent.evaluation.scorers.language import right_language, right_sentences
from xagent.evaluation.scorers.line_pass_rate import (
    CONFUSION,
    confusion_figures,
    line_pass_rate,
    word_pass_rate,
)


class Row(BaseModel):
    """An instruction, and the language that it is to be followed in."""

    prompt: str
    source: str
    """The collection that it is from."""
    language: str


def load(data: Path, setting: str) -> Iterator[Sample]:
    """The instructions of all sources there are. Raises InputError where there is none."""
    folder = data / "test_sets" if (data / "test_sets").is_dir() else data
    paths = sorted((folder / setting).glob("*/*.csv"))
    if not paths:
        raise InputError(f"{folder} has no {setting}/SOURCE/LANGUAGE.csv; --data names the folder test_sets")
    for path in paths:
        for number, row in enumerate(rows(path, Row), start=1):
            yield Sample(
                id=f"{setting}-{path.parent.name}-{path.stem}-{number}",
                question=row.prompt,
                language="en" if setting == "crosslingual" else row.language,
                answer_language=row.language,
                stratum=row.language,
                setting=setting,
                facts={"source": row.source},
            )


suite = Suite(
    name="language_confusion",
    load=load,
    settings=("monolingual", "crosslingual"),
    scorers={
        "line_pass_rate": line_pass_rate,
        "word_pass_rate": word_pass_rate,
        "right_language": right_language,
        "right_sentences": right_sentences,
    },
    figures=confusion_figures,
    figure_names=CONFUSION,
    headline=("lpr", "wpr", "lcpr"),
    languages=("ar", "de", "en", "es", "fr", "hi", "id", "it", "ja", "ko", "pt", "ru", "tr", "vi", "zh"),
)
