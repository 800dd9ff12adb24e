"""Is every line in the language that was asked for, and every word? The Language Confusion Benchmark's rates.

Marchisio et al. 2024 (arXiv 2406.20052). A response passes by line if fastText takes each of its lines of
five words or more for the language, and by word if no English word is in such a response; the latter is
judged only where English does not share the script. Responses of short lines alone are not judged.

This differs from the benchmark's own program in three things. fastText's model is lid.176.ftz, the small form
of the one there. Chinese and Japanese are cut into words of at most two characters, not by a dictionary. Of
the dictionary of English, the common words are used. `benchmarks/scorers.py` measures what that changes.
"""

import re
import string
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from statistics import fmean, harmonic_mean

from xagent.detectors import detector
from xagent.errors import InputError
from xagent.evaluation.records import Record

LANGUAGES = frozenset(
    ("ar", "de", "en", "es", "fr", "hi", "id", "it", "ja", "ko", "pt", "ru", "tr", "vi", "zh")
)
"""Those of the benchmark."""
JUDGED_BY_WORD = frozenset(("ar", "hi", "ja", "ko", "ru", "zh"))
_WORDS_A_LINE = 5
_SURE = 0.3
_HAN_OR_KANA = r"\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORDS = rf"[{_HAN_OR_KANA}]{{1,2}}|[^\W{_HAN_OR_KANA}]+|"
# jieba, by which the benchmark cuts Chinese, gives spaces as words; that lets short English lines be judged.
_WORD = {"ja": re.compile(_WORDS + r"[^\w\s]"), "zh": re.compile(_WORDS + r"\W")}
_TAKEN_OUT = str.maketrans("", "", string.punctuation + "،")


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model said, in the language it should be in, to a prompt of which collection."""

    text: str
    language: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class PassRates:
    """The shares that pass, from 0 to 1: by line, by word of those that pass by line, and by both."""

    lpr: float
    wpr: float | None
    """None where no language is judged by word."""

    @property
    def lcpr(self) -> float | None:
        """The harmonic mean of the two."""
        return None if self.wpr is None else harmonic_mean([self.lpr, self.wpr])


def line_pass(text: str, language: str) -> bool | None:
    """Whether each line of five words or more is in `language`, one of LANGUAGES; None without one."""
    lines = _lines(text, language)
    return all(_label(line) == language for line in lines) if lines else None


def word_pass(text: str, language: str) -> bool | None:
    """Whether no such line has an English word; None where that is not judged, or a line does not pass."""
    if language not in JUDGED_BY_WORD or not line_pass(text, language):
        return None
    english = _english()
    return not any(word in english for line in _lines(text, language) for word in _words(line, language))


def pass_rates(completions: Iterable[Completion]) -> PassRates:
    """The rates of a model: the mean over languages of the mean over the collections in each.

    A collection without a response that is judged counts as 1, as in the benchmark. Raises InputError where
    there is no completion.
    """
    groups: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for one in completions:
        groups[one.language][one.source].append(one.text)
    if not groups:
        raise InputError("There are no completions to take pass rates of.")
    by_line = [_over_sources(line_pass, code, texts.values()) for code, texts in groups.items()]
    by_word = [
        _over_sources(word_pass, code, texts.values())
        for code, texts in groups.items()
        if code in JUDGED_BY_WORD
    ]
    return PassRates(fmean(by_line), fmean(by_word) if by_word else None)


def line_pass_rate(record: Record) -> float | None:
    """1 when the answer passes by line; None where it has no line of five words, or in other languages."""
    wanted = _wanted(record)
    passed = line_pass(record.text, wanted) if wanted in LANGUAGES else None
    return None if passed is None else float(passed)


def word_pass_rate(record: Record) -> float | None:
    """1 when the answer passes by word; None where it does not pass by line or is not judged by word."""
    passed = word_pass(record.text, _wanted(record))
    return None if passed is None else float(passed)


CONFUSION = ("lpr", "wpr", "lcpr")
"""The figures of `confusion_figures`."""


def confusion_figures(records: Iterable[Record]) -> dict[str, float]:
    """`lpr`, `wpr` and `lcpr` of the answers that should be in one of the benchmark's languages.

    `Sample.facts` has the collection that a prompt is from as `source`. Where there are no such answers there
    are no figures; where none is in a language that is judged by word, `lpr` alone.
    """
    completions = [
        Completion(record.text, _wanted(record), record.sample.facts.get("source", ""))
        for record in records
        if record.answer is not None and _wanted(record) in LANGUAGES
    ]
    if not completions:
        return {}
    found = pass_rates(completions)
    figures = {"lpr": found.lpr, "wpr": found.wpr, "lcpr": found.lcpr}
    return {name: value for name, value in figures.items() if value is not None}


def _over_sources(
    judge: Callable[[str, str], bool | None], language: str, sources: Iterable[Sequence[str]]
) -> float:
    """The mean over collections of the share that passes, 1 where nothing is judged."""
    judged = [[judge(text, language) for text in texts] for texts in sources]
    passed = [[one for one in group if one is not None] for group in judged]
    return fmean(fmean(group) if group else 1.0 for group in passed)


def _wanted(record: Record) -> str:
    return (record.sample.answer_language or record.sample.language).partition("-")[0]


def _lines(text: str, language: str) -> list[str]:
    """The lines that are long enough to be judged, without punctuation, as the benchmark takes it out."""
    plain = text.partition("\nQ:")[0].strip().translate(_TAKEN_OUT).replace("—", " ")
    lines = [line for line in plain.split("\n") if not line.isspace()]
    return [line for line in lines if len(_words(line, language)) >= _WORDS_A_LINE]


def _words(line: str, language: str) -> list[str]:
    return _WORD[language].findall(line) if language in _WORD else line.split()


def _label(line: str) -> str:
    """The language that fastText takes a line for; empty where it is not sure enough."""
    label, score = max(detector("fasttext")(line, 2).items(), key=lambda pair: pair[1])
    return label if score > _SURE else ""


@cache
def _english() -> frozenset[str]:
    text = files("xagent.evaluation.scorers").joinpath("word_list.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))
