"""Which process asks a sample? This one, or one of several: Python runs on one core a process.

What LangGraph, the client and the checks of an answer take is some milliseconds of processor time a model
call. One process that asks a fast server is busy before the server is.
"""

import asyncio
import gc
import os
import signal
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from typing import TypeAlias

from xagent.agent import Agent
from xagent.background import Background
from xagent.context import Context
from xagent.embedded import is_file, serve
from xagent.errors import XagentError
from xagent.evaluation.asking import Task, ask
from xagent.evaluation.records import Record

WORTH_IT = 200
"""Samples to ask for which a process more is started: that takes seconds, and hundreds of megabytes."""

_MOST = 4  # processes, unless more are asked for

Ask: TypeAlias = Callable[[Task], Awaitable[Record]]
Reply: TypeAlias = tuple[str, Record | Exception]
"""The key of a task, and what came of it."""


def processes_for(asked: int, samples: int, concurrency: int) -> int:
    """How many processes ask so many samples: as many as are asked for; for 0, as many as are worth it."""
    worth = min(os.cpu_count() or 1, _MOST, 1 + samples // WORTH_IT)
    return max(1, min(asked or worth, concurrency, samples))


@asynccontextmanager
async def workers(agent: Agent, count: int) -> AsyncIterator[Ask]:
    """What asks a sample: the agent itself, or so many processes that each have one like it.

    The processes share the agent's `concurrency`, and end with the context, or with this process. Raises
    XagentError when one of them ends before that.
    """
    if count == 1:
        yield lambda task: ask(agent, *task)
        return
    context = replace(_served(agent.context), concurrency=agent.context.concurrency // count)
    started = [_Worker(agent.graph, context) for _ in range(count)]
    try:
        yield lambda task: min(started, key=lambda worker: len(worker.waiting)).ask(task)
    finally:
        for worker in started:
            worker.end()


def _served(context: Context) -> Context:
    """With the address at which this process serves a model that is a file: one server is enough."""
    if context.model_url or not is_file(context.model_name):
        return context
    return replace(context, model_url=serve(context.model_name), model_name=Path(context.model_name).name)


class _Worker:
    """A process that asks, and what was asked of it and is not answered yet."""

    def __init__(self, graph: str, context: Context) -> None:
        spawning = get_context("spawn")  # a fork would have the locks of our threads, without the threads
        self._pipe, theirs = spawning.Pipe()
        self._process = spawning.Process(target=_work, args=(theirs, graph, context), daemon=True)
        self._process.start()
        theirs.close()
        self.waiting: dict[str, asyncio.Future[Record]] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._pipe.fileno(), self._receive)

    async def ask(self, task: Task) -> Record:
        """What came of it. Raises what the process did, and XagentError when it ended."""
        answered: asyncio.Future[Record] = self._loop.create_future()
        self.waiting[task.key] = answered
        try:
            self._pipe.send(task)
        except OSError:
            self._lost()
        return await answered

    def _receive(self) -> None:
        try:
            key, reply = self._pipe.recv()
        except (EOFError, OSError):
            self._loop.remove_reader(self._pipe.fileno())
            self._lost()
            return
        answered = self.waiting.pop(key)
        if answered.cancelled():
            return
        if isinstance(reply, Record):
            answered.set_result(reply)
        else:
            answered.set_exception(reply)

    def _lost(self) -> None:
        said = "a process that asked samples was ended, for want of memory perhaps: run again to go on"
        for answered in self.waiting.values():
            if not answered.done():
                answered.set_exception(XagentError(said))
        self.waiting.clear()

    def end(self) -> None:
        """End the process, whatever it does."""
        self._loop.remove_reader(self._pipe.fileno())
        self._pipe.close()
        self._process.terminate()
        self._process.join()


def _work(pipe: "Connection[Reply, Task]", graph: str, context: Context) -> None:
    """Ask what comes through the pipe, all of it at once, until its other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started us
    gc.set_threshold(50_000, 20, 20)  # by default a tenth of the time goes into looking for cycles
    agent = Agent("", graph)
    agent.context = context
    background, sending = Background(), Lock()

    async def answer(task: Task) -> None:
        try:
            reply: Record | Exception = await ask(agent, *task)
        except XagentError as error:
            reply = error
        except Exception as error:  # a bug: for the process that started us to end with
            told(task, RuntimeError("".join(traceback.format_exception(error))))
            raise
        told(task, reply)

    def told(task: Task, reply: Record | Exception) -> None:
        with sending:
            pipe.send((task.key, reply))

    try:
        while True:
            background.portal.start_task_soon(answer, pipe.recv())
    except (EOFError, ConnectionError):
        sys.exit()
