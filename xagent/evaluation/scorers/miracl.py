"""Does it know when it does not know? NoMIRACL's two rates (Thakur et al. 2024, arXiv 2312.11361).

Its models are told to say either "Yes, answer is present" or "I don't know" of ten passages. Where none of
them answers, hallucination is the share of the former; where one does, error is the share of the latter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from xagent.errors import InputError
from xagent.evaluation.records import Record
from xagent.evaluation.scorers.abstention import abstains_rightly

PRESENT = "yes, answer is present"
UNKNOWN = "i don't know"
Said = Literal["present", "unknown", "invalid"]
_KINDS: tuple[Said, ...] = ("present", "unknown", "invalid")


@dataclass(frozen=True, slots=True)
class Rates:
    """The shares of all outputs, from 0 to 1, that say one thing or the other, and that say neither or both.

    Over `non_relevant` questions `present` is hallucination; over `relevant` ones `unknown` is error.
    """

    present: float
    unknown: float
    invalid: float


def said(output: str) -> Said:
    """What an output says, by strict string match: one phrase is in it in any case, and not the other."""
    folded = output.casefold()
    present, unknown = PRESENT in folded, UNKNOWN in folded
    if present == unknown:
        return "invalid"
    return "present" if present else "unknown"


def rates(outputs: Mapping[str, Iterable[str]]) -> Rates:
    """The mean over languages of the shares in each; languages without outputs are left out.

    Raises InputError where there are no outputs at all.
    """
    judged = [[said(output) for output in listed] for listed in outputs.values()]
    judged = [listed for listed in judged if listed]
    if not judged:
        raise InputError("There are no outputs to take rates of.")
    return Rates(*(fmean(listed.count(kind) / len(listed) for listed in judged) for kind in _KINDS))


def hallucinates(record: Record) -> float | None:
    """1 where the documents do not answer and it did, 0 where it abstained; None where they answer."""
    abstained = abstains_rightly(record)
    return None if abstained is None else 1 - abstained
