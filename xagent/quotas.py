"""Fair shares: no language crowds another one out that has something to say.

Half of the places go to the best, whatever their language. The other half is shared out among the languages
with relevant evidence, to the one that has fewest places first. A language with nothing relevant yields
its share, and what nobody claims goes to the best again.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

Quota = Literal["rank", "share"]


class Entry(NamedTuple):
    """A passage that asks for a place."""

    key: int
    language: str
    relevant: bool
    """Whether it bears on the question enough to have a share."""
    own: float = 0.0
    """What decides within its language; equal ones keep their order."""


def fair(entries: Sequence[Entry], k: int) -> dict[int, Quota]:
    """Which `k` of the entries, given best first, get a place, and by what right; best first."""
    given: dict[int, Quota] = {entry.key: "rank" for entry in entries[: k - k // 2]}
    taken = Counter(entry.language for entry in entries[: len(given)])
    claims = _Claims(entry for entry in entries[len(given) :] if entry.relevant)
    while len(given) < k and (claimed := claims.next(taken)):
        given[claimed.key] = "share"
        taken[claimed.language] += 1
    for entry in entries:
        if len(given) >= k:
            break
        given.setdefault(entry.key, "rank")
    return {entry.key: given[entry.key] for entry in entries if entry.key in given}


class _Claims:
    """Those with a claim to a share, by language, the best of each last."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._waiting: dict[str, list[tuple[int, Entry]]] = {}
        for order, entry in enumerate(entries):
            self._waiting.setdefault(entry.language, []).append((order, entry))
        for waiting in self._waiting.values():
            waiting.sort(key=lambda pair: (pair[1].own, -pair[0]))

    def next(self, taken: Counter[str]) -> Entry | None:
        """The best of the language that has fewest places, and among such languages the better one."""
        waiting = [(taken[code], of[-1][0], code) for code, of in self._waiting.items() if of]
        return self._waiting[min(waiting)[2]].pop()[1] if waiting else None
