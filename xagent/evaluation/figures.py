"""What do the answers of a run amount to: overall, by language, by setting, by pair of languages?"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

import numpy as np

from xagent.errors import InputError, UnknownName
from xagent.evaluation.records import Record
from xagent.evaluation.samples import Sample, Suite
from xagent.evaluation.statistics import Difference, Estimate, corrected, difference, interval

Table = dict[str, dict[str, Estimate]]
"""Estimates by what they are of, such as a language, and then by the name of the figure."""
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Scored:
    """A sample and its scores, each the mean over the times it was asked; none where a scorer gave none."""

    sample: Sample
    scores: Mapping[str, float]

    @property
    def cluster(self) -> str:
        """What parallel samples share."""
        return self.sample.group or self.sample.id


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of a run that no clock has a part in: the same answers give the same figures."""

    overall: Mapping[str, Estimate]
    """Of each scorer, the mean over question languages of the mean in each."""
    of_suite: Mapping[str, float]
    """Those that the suite works out itself; they have no interval."""
    by_language: Table
    by_setting: Table
    by_pair: Table
    """By question language and that of the relevant documents: `fi>de`."""
    answered: int
    failed: Mapping[str, int]
    """By question language, how often there was no answer; they have a part in no other figure."""

    def as_dict(self) -> dict[str, object]:
        """Everything, rounded to 4 digits, in an order of its own: it can be written as JSON."""
        own = {name: {"mean": round(value, _DIGITS)} for name, value in sorted(self.of_suite.items())}
        return {
            "overall": _plain(self.overall) | own,
            "by_language": {name: _plain(row) for name, row in self.by_language.items()},
            "by_setting": {name: _plain(row) for name, row in self.by_setting.items()},
            "by_pair": {name: _plain(row) for name, row in self.by_pair.items()},
            "answered": self.answered,
            "failed": dict(sorted(self.failed.items())),
        }

    def means(self) -> dict[str, float]:
        """Every overall figure by its name, those of the suite among them."""
        return {name: one.mean for name, one in self.overall.items()} | dict(self.of_suite)


@dataclass(frozen=True, slots=True)
class Cost:
    """What an answer took, on average; failures are left out, as nothing is known of them."""

    calls: float
    prompt_tokens: float
    completion_tokens: float
    seconds: float
    seconds_p50: float
    seconds_p95: float

    def as_dict(self) -> dict[str, float]:
        """The same, rounded to 4 digits."""
        return {name: round(value, _DIGITS) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far one run is above another in one figure, on the samples that both answered."""

    overall: Difference
    """Of the means over languages."""
    by_language: Mapping[str, Difference]
    """Each corrected for the number of languages."""


def figures(records: Sequence[Record], suite: Suite) -> Figures:
    """All figures of a run's records, whatever their order."""
    answered = [record for record in records if record.answer is not None]
    answered.sort(key=lambda record: (record.sample.id, record.repeat))
    samples = scored(answered, suite)
    return Figures(
        overall=_estimates(samples, suite),
        of_suite=dict(suite.figures(answered)) if answered else {},
        by_language=_tabled(samples, suite, lambda sample: sample.language),
        by_setting=_tabled(samples, suite, lambda sample: sample.setting),
        by_pair=_tabled(samples, suite, _pair),
        answered=len(answered),
        failed=Counter(record.sample.language for record in records if record.answer is None),
    )


def scored(records: Iterable[Record], suite: Suite) -> list[Scored]:
    """The scores of each sample that was answered, by its id; failures are passed over."""
    by_sample: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.answer is not None:
            by_sample[record.sample.id].append(record)
    return [_scored(by_sample[name], suite) for name in sorted(by_sample)]


def cost(records: Iterable[Record]) -> Cost:
    """What the answers took. Raises InputError where there is none."""
    answered = [(record.answer.usage, record.seconds) for record in records if record.answer is not None]
    if not answered:
        raise InputError("No sample was answered, so nothing is known of the cost.")
    usages, seconds = zip(*answered, strict=True)
    p50, p95 = np.quantile(seconds, [0.5, 0.95])
    return Cost(
        calls=fmean(usage.model_calls for usage in usages),
        prompt_tokens=fmean(usage.prompt_tokens for usage in usages),
        completion_tokens=fmean(usage.completion_tokens for usage in usages),
        seconds=fmean(seconds),
        seconds_p50=float(p50),
        seconds_p95=float(p95),
    )


def compare(records: Iterable[Record], baseline: Iterable[Record], suite: Suite, figure: str) -> Comparison:
    """How far a run is above a baseline in one of the suite's scorers, sample by sample.

    Raises UnknownName where the suite has no such scorer, InputError where the runs share no scored sample.
    """
    if figure not in suite.scorers:
        raise UnknownName(f"{suite.name} has no scorer {figure!r}; it has {', '.join(suite.scorers)}.")
    before = {one.sample.id: one.scores[figure] for one in scored(baseline, suite) if figure in one.scores}
    paired = [
        (one, one.scores[figure] - before[one.sample.id])
        for one in scored(records, suite)
        if figure in one.scores and one.sample.id in before
    ]
    if not paired:
        raise InputError(f"The runs have no sample in common that {figure} judges; give runs of one suite.")
    by_language: defaultdict[str, list[tuple[Scored, float]]] = defaultdict(list)
    for one, value in paired:
        by_language[one.sample.language].append((one, value))
    each = {language: _difference(by_language[language]) for language in sorted(by_language)}
    return Comparison(_difference(paired), corrected(each))


def _scored(records: Sequence[Record], suite: Suite) -> Scored:
    scores: dict[str, float] = {}
    for name, scorer in suite.scorers.items():
        judged = [score for score in map(scorer, records) if score is not None]
        if judged:
            scores[name] = fmean(judged)
    return Scored(records[0].sample, scores)


def _estimates(samples: Sequence[Scored], suite: Suite) -> dict[str, Estimate]:
    """Of each scorer that judged any of the samples, the mean over languages."""
    estimates: dict[str, Estimate] = {}
    for name in suite.scorers:
        judged = [one for one in samples if name in one.scores]
        if judged:
            values = [one.scores[name] for one in judged]
            languages = [one.sample.language for one in judged]
            estimates[name] = interval(values, [one.cluster for one in judged], strata=languages)
    return estimates


def _tabled(samples: Iterable[Scored], suite: Suite, key: Callable[[Sample], str]) -> Table:
    """The estimates of the samples of each key; those without a key are in no row."""
    rows: defaultdict[str, list[Scored]] = defaultdict(list)
    for one in samples:
        rows[key(one.sample)].append(one)
    return {name: _estimates(rows[name], suite) for name in sorted(rows) if name}


def _pair(sample: Sample) -> str:
    return f"{sample.language}>{sample.evidence_language}" if sample.evidence_language else ""


def _difference(paired: Sequence[tuple[Scored, float]]) -> Difference:
    values = [value for _, value in paired]
    languages = [one.sample.language for one, _ in paired]
    return difference(values, [one.cluster for one, _ in paired], strata=languages)


def _plain(row: Mapping[str, Estimate]) -> dict[str, dict[str, float]]:
    return {
        name: {key: round(value, _DIGITS) for key, value in asdict(one).items()}
        for name, one in sorted(row.items())
    }
