"""What became of one sample: all that is needed to judge it again, or to see why it went wrong."""

from pydantic import BaseModel, ConfigDict

from xagent.answer import Answer, AnswerClaim, ModelCall
from xagent.evaluation.samples import Sample


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
        from xagent.evaluation.prediction import predicted

        return predicted(self)
