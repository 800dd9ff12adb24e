"""Is an answer correct, in the eyes of other models? A judge or a panel of them votes."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from xagent.budget import Budget
from xagent.endpoints import served_models
from xagent.errors import EndpointError, InputError, ModelError
from xagent.evaluation.agreement import cohen_kappa, fleiss_kappa
from xagent.evaluation.at_once import at_once
from xagent.evaluation.journal import Journal, places
from xagent.evaluation.records import Record
from xagent.evaluation.runs import Run
from xagent.evaluation.samples import Scorer
from xagent.evaluation.scorers.correctness import correct
from xagent.evaluation.scorers.strings import exact_match
from xagent.evaluation.votes import Vote, majority, vote_key, votes, votes_file
from xagent.model import Model
from xagent.prompts import fenced, prompt, statements_as_data
from xagent.replies import Reply
from xagent.terminal import one_line
from xagent.vllm.state import key_of

SCORERS: Mapping[str, Scorer] = {"correct": correct, "exact_match": exact_match}
"""What judges are compared with."""

_BUDGET = (4, 40_000, 120.0)  # calls, tokens and seconds for one vote


class Judgement(Reply):
    """A judge's verdict on one answer."""

    correct: bool


_NO_VOTE = Vote(key="", record="", judge="")
_AGAINST = Vote(key="", record="", judge="", correct=False)


@dataclass(frozen=True)
class Judge:
    """A model that judges."""

    url: str
    named: str

    @classmethod
    def of(cls, text: str) -> "Judge":
        """The judge called `URL#MODEL`, or the first model that the server lists. Raises InputError."""
        url, _, name = text.partition("#")
        if not url.startswith(("http://", "https://")):
            raise InputError(f"a judge is URL#MODEL, such as http://127.0.0.1:8000/v1#qwen, not {text!r}")
        return cls(url, name)

    @cached_property
    def model(self) -> Model:
        """Its model. Raises EndpointError where the server lists none, or does not answer."""
        key = os.environ.get("XAGENT_JUDGE_KEY") or key_of(self.url)
        name = self.named or next(iter(served_models(self.url, key)), "")
        if not name:
            raise EndpointError(f"the server at {self.url} lists no model: name one, as {self.url}#MODEL")
        return Model(self.url, name, key)


class Case(NamedTuple):
    """An answer before a judge."""

    record: Record
    judge: Judge
    key: str


class Ballot(NamedTuple):
    """What came of an answer before the panel, and before each of `SCORERS`."""

    votes: list[bool | None]
    scores: Mapping[str, float | None]


def panel(named: Sequence[str]) -> list[Judge]:
    """The judges called so. Raises InputError, and EndpointError where one's model is not known."""
    judges = [Judge.of(text) for text in named]
    if len({judge.model.name for judge in judges}) < len(judges):
        raise InputError("two judges have one name, by which their votes are kept: serve them under two")
    return judges


def judged(
    run: Run, records: Sequence[Record], judges: Sequence[Judge], concurrency: int
) -> dict[str, object]:
    """Have a panel vote, and say how far it agrees.

    A vote that was cast is not asked for again, one that failed is. Judges see question, gold answers and
    answer, not the language that was asked for; an abstention is not correct, and they do not see it. What
    the votes come to is a figure of the run from then on: `with_votes`. Raises InputError where another
    process is at work on the run.
    """
    with run.locked():
        _vote(run, records, judges, concurrency)
    return _figures(run, records, judges)


def _vote(run: Run, records: Sequence[Record], judges: Sequence[Judge], concurrency: int) -> None:
    path = votes_file(run)
    cast = {key for key, place in places(path).items() if not place.failed}
    cases = (case for case in _cases(records, judges) if case.record.text and case.key not in cast)
    with Journal(path) as journal:

        async def asked(case: Case) -> None:
            journal.add(await _verdict(case))

        asyncio.run(at_once(cases, concurrency, asked))


def _cases(records: Sequence[Record], judges: Sequence[Judge]) -> Iterator[Case]:
    """Every answer that there is a gold answer to, before every judge."""
    for record in records:
        if record.answer and record.sample.answers:
            for judge in judges:
                yield Case(record, judge, vote_key(record, judge.model.name))


async def _verdict(case: Case) -> Vote:
    record, model = case.record, case.judge.model
    values = {
        "question": fenced(record.sample.question),
        "references": statements_as_data(list(enumerate(record.sample.answers, start=1))),
        "answer": fenced(record.text),
    }
    vote = Vote(key=case.key, record=record.key, judge=model.name)
    try:
        reply = await model.reply(prompt("judge", values), Judgement, Budget(*_BUDGET))
    except ModelError as error:
        return vote.model_copy(update={"error": one_line(str(error))})
    return vote.model_copy(update={"correct": reply.correct})


def _figures(run: Run, records: Sequence[Record], judges: Sequence[Judge]) -> dict[str, object]:
    found = votes(run)
    ballots: list[Ballot] = []
    errors: Counter[str] = Counter()
    for case in _cases(records, judges):
        if case.judge is judges[0]:
            ballots.append(Ballot([], {name: scorer(case.record) for name, scorer in SCORERS.items()}))
        vote = found.get(case.key, _NO_VOTE) if case.record.text else _AGAINST
        ballots[-1].votes.append(vote.correct)
        errors.update(filter(None, [vote.error]))
    why = {"votes_failed_because": errors.most_common(1)[0][0]} if errors else {}
    return _summary(ballots, judges) | why


def _summary(ballots: Sequence[Ballot], judges: Sequence[Judge]) -> dict[str, object]:
    complete = [ballot.votes for ballot in ballots if None not in ballot.votes]
    return {
        "judges": [judge.model.name for judge in judges],
        "votes_failed": sum(ballot.votes.count(None) for ballot in ballots),
        "agreement_of_judges": _rounded(_agreement(complete)),
        "agreement_with": {name: _rounded(_kappa(ballots, name)) for name in SCORERS},
    }


def _agreement(complete: Sequence[Sequence[bool | None]]) -> float | None:
    """Cohen's kappa of two judges, Fleiss' of more."""
    verdicts = [[bool(vote) for vote in votes] for votes in complete]
    if verdicts and len(verdicts[0]) == 2:
        return cohen_kappa([one for one, _ in verdicts], [other for _, other in verdicts])
    return fleiss_kappa(verdicts)


def _kappa(ballots: Sequence[Ballot], scorer: str) -> float | None:
    """Cohen's kappa of the panel and a scorer, on what both judge."""
    decided = [one for one in ballots if any(vote is not None for vote in one.votes)]
    scored = [(majority(one.votes), one.scores[scorer]) for one in decided]
    pairs = [(verdict, score >= 0.5) for verdict, score in scored if score is not None]
    return cohen_kappa([one for one, _ in pairs], [other for _, other in pairs])


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
