"""The Python API: ask questions of a store, and fill it."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, Self

import anyio
from anyio.from_thread import BlockingPortal
from langchain_core.runnables import RunnableConfig

from xagent.answer import Answer, make_answer
from xagent.context import Context
from xagent.ingest import IngestProgress, IngestReport, ingest
from xagent.languages import detect
from xagent.languages import language as known_language
from xagent.question import checked
from xagent.registry import load_graph
from xagent.retrieval import Hit, search
from xagent.settings import Settings
from xagent.state import Input, State
from xagent.store import Store

# Far above what any graph here needs; LangGraph's own default lets a loop run for thousands of steps.
_LIMIT = RunnableConfig(recursion_limit=30)


@dataclass(frozen=True, slots=True)
class Stage:
    """A node of the graph has finished."""

    node: str
    milliseconds: float
    update: dict[str, Any]
    """The fields of `xagent.state.State` it set."""


class Agent:
    """Ask in any language over the documents of one store.

    >>> with Agent(store="my-store") as agent:
    ...     agent.ingest(["docs/"])
    ...     print(agent.ask("Wann wurde die Brücke gebaut?").text)

    One agent may be used from several threads and from asyncio at once. What is not given
    comes from `XAGENT_*` variables. Raises UnknownName for a graph that does not exist; the
    store is opened when it is first needed.
    """

    def __init__(
        self,
        store: str | Path | None = None,
        graph: str | None = None,
        *,
        embedder: str | None = None,
        embedder_url: str | None = None,
        embedder_key: str | None = None,
        languages: Collection[str] = (),
        k: int = Context.k,
    ) -> None:
        settings = Settings()
        self.graph = graph or settings.graph
        self._compiled = load_graph(self.graph)
        self.context = Context(
            store=str(store or settings.store),
            embedder=embedder if embedder is not None else settings.embedder,
            embedder_url=embedder_url if embedder_url is not None else settings.embedder_url,
            embedder_key=embedder_key if embedder_key is not None else settings.embedder_key,
            languages=tuple(known_language(code).code for code in languages),
            k=k,
        )
        self._lock = Lock()
        self._background: _Background | None = None

    @property
    def store(self) -> Store:
        """The open store. Raises StoreMissing when nothing has been ingested yet, and other StoreErrors."""
        with self._lock:
            return self.context.opened

    def ask(self, question: str, *, language: str = "", conversation: Collection[str] = ()) -> Answer:
        """Answer a question, in `language` or in its own.

        `conversation` names languages spoken so far, the latest first: evidence for what
        language a short question is in. Raises EmptyQuestion, QuestionTooLong, UnknownLanguage,
        StoreError and EndpointError; an error is never returned as an answer.
        """
        return self._loop().call(lambda: self.aask(question, language=language, conversation=conversation))

    async def aask(self, question: str, *, language: str = "", conversation: Collection[str] = ()) -> Answer:
        """`ask`, for asyncio."""
        events = self.astream(question, language=language, conversation=conversation)
        answers = [event async for event in events if isinstance(event, Answer)]
        return answers[0]

    def stream(
        self, question: str, *, language: str = "", conversation: Collection[str] = ()
    ) -> Iterator[Stage | Answer]:
        """A Stage as each node finishes, and the Answer last. Raises as `ask` does."""
        events: SimpleQueue[Stage | Answer | BaseException | None] = SimpleQueue()

        async def pump() -> None:
            try:
                async for event in self.astream(question, language=language, conversation=conversation):
                    events.put(event)
                events.put(None)
            except BaseException as error:  # handed to the caller's thread, which raises it
                events.put(error)
                raise

        running: Future[None] = self._loop().start_task_soon(pump)
        try:
            while (event := events.get()) is not None:
                if isinstance(event, BaseException):
                    raise event
                yield event
        finally:
            running.cancel()

    async def astream(
        self, question: str, *, language: str = "", conversation: Collection[str] = ()
    ) -> AsyncIterator[Stage | Answer]:
        """`stream`, for asyncio."""
        if language:
            known_language(language)  # refused here when there is none, before anything is done
        asked = Input(checked(question), language)
        await asyncio.to_thread(lambda: self.store)
        context = self.context.but(conversation=tuple(conversation))
        timer = _Timer()
        state = State(question=asked.question)
        async for part in self._compiled.astream(
            asked, _LIMIT, context=context, stream_mode=["tasks", "values"], version="v2"
        ):
            if part["type"] == "values":
                state = part["data"]
            elif part["type"] == "tasks" and (stage := timer.stage(dict(part["data"]))):
                yield stage
        yield make_answer(state, self.graph, timer.milliseconds)

    def search(self, query: str, *, k: int = 10, languages: Collection[str] = ()) -> list[Hit]:
        """What would be retrieved for a question, best first. Raises as `ask` does."""
        text = checked(query)
        wanted = tuple(known_language(code).code for code in languages) or self.context.languages
        found = detect(text, tuple(self.store.languages()))
        return search(self.store, text, language=found.code, k=k, languages=wanted)

    def ingest(
        self,
        paths: Iterable[str | Path],
        *,
        root: Path | None = None,
        prune: bool = False,
        wait: float = 0,
        progress: Callable[[IngestProgress], None] = lambda _: None,
    ) -> IngestReport:
        """Bring the store up to date with files, folders and globs; see `xagent.ingest.ingest`.

        Makes the store when there is none.
        """
        with self._lock:
            if "opened" not in self.context.__dict__:
                self.context.__dict__["opened"] = Store.create(
                    Path(self.context.store),
                    self.context.embedder,
                    self.context.embedder_url,
                    self.context.embedder_key,
                )
        return ingest(self.store, paths, root=root, prune=prune, wait=wait, progress=progress)

    def close(self) -> None:
        """Let questions that other threads asked be answered, then close the store.

        The agent opens it again when it is used again.
        """
        with self._lock:
            # Closed outside of the lock: questions being answered need it to reach the store.
            background, self._background = self._background, None
            context, self.context = self.context, dataclasses.replace(self.context)
        if background:
            background.close()
        context.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _loop(self) -> BlockingPortal:
        with self._lock:
            self._background = self._background or _Background()
            return self._background.portal


class _Background:
    """An event loop in a thread of its own, so that `ask` works inside and outside of asyncio."""

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


class _Timer:
    """Milliseconds by node, from LangGraph's events of tasks that begin and end."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}
        self._begun: dict[str, float] = {}

    def stage(self, event: dict[str, Any]) -> Stage | None:
        """Note an event; a Stage when it is the end of one."""
        if "result" not in event:
            self._begun[event["id"]] = time.perf_counter()
            return None
        spent = round((time.perf_counter() - self._begun[event["id"]]) * 1000, 2)
        self.milliseconds[event["name"]] = self.milliseconds.get(event["name"], 0) + spent
        return Stage(event["name"], spent, dict(event["result"] or {}))
