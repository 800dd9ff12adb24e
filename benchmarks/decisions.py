"""Does a model judge as well by probabilities as in chat whether a statement follows from a text?

    vllm serve Qwen/Qwen3-4B-Instruct-2507           # 0.33 or newer, for /v1/decisions
    python benchmarks/decisions.py --base-url http://127.0.0.1:8000/v1 [--limit N]

For each answerable question of the sample, a true statement, the question with its gold answer, and a false
one, the question with the gold answer of another, in the same language, that its text does not have; its text
is the passage. Both are judged in one call, as `verify` does, with the true one first every other time. Gold
answers are in the language of the text, so that most statements are in two languages:

- decisions, chat: the share of statements judged rightly, decisions by the threshold of `verify`; without
  /v1/decisions there is only chat. cross is the share among texts in another language than the question.
- auc: the chance that a true statement is held more probable than a false one, of any text; a tie is a half.
- best_threshold, best_agreement: the threshold that judges most statements of this sample rightly, and how
  many. It is fitted to what it is measured on: a hint that the threshold is wrong, and no more.
- calls, failed, seconds: of each way. A call that failed counts as no judgement.

The fake of `xagent.testing` calls every statement supported, so that with it half of them are right: it shows
that this runs, and nothing about a model.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from xagent.context import Context
from xagent.decisions import NoDecisions
from xagent.entailment import SUPPORTED, as_data, probabilities, verdicts
from xagent.errors import ModelError
from xagent.evaluation.samples import Sample, Suite
from xagent.evaluation.scorers.strings import containing
from xagent.passages import Passage
from xagent.registry import load

Judging = Callable[[Context, "Pair"], Awaitable[Mapping[int, float]]]
"""How probable each of the two statements is held, by number."""


@dataclass(frozen=True)
class Pair:
    """A text with a statement that follows from it and one that does not."""

    sample: Sample
    passage: Passage
    statements: Mapping[int, str]
    true: int
    """The number of the one that follows."""

    @property
    def values(self) -> dict[str, str]:
        """What the prompt of `verify` is filled in with."""
        return as_data([self.passage], self.statements)

    @property
    def crosses(self) -> bool:
        """Whether the text is in another language than the statements."""
        return self.sample.language != self.sample.evidence_language


@dataclass(frozen=True)
class Judged:
    """What was held of one statement."""

    probability: float
    true: bool
    crosses: bool

    def rightly(self, threshold: float) -> bool:
        """Whether the threshold judges it as it is."""
        return (self.probability >= threshold) == self.true


@dataclass(frozen=True)
class Way:
    """What came of one way to judge."""

    judged: Sequence[Judged]
    calls: int
    failed: int
    seconds: float


def pairs(limit: int = 0) -> list[Pair]:
    """The pairs of the sample, in order."""
    suite: Suite = load("evals", "sample").suite
    folder = suite.data or Path()
    texts = {document.id: document.text for document in suite.corpus(folder, "")}
    samples = [sample for sample in suite.load(folder, "") if sample.answerable]
    asked = samples[: limit or None]
    return [
        _pair(n, sample, texts[sample.relevant[0]], samples[n + 1 :] + samples[:n])
        for n, sample in enumerate(asked)
    ]


def _pair(n: int, sample: Sample, text: str, others: Sequence[Sample]) -> Pair:
    alike = [other for other in others if other.evidence_language == sample.evidence_language]
    false = next(answer for other in alike for answer in other.answers if not containing(text, [answer]))
    first, second = (sample.answers[0], false) if n % 2 == 0 else (false, sample.answers[0])
    statements = {1: f"{sample.question} – {first}", 2: f"{sample.question} – {second}"}
    passage = Passage(n + 1, sample.relevant[0], "", "", sample.evidence_language, "Zyyy", 0, len(text), text)
    return Pair(sample, passage, statements, 1 + n % 2)


async def by_decisions(context: Context, pair: Pair) -> Mapping[int, float]:
    """As `/v1/decisions` has it. Raises NoDecisions and ModelError."""
    return await probabilities(context, pair.values, pair.statements)


async def in_chat(context: Context, pair: Pair) -> Mapping[int, float]:
    """As the model says: 1 or 0. Raises ModelError."""
    said = await verdicts(context, pair.values)
    return {n: float(n in said) for n in pair.statements}


async def run(url: str, asked: Sequence[Pair], judging: Judging) -> Way:
    """All pairs, one after the other. Raises NoDecisions."""
    origin = Context("nowhere", model_url=url)
    judged: list[Judged] = []
    calls, failed, began = 0, 0, time.perf_counter()
    for pair in asked:
        context = Context("nowhere", model_url=url)
        context.__dict__["origin"] = origin  # one model for all, and a budget for each
        try:
            judged.extend(_judged(pair, await judging(context, pair)))
        except ModelError as error:
            failed += 1
            print(f"  {pair.sample.id}: {error}")
        calls += len(context.budget.spent)
    return Way(judged, calls, failed, time.perf_counter() - began)


def _judged(pair: Pair, found: Mapping[int, float]) -> Iterator[Judged]:
    for n, probability in found.items():
        yield Judged(probability, n == pair.true, pair.crosses)


def agreement(judged: Sequence[Judged], threshold: float) -> float | None:
    """The share that a threshold judges rightly; None of nothing."""
    return _share([one.rightly(threshold) for one in judged])


def auc(judged: Sequence[Judged]) -> float | None:
    """The chance that a true one is held more probable than a false one (Mann-Whitney); a tie is a half."""
    true = [one.probability for one in judged if one.true]
    false = [one.probability for one in judged if not one.true]
    return _share([(a > b) + (a == b) / 2 for a in true for b in false])


def _share(values: Sequence[float]) -> float | None:
    return round(fmean(values), 4) if values else None


def best_threshold(judged: Sequence[Judged]) -> float:
    """The threshold that judges most rightly: of those as good, the one nearest to that of `verify`."""
    tried = sorted(
        {SUPPORTED, 1.0, *(one.probability for one in judged)}, key=lambda one: abs(one - SUPPORTED)
    )
    return max(tried, key=lambda one: sum(each.rightly(one) for each in judged))


def figures(way: Way) -> dict[str, float | None]:
    """What is said of either way."""
    return {
        "agreement": agreement(way.judged, SUPPORTED),
        "cross": agreement([one for one in way.judged if one.crosses], SUPPORTED),
        "statements": len(way.judged),
        "calls": way.calls,
        "failed": way.failed,
        "seconds": round(way.seconds, 2),
    }


def of_probabilities(way: Way) -> dict[str, float | None]:
    """What is said of probabilities alone."""
    best = best_threshold(way.judged)
    fitted = {"best_threshold": round(best, 4), "best_agreement": agreement(way.judged, best)}
    return {"auc": auc(way.judged), **fitted}


async def measured(url: str, asked: Sequence[Pair]) -> dict[str, object]:
    """Both ways over the same pairs; `decisions` is None where the server has none."""
    chat = figures(await run(url, asked, in_chat))
    found: dict[str, object] = {"pairs": len(asked), "threshold": SUPPORTED, "chat": chat}
    try:
        way = await run(url, asked, by_decisions)
    except NoDecisions:
        return {**found, "decisions": None}
    return {**found, "decisions": {**figures(way), **of_probabilities(way)}}


def main() -> None:
    """Measure, and print a line of each way and one of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--base-url", required=True, help="of the model's server, ending in /v1")
    parser.add_argument("--limit", type=int, default=0, help="questions; all, if it is not given")
    given = parser.parse_args()
    found = asyncio.run(measured(given.base_url, pairs(given.limit)))
    for way in ("decisions", "chat"):
        print(f"{way:10}", found[way] or "the server has no /v1/decisions")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
