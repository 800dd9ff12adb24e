"""How are many things done at once, with few of them in memory?"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


async def at_once(items: Iterator[T], most: int, work: Callable[[T], Awaitable[None]]) -> None:
    """Do the work on so many items at once, reading the next when one is done. Raises what fails first."""

    async def worker() -> None:
        for item in items:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(most):
                group.create_task(worker())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
