"""What became of one sample: all that is needed to judge it again, or to see why it went wrong."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import overload

from pydantic import BaseModel, ConfigDict

from xagent.answer import Answer, AnswerClaim, ModelCall
from xagent.evaluation.samples import Sample

_MARKS = re.compile(r"\s*\[\d+\]")


class ForeignPart(BaseModel):
    """A part of an answer's text, in characters, that is in another language than it should be in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: int
    end: int
    language: str
    """What it is in; 'und' if that is unclear."""


class Record(BaseModel):
    """A sample and its answer, or why there is none. One line of a run's `samples.jsonl`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    """A hash of the sample and of all that could change its answer; a run is resumed by it."""
    sample: Sample
    repeat: int = 0
    """Which time it was asked, from 0."""
    answer: Answer | None = None
    """None where it failed."""
    error: str = ""
    """Why it failed, in one line: never an answer, never scored."""
    calls: tuple[ModelCall, ...] = ()
    """What the model was sent and what it said, in order."""
    claims: tuple[AnswerClaim, ...] = ()
    """What the answer says, claim by claim, with the citations of each."""
    foreign: tuple[ForeignPart, ...] = ()
    """Where `answer.text` is in the wrong language, by xagent's own detector."""
    sentences: int = 0
    """Sentences of `answer.text`, of which those are some."""
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """What the reader got, without citation marks; empty where it abstained or failed."""
        if self.answer is None or self.answer.verdict == "abstained":
            return ""
        return _MARKS.sub("", self.answer.text).strip()


class Answered(Sequence[Record]):
    """Those of a run's records that have an answer, by id and repeat; each fetched when looked at."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.failed: Counter[str] = Counter()
        """How many of the others there are, by `Sample.row`."""
        names: set[str] = set()
        order: list[tuple[str, int, int]] = []
        for place, record in enumerate(records):
            names.add(record.sample.id)
            if record.answer is None:
                self.failed[record.sample.row] += 1
            else:
                order.append((record.sample.id, record.repeat, place))
        self.samples = len(names)
        """How many were asked, those without an answer too."""
        self._records = records
        self._places = [place for *_, place in sorted(order)]

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        places = self._places[index]
        if isinstance(places, int):
            return self._records[places]
        return [self._records[place] for place in places]
