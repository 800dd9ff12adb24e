"""What one question may cost in calls, tokens and seconds; a request that might exceed it is not sent."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from xagent.errors import BudgetSpent

# A byte-level vocabulary has no token shorter than a byte, and a chat template adds a few a message.
TEMPLATE_TOKENS = 64

KEPT_CALLS = 2
"""Calls that are left to answer and verify."""


@dataclass
class Call:
    """One request to a model, as it turned out."""

    step: str
    """The prompt that was sent."""
    milliseconds: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    set_aside: int = 0
    """Tokens it might still come to; 0 when it has ended."""
    messages: tuple[tuple[str, str], ...] = ()
    """What was sent: roles and texts."""
    reply: str = ""
    """What came back, as far as it did."""

    @property
    def tokens(self) -> int:
        """What it counts as."""
        return max(self.set_aside, self.prompt_tokens + self.completion_tokens)


@dataclass
class Budget:
    """Limits, and what has been spent of them. The seconds run from when it is made, but while it waits."""

    calls: int
    tokens: int
    """In and out together."""
    seconds: float
    spent: list[Call] = field(default_factory=list)
    """Every request sent, those that failed too."""
    waited: float = 0.0
    """Seconds of waiting for other questions."""
    _began: float = field(default_factory=time.monotonic)
    _kept: tuple[int, int] = (0, 0)
    _limits: list[asyncio.Timeout] = field(default_factory=list)
    _waiting: int = 0  # requests that do
    _stopped: float = 0.0
    _due: list[tuple[asyncio.Timeout, float | None]] = field(default_factory=list)

    @property
    def calls_left(self) -> int:
        """Requests that may still be sent."""
        return self.calls - len(self.spent)

    @property
    def seconds_left(self) -> float:
        """Until the question must be answered with what there is."""
        return self.seconds + self.waited - (time.monotonic() - self._began)

    @property
    def tokens_left(self) -> int:
        """Neither used nor set aside for requests under way."""
        return self.tokens - sum(call.tokens for call in self.spent)

    @asynccontextmanager
    async def aside(self, seconds: float, what: str) -> AsyncIterator[None]:
        """A step before the answer: it leaves calls, half of the tokens and half of the time to what follows.

        Raises BudgetSpent, which says `what` took too long, when it takes more than that or than `seconds`.
        """
        before, self._kept = self._kept, (KEPT_CALLS, self.tokens_left // 2)
        try:
            async with self._limited(min(seconds, self.seconds_left / 2)):
                yield
        except TimeoutError as error:
            raise BudgetSpent(f"{what} took too long") from error
        finally:
            self._kept = before

    @asynccontextmanager
    async def in_time(self) -> AsyncIterator[None]:
        """What is cut off when the question's time is up. Raises BudgetSpent then."""
        try:
            async with self._limited(self.seconds_left) as limit:
                yield
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise self._late() from error

    @asynccontextmanager
    async def _limited(self, seconds: float) -> AsyncIterator[asyncio.Timeout]:
        async with asyncio.timeout(seconds) as limit:
            self._limits.append(limit)
            try:
                yield limit
            finally:
                self._limits.remove(limit)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """What does not count: the question waits for its turn among others. No limit runs out meanwhile."""
        if not self._waiting:
            self._stop()
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._go_on()

    def _stop(self) -> None:
        self._stopped = time.monotonic()
        self._due = [(limit, limit.when()) for limit in self._limits if not limit.expired()]
        for limit, _ in self._due:
            limit.reschedule(None)

    def _go_on(self) -> None:
        passed = time.monotonic() - self._stopped
        self.waited += passed
        for limit, when in self._due:
            if limit in self._limits and when is not None:
                limit.reschedule(when + passed)

    def _late(self) -> BudgetSpent:
        return BudgetSpent(f"the question's {self.seconds:g} seconds are over: allow more (--max-seconds)")

    @contextmanager
    def request(self, step: str, prompt_bytes: int, max_tokens: int) -> Iterator[Call]:
        """Account for one request: its tokens are set aside until it is known what it used.

        The caller fills in the tokens; where the server does not tell, what was set aside counts as used.
        Raises BudgetSpent, before anything is sent, when the request might exceed the budget.
        """
        most = prompt_bytes + TEMPLATE_TOKENS + max_tokens
        self._admit(most)
        call = Call(step, set_aside=most)
        self.spent.append(call)
        began = time.perf_counter()
        try:
            yield call
        finally:
            call.set_aside = 0
            call.milliseconds = round((time.perf_counter() - began) * 1000, 2)
            if not call.prompt_tokens:
                call.prompt_tokens, call.completion_tokens = most - max_tokens, max_tokens

    def _admit(self, tokens: int) -> None:
        kept_calls, kept_tokens = self._kept
        if self.calls_left - kept_calls < 1:
            raise BudgetSpent(f"the question's {self.calls} model calls are spent: allow more (--max-calls)")
        if tokens > self.tokens_left - kept_tokens:
            raise BudgetSpent(f"the question's {self.tokens:,} tokens are spent: allow more (--max-tokens)")
        if self.seconds_left <= 0:
            raise self._late()
