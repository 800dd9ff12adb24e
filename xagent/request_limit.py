"""How many requests a server is sent at once: as many as it takes, fewer once it says that this was too many.

Additive increase, multiplicative decrease (Chiu and Jain 1989), for one event loop.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

_CALM = 16  # requests that go well before one more is tried


class RequestLimit:
    """At most `most` requests at once, and half as many after each that the server was too busy for."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.allowed = most
        self._running = 0
        self._calm = 0
        self._halved = 0.0
        self._closed_until = 0.0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[float]:
        """Wait for one's turn; gives the time at which it came."""
        await self._enter()
        try:
            yield monotonic()
        finally:
            self._running -= 1
            async with self._changed:
                self._changed.notify_all()

    async def _enter(self) -> None:
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._running < self.allowed)
                pause = self._closed_until - monotonic()
                if pause <= 0:
                    self._running += 1
                    return
            await asyncio.sleep(pause)

    def went_well(self) -> None:
        """The server took a request."""
        self._calm += 1
        if self._calm >= _CALM and self.allowed < self.most:
            self._calm, self.allowed = 0, self.allowed + 1

    def was_busy(self, began: float, pause: float) -> None:
        """The server was too busy for a request that began then; it is let be for `pause` seconds."""
        self._calm = 0
        self._closed_until = max(self._closed_until, monotonic() + pause)
        # Of the many that are refused together, one counts.
        if began >= self._halved:
            self._halved, self.allowed = monotonic(), max(1, self.allowed // 2)
