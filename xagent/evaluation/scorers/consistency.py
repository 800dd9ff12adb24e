"""Does the same question fare the same in every language it is asked in?

Only records of one `Sample.group`, setting and repeat are compared, and of different languages.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

from xagent.evaluation.records import Record
from xagent.evaluation.scorers.choices import NONE, chosen
from xagent.evaluation.scorers.correctness import correct

CONSISTENCY = ("consistency", "correct_overlap", "choice_consistency")
"""The figures of `consistency`."""


@dataclass(frozen=True, slots=True)
class _Judged:
    language: str
    right: float | None
    choice: int | None  # None where there is nothing to choose


_Pair = tuple[_Judged, _Judged]


def consistency(records: Sequence[Record]) -> dict[str, float]:
    """Agreement in pairs of parallel answers; a figure is left out where there is no pair to take it of.

    consistency         the share of the pairs of a question of which both are `correct` or neither is, in the
                        mean over questions. Answers that are all wrong agree: to be read beside `correct`.
    correct_overlap     questions that both languages get right, in parts of those that either does, in the
                        mean over pairs of languages (Jiang et al. 2020, arXiv 2010.06189). That of two
                        languages that get nothing right is left out.
    choice_consistency  in multiple choice, the share of the pairs of a question that choose the same option,
                        in the mean over questions. It needs parallel options in the same order; an answer
                        that chooses none agrees with no other.
    """
    questions = _pairs(records)
    figures = {
        "consistency": _by_question(questions, _agree),
        "correct_overlap": _overlaps(pair for pairs in questions for pair in pairs),
        "choice_consistency": _by_question(questions, _choose_alike),
    }
    return {name: fmean(values) for name, values in figures.items() if values}


def _pairs(records: Iterable[Record]) -> list[list[_Pair]]:
    """By question, the pairs of answers to it in different languages, the lesser code first."""
    groups: defaultdict[tuple[str, str, int], list[_Judged]] = defaultdict(list)
    for record in records:
        if record.sample.group:
            groups[record.sample.group, record.sample.setting, record.repeat].append(_judged(record))
    ordered = [sorted(group, key=lambda one: one.language) for group in groups.values()]
    return [[pair for pair in combinations(group, 2) if _differ(*pair)] for group in ordered]


def _judged(record: Record) -> _Judged:
    options = record.sample.options
    return _Judged(record.sample.language, correct(record), chosen(record.text, options) if options else None)


def _differ(one: _Judged, other: _Judged) -> bool:
    return one.language != other.language


def _by_question(
    questions: Sequence[Sequence[_Pair]], agree: Callable[[_Judged, _Judged], float | None]
) -> list[float]:
    """The mean of each question that has a pair to judge."""
    scores = [[score for pair in pairs if (score := agree(*pair)) is not None] for pairs in questions]
    return [fmean(question) for question in scores if question]


def _agree(one: _Judged, other: _Judged) -> float | None:
    return None if one.right is None or other.right is None else float(one.right == other.right)


def _choose_alike(one: _Judged, other: _Judged) -> float | None:
    if one.choice is None or other.choice is None:
        return None
    return float(one.choice == other.choice != NONE)


def _overlaps(pairs: Iterable[_Pair]) -> list[float]:
    both: defaultdict[tuple[str, str], float] = defaultdict(float)
    either: defaultdict[tuple[str, str], float] = defaultdict(float)
    for one, other in pairs:
        if one.right is not None and other.right is not None:
            both[one.language, other.language] += min(one.right, other.right)
            either[one.language, other.language] += max(one.right, other.right)
    return [both[languages] / count for languages, count in either.items() if count]
