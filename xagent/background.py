"""An event loop in a thread of its own, so that `ask` works inside and outside of asyncio."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from threading import Thread

import anyio
from anyio import CancelScope
from anyio.from_thread import BlockingPortal


async def cancelled_once(work: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run `work`, and when that is cancelled let it end in its own time.

    anyio cancels again and again, which would kill what LangGraph does to end a request to a model.
    """
    task = asyncio.create_task(work())
    try:
        await asyncio.wait([task])
    finally:
        task.cancel()
        with CancelScope(shield=True):
            await asyncio.wait([task])


class Background:
    """The loop, from when it is made until `close`."""

    def __init__(self) -> None:
        started: Future[BlockingPortal] = Future()
        # A daemon, or a program that never closes its agent would never end.
        self._thread = Thread(target=anyio.run, args=(self._serve, started), name="xagent", daemon=True)
        self._thread.start()
        self.portal = started.result()

    @staticmethod
    async def _serve(started: "Future[BlockingPortal]") -> None:
        async with BlockingPortal() as portal:
            started.set_result(portal)
            await portal.sleep_until_stopped()

    def close(self) -> None:
        """Let what runs come to its end, then stop."""
        self.portal.call(self.portal.stop)
        self._thread.join()
