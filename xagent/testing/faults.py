"""What a fake model can do wrong, and when."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from threading import Lock
from typing import Literal, get_args

FaultKind = Literal[
    # what it says
    "wrong language", "foreign sentence", "invented quotation", "altered quotation", "id out of range",
    "injected", "arabic digits",
    # how it writes that
    "wrong shape", "malformed json", "truncated json", "prose", "empty", "endless whitespace",
    # what its server does
    "slow", "dropped", "hanging", "not json", "status 400", "status 401", "status 429", "status 500",
]  # fmt: skip
"""The kinds of fault; `Fault` says what each does."""

FAULTS: tuple[FaultKind, ...] = get_args(FaultKind)
"""All of them."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and when it happens.

    >>> ModelServer(faults=[Fault("wrong language", 0.3, schema="Draft"), Fault("status 500", times=1)])

    - wrong language: every text is in English, or in Spanish where it should be English.
    - foreign sentence: one text is, or it has such a sentence at its end where it is the only one.
    - invented quotation: what is quoted stands in no passage.
    - altered quotation: a digit, or a word or two letters in the middle, are not as in the passage.
    - id out of range: a passage, claim or sentence number that does not exist.
    - injected: texts with terminal escapes and direction marks.
    - arabic digits: numbers of texts and ids in Arabic-Indic digits, the ids either bare or as strings.
    - wrong shape: JSON with other keys. malformed json: no JSON. truncated json: its first part, and
      `finish_reason` says 'length'. prose: JSON in a fence, with chatter around it. empty: nothing.
    - endless whitespace: blank lines until the client leaves, `max_tokens` are spent, or 30 s are over.
    - slow: a pause before each part of the reply. dropped: the connection ends in the middle.
    - hanging: not a byte until the client leaves or 30 s are over. not json: a page of HTML, with status 200.
    - status N: an error; 429 asks to try again at once.

    The first seven leave a reply as it is that has nothing for them to spoil.
    """

    kind: FaultKind
    probability: float = 1.0
    schema: str = ""
    """Only in replies of this name."""
    times: int | None = None
    """Only so many times."""
    language: str = ""
    """The code of the language that is wrong or foreign, instead of English and Spanish."""

    def __post_init__(self) -> None:
        if self.kind not in FAULTS:
            raise ValueError(f"no fault is called {self.kind!r}; there are: {', '.join(FAULTS)}")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"a probability is between 0 and 1, not {self.probability}")


class FaultPlan:
    """Which faults happen to which request: the same to the same one, in whatever order requests come."""

    def __init__(self, faults: Iterable[Fault | FaultKind], seed: int) -> None:
        self.faults: Sequence[Fault] = [one if isinstance(one, Fault) else Fault(one) for one in faults]
        self._seed = seed
        self._used: Counter[int] = Counter()
        self._asked: Counter[str] = Counter()
        self._lock = Lock()

    def draw(self, schema: str, body: str) -> tuple[list[Fault], Random]:
        """The faults for a request, in the order of `FAULTS`, and what to draw their details from.

        They count as happened; `release` those that found nothing to spoil.
        """
        with self._lock:
            self._asked[body] += 1
            # Of the body alone: threads would share one generator in an order of their own.
            random = Random(f"{self._seed} {self._asked[body]} {body}")
            drawn = [at for at, fault in enumerate(self.faults) if self._happens(at, fault, schema, random)]
            self._used.update(drawn)
            return sorted((self.faults[at] for at in drawn), key=_order), random

    def _happens(self, at: int, fault: Fault, schema: str, random: Random) -> bool:
        chance = random.random()
        fits = fault.schema in ("", schema) and (fault.times is None or self._used[at] < fault.times)
        return fits and chance < fault.probability

    def release(self, *faults: Fault) -> None:
        """Count these as not happened."""
        with self._lock:
            places = {id(fault): at for at, fault in enumerate(self.faults)}
            self._used.subtract(places[id(fault)] for fault in faults)


def _order(fault: Fault) -> int:
    return FAULTS.index(fault.kind)
