"""What have judges said of a run's answers? Their votes, as they are kept, and the figure they come to."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from xagent.evaluation.journal import Lines, places
from xagent.evaluation.records import Record
from xagent.evaluation.runs import Run, sha256
from xagent.evaluation.samples import Suite
from xagent.registry import find

JUDGED = "judged_correct"
"""The figure: the share of answers that the majority of the judges that voted call correct."""


class Vote(BaseModel):
    """What a judge said of an answer, or why it did not. One line of a run's `judgements.jsonl`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    """A hash of the answer, the judge and its prompt."""
    record: str
    """The record's key."""
    judge: str
    correct: bool | None = None
    error: str = ""


def votes_file(run: Run) -> Path:
    """Where a run's votes are."""
    return run.path / "judgements.jsonl"


def votes(run: Run) -> dict[str, Vote]:
    """The newest vote of each key. Raises InputError for a damaged line."""
    path = votes_file(run)
    return {vote.key: vote for vote in Lines(path, Vote, list(places(path).values()))}


def vote_key(record: Record, judge: str) -> str:
    """What the vote of a judge on an answer is found by."""
    return sha256(f"{_template()}\0{judge}\0{record.key}\0{record.text}")


def with_votes(run: Run, suite: Suite) -> Suite:
    """A run's suite, with the figure `judged_correct` where judges have voted: all that have, each once.

    An abstention is not correct; an answer without a gold answer, or without a vote, is not judged. Raises
    InputError for a damaged line.
    """
    cast: defaultdict[str, list[Vote]] = defaultdict(list)
    for vote in votes(run).values():
        if vote.correct is not None:
            cast[vote.record].append(vote)
    if not cast:
        return suite

    def judged_correct(record: Record) -> float | None:
        if not record.sample.answers:
            return None
        if not record.text:
            return 0.0
        said = [one.correct for one in cast.get(record.key, ()) if one.key == vote_key(record, one.judge)]
        return float(majority(said)) if said else None

    scorers = {**suite.scorers, JUDGED: judged_correct}
    return replace(suite, scorers=scorers, headline=(*suite.headline, JUDGED))


def majority(said: Sequence[bool | None]) -> bool:
    """Whether more than half of the votes that were cast are for it."""
    cast = [vote for vote in said if vote is not None]
    return 2 * sum(cast) > len(cast)


@cache
def _template() -> str:
    return sha256(find("prompts", "judge").read_bytes())
