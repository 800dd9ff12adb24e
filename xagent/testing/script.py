"""A fake model that says what a test has written down, in order."""

from collections.abc import Collection, Iterable, Sequence
from threading import Lock
from types import TracebackType

from xagent.testing.faults import Fault, FaultKind
from xagent.testing.model_server import ModelServer
from xagent.testing.request import Reply, Request

Line = Reply | tuple[str, Reply]
"""A reply, or the name of the reply that has to be asked for, with it."""


class ScriptedModel(ModelServer):
    """A `ModelServer` that gives these replies, one a request, and fails the test that goes another way.

    >>> script = [("Draft", {"claims": []}), ("Entailment", {"verdicts": []})]
    >>> with ScriptedModel(script) as model:
    ...     ask_your_agent(model.url)

    A request beyond the script, or for a reply of another name, gets status 500, and leaving `with` raises
    AssertionError; so it does when replies are left over, unless another error is on its way. A request that
    gets an error instead of a reply, by a fault or by `refuses`, uses no line up.
    """

    def __init__(
        self,
        replies: Iterable[Line],
        *,
        faults: Iterable[Fault | FaultKind] = (),
        seed: int = 0,
        think: str = "",
        refuses: Collection[str] = (),
        delay: float = 0.0,
    ) -> None:
        super().__init__(self._next, faults=faults, seed=seed, think=think, refuses=refuses, delay=delay)
        self._left: list[Line] = list(replies)
        self._lock = Lock()

    @property
    def left(self) -> Sequence[Line]:
        """The replies that have not been asked for yet."""
        return tuple(self._left)

    def _next(self, request: Request) -> Reply:
        with self._lock:
            asked = request.schema or "no name"
            assert self._left, f"a request for {asked} when the script was used up"
            wanted, reply = _parts(self._left[0])
            assert wanted in ("", request.schema), f"a request for {asked} where the script has {wanted}"
            del self._left[0]
            return reply

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        if error is None:
            unexpected = [request.error for request in self.requests if request.error]
            assert not unexpected, f"not in the script: {'; '.join(unexpected)}"
            assert not self._left, (
                f"{len(self._left)} replies were not asked for, the first: {self._left[0]!r}"
            )


def _parts(line: Line) -> tuple[str, Reply]:
    return line if isinstance(line, tuple) else ("", line)
