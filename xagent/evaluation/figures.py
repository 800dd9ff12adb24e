"""What do the answers of a run amount to: overall, by language, by setting, by pair of languages?"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import compress
from statistics import fmean

import numpy as np

from xagent.errors import InputError, UnknownName
from xagent.evaluation.records import Answered, Record
from xagent.evaluation.samples import Sample, Suite
from xagent.evaluation.statistics import Difference, Estimate, corrected, difference, intervals

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
    """Of each scorer, the mean over languages of the mean in each; a language is a `Sample.row`."""
    of_suite: Mapping[str, float]
    """Those that the suite works out itself; they have no interval."""
    by_language: Table
    by_setting: Table
    by_pair: Table
    """By question language and that of the relevant documents: `fi>de`."""
    samples: int
    """Asked, however often."""
    answered: int
    """Answers, of which a sample that is asked several times has several."""
    failed: Mapping[str, int]
    """By language, how often there was no answer; those samples have a part in no other figure."""

    def as_dict(self) -> dict[str, object]:
        """Everything, rounded to 4 digits, in an order of its own: it can be written as JSON."""
        own = {name: {"mean": round(value, _DIGITS)} for name, value in sorted(self.of_suite.items())}
        return {
            "overall": _plain(self.overall) | own,
            "by_language": {name: _plain(row) for name, row in self.by_language.items()},
            "by_setting": {name: _plain(row) for name, row in self.by_setting.items()},
            "by_pair": {name: _plain(row) for name, row in self.by_pair.items()},
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
    answered = Answered(records)
    samples = scored(answered, suite)
    return Figures(
        overall=_estimates(samples, suite),
        of_suite=dict(suite.figures(answered)) if answered else {},
        by_language=_tabled(samples, suite, lambda sample: sample.row),
        by_setting=_tabled(samples, suite, lambda sample: sample.setting),
        by_pair=_tabled(samples, suite, _pair),
        samples=answered.samples,
        answered=len(answered),
        failed=answered.failed,
    )


def scored(records: Iterable[Record], suite: Suite) -> list[Scored]:
    """The scores of each sample that was answered, by its id; failures are passed over."""
    samples: dict[str, Sample] = {}
    scores: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for record in records:
        if record.answer is not None:
            samples.setdefault(record.sample.id, record.sample)
            for figure, scorer in suite.scorers.items():
                if (score := scorer(record)) is not None:
                    scores[record.sample.id, figure].append(score)
    return [
        Scored(
            samples[name],
            {figure: fmean(scores[name, figure]) for figure in suite.scorers if (name, figure) in scores},
        )
        for name in sorted(samples)
    ]


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


def mean_figure(suite: Suite, named: str = "") -> str:
    """The figure `named`, or else the suite's first that is a mean over samples, in the headline if any is.

    Empty where the suite has none. Raises UnknownName where the named one is no mean over samples.
    """
    if named and named not in suite.scorers:
        means = ", ".join(suite.scorers) or "none"
        raise UnknownName(
            f"runs of {suite.name} cannot be compared in {named!r}: only figures that are means over samples "
            f"can be compared, here {means}"
        )
    return named or next((name for name in (*suite.headline, *suite.scorers) if name in suite.scorers), "")


def compare(run: Iterable[Scored], baseline: Iterable[Scored], figure: str) -> Comparison | None:
    """How far a run is above a baseline in a `mean_figure` of their suite, sample by sample.

    Samples are paired that are the same in all they say: other data may use the same ids. None where the
    runs have no sample in common that the figure judges.
    """
    before = {one.sample.id: one for one in baseline if figure in one.scores}
    paired = [
        (one, one.scores[figure] - other.scores[figure])
        for one in run
        if figure in one.scores and (other := before.get(one.sample.id)) and one.sample == other.sample
    ]
    if not paired:
        return None
    by_language: defaultdict[str, list[tuple[Scored, float]]] = defaultdict(list)
    for one, value in paired:
        by_language[one.sample.row].append((one, value))
    each = {language: _difference(by_language[language]) for language in sorted(by_language)}
    return Comparison(_difference(paired), corrected(each))


def _estimates(samples: Sequence[Scored], suite: Suite) -> dict[str, Estimate]:
    """Of each scorer that judged any of the samples, the mean over languages."""
    alike: defaultdict[tuple[bool, ...], list[str]] = defaultdict(list)
    for name in suite.scorers:
        alike[tuple(name in one.scores for one in samples)].append(name)
    found: dict[str, Estimate] = {}
    for there, names in alike.items():
        judged = list(compress(samples, there))
        if judged:
            columns = [[one.scores[name] for one in judged] for name in names]
            languages = [one.sample.row for one in judged]
            estimates = intervals(columns, [one.cluster for one in judged], strata=languages)
            found |= zip(names, estimates, strict=True)
    return {name: found[name] for name in suite.scorers if name in found}


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
    languages = [one.sample.row for one, _ in paired]
    return difference(values, [one.cluster for one, _ in paired], strata=languages)


def _plain(row: Mapping[str, Estimate]) -> dict[str, dict[str, float]]:
    return {
        name: {key: round(value, _DIGITS) for key, value in asdict(one).items()}
        for name, one in sorted(row.items())
    }
