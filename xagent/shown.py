"""The claims that the reader has before the answer is complete; none of them is ever taken back."""

from collections.abc import Callable, Sequence

from xagent.state import Claim, State
from xagent.statements import between, is_confused, marked


class Shown:
    """Verified claims on their way to the reader, in order: from the first that must wait, all wait.

    What waits is in the wrong language, or one side of a dispute.
    """

    def __init__(self, state: State, write: Callable[[object], None]) -> None:
        self.claims: list[Claim] = []
        self._language = state.answer_language
        self._script = state.script
        self._write = write
        self._waiting = False

    def add(self, verified: Sequence[Claim]) -> None:
        """Show what can be of the claims verified so far: those before, and more."""
        for claim in verified[len(self.claims) :]:
            self._waiting = self._waiting or claim.disputed or self._confused(claim)
            if self._waiting:
                return
            self.claims.append(claim)
            space = between(self._language) if len(self.claims) > 1 else ""
            self._write({"statement": space + marked(self.claims)[-1]})

    def _confused(self, claim: Claim) -> bool:
        return is_confused(claim, self._language, self._script)
