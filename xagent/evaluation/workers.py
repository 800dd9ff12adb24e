"""Which process asks a sample? This one, or one of several: Python runs on one core a process.

What LangGraph, the client and the checks of an answer take is some milliseconds of processor time a model
call. One process that asks a fast server is busy before the server is.
"""

import asyncio
import gc
import os
import signal
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from queue import SimpleQueue
from threading import Thread
from typing import TypeAlias

from xagent.agent import Agent
from xagent.background import Background
from xagent.context import Context
from xagent.embedded import serve
from xagent.errors import NoModel, XagentError
from xagent.evaluation.asking import Task, ask
from xagent.evaluation.records import Record

WORTH_IT = 200
"""Samples to ask for which a process more is started: that takes seconds, and hundreds of megabytes."""

_MOST = 4  # processes, unless more are asked for
_LAST_WORDS = 2.0  # seconds until it is known how a process ended

Ask: TypeAlias = Callable[[Task], Awaitable[Record]]
Reply: TypeAlias = tuple[str, Record | Exception]
"""The key of a task, and what came of it."""
Done: TypeAlias = "SimpleQueue[tuple[str, Future[Record]] | None]"
"""The same before it is sent; None when there is nobody to send it to."""


def processes_for(asked: int, samples: int, concurrency: int) -> int:
    """How many processes ask so many samples: as many as are asked for; for 0, as many as are worth it."""
    worth = min(os.cpu_count() or 1, _MOST, 1 + samples // WORTH_IT)
    return max(1, min(asked or worth, concurrency, samples))


@asynccontextmanager
async def workers(agent: Agent, count: int, concurrency: int) -> AsyncIterator[Ask]:
    """What asks a sample: the agent itself, or so many processes that each have one like it.

    Together they have `concurrency` requests to the model under way at once. The processes end with the
    context, or with this process. Raises XagentError when one of them ends before that.
    """
    if count == 1:
        _limit(agent.context, concurrency)
        try:
            yield lambda task: ask(agent, *task)
        finally:
            if agent.context.has_model:
                await agent.context.model.connections.aclose()
        return
    context, started = _served(agent.context), list[_Worker]()
    each, more = divmod(concurrency, count)
    try:
        for n in range(count):
            started.append(_Worker(agent.graph, context, each + (n < more)))
        yield lambda task: min(started, key=_Worker.load).ask(task)
    finally:
        for worker in started:
            worker.end()


def _limit(context: Context, most: int) -> None:
    if context.has_model:
        context.model.connections.limit(most)


def _served(context: Context) -> Context:
    """With what this process knows of the model: its name, and where it is served if it is a file."""
    if not context.has_model:
        return replace(context)
    url = context.model_url or serve(context.model_name)
    return replace(context, model_url=url, model_name=context.model.name)


class _Worker:
    """A process that asks, and what was asked of it and is not answered yet."""

    def __init__(self, graph: str, context: Context, most: int) -> None:
        spawning = get_context("spawn")  # a fork would have the locks of our threads, without the threads
        self._pipe, theirs = spawning.Pipe()
        self._process = spawning.Process(target=_work, args=(theirs, graph, context, most), daemon=True)
        _start(self._process)
        theirs.close()
        self._most = most
        self._waiting: dict[str, asyncio.Future[Record]] = {}
        self._ended = ""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._pipe.fileno(), self._receive)

    async def ask(self, task: Task) -> Record:
        """What came of it. Raises what the process did, and XagentError when it has ended."""
        if self._ended:
            raise XagentError(self._ended)
        answered: asyncio.Future[Record] = self._loop.create_future()
        self._waiting[task.key] = answered
        with suppress(OSError):  # it has just ended: what it replied before is read first
            self._pipe.send(task)
        return await answered

    def load(self) -> float:
        """What it has to do, of what it may do at once."""
        return len(self._waiting) / self._most

    def _receive(self) -> None:
        try:
            key, reply = self._pipe.recv()
        except (EOFError, OSError):
            self._loop.remove_reader(self._pipe.fileno())
            self._lost()
        else:
            answered = self._waiting.pop(key)
            if answered.done():
                return
            if isinstance(reply, Record):
                answered.set_result(reply)
            else:
                answered.set_exception(reply)

    def _lost(self) -> None:
        self._process.join(_LAST_WORDS)
        why = "for want of memory perhaps" if self._process.exitcode == -signal.SIGKILL else "see above"
        self._ended = f"a process that asked samples has ended, {why}: run again to go on"
        for answered in self._waiting.values():
            if not answered.done():
                answered.set_exception(XagentError(self._ended))

    def end(self) -> None:
        """End the process, whatever it does."""
        self._loop.remove_reader(self._pipe.fileno())
        self._pipe.close()
        self._process.terminate()
        self._process.join()


def _start(process: SpawnProcess) -> None:
    """Start a process that never hears of Ctrl-C, not while it imports either: that is for this one."""
    resource_tracker.ensure_running()  # else the first start does it, and lets Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(pipe: "Connection[Reply, Task]", graph: str, context: Context, most: int) -> None:
    """Ask what comes through the pipe, all of it at once, until its other end is closed."""
    gc.set_threshold(50_000, 20, 20)  # by default a tenth of the time goes into looking for cycles
    agent = Agent("", graph)
    agent.context = context
    _limit(context, most)
    # Whoever reads must never wait for who sends: the process that started us does both in one thread.
    done: Done = SimpleQueue()
    Thread(target=_read, args=(pipe, agent, done), daemon=True).start()
    with suppress(ConnectionError):
        while asked := done.get():
            key, future = asked
            pipe.send((key, _told(future)))


def _read(pipe: "Connection[Reply, Task]", agent: Agent, done: Done) -> None:
    portal = Background().portal
    with suppress(EOFError, ConnectionError):
        while True:
            task = pipe.recv()
            future = portal.start_task_soon(ask, agent, *task)
            future.add_done_callback(partial(_put, done, task.key))
    done.put(None)


def _put(done: Done, key: str, future: "Future[Record]") -> None:
    done.put((key, future))


def _told(future: "Future[Record]") -> Record | Exception:
    """What came of it: a bug as its traceback, for not every exception can be sent."""
    error = future.exception()
    if error is None:
        return future.result()
    return error if isinstance(error, NoModel) else RuntimeError("".join(traceback.format_exception(error)))
