"""The Python API: ask questions of a store, and fill it."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator
from concurrent.futures import Future
from contextlib import aclosing, asynccontextmanager
from copy import copy
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

from anyio.from_thread import BlockingPortal
from langchain_core.runnables import RunnableConfig

from xagent.answer import Answer, handing_out_calls, make_answer
from xagent.background import Background, cancelled_once
from xagent.context import Context
from xagent.conversations import Conversations, configured
from xagent.embedded import is_file
from xagent.events import Events, Stage, Started, Statement
from xagent.evidence_settings import evidence_setting, languages_searched
from xagent.generated_questions import add_questions
from xagent.ingest import IngestProgress, IngestReport, ingest
from xagent.languages import detect
from xagent.languages import language as known_language
from xagent.question import checked
from xagent.registry import load_graph
from xagent.retrieval import Found, Query, search
from xagent.settings import Settings
from xagent.state import Input, State, Turn
from xagent.store import Store
from xagent.vllm.state import key_of

if TYPE_CHECKING:
    from langchain_core.retrievers import BaseRetriever
    from langchain_core.runnables import Runnable
    from langchain_core.tools import BaseTool
    from langgraph.graph.state import CompiledStateGraph

# Far above what any graph here needs; LangGraph's own default lets a loop run for thousands of steps.
_LIMIT = 30

Event = Started | Stage | Statement | Answer


class Agent:
    """Ask in any language over the documents of one store.

    >>> with Agent(store="my-store") as agent:
    ...     agent.ingest(["docs/"])
    ...     print(agent.ask("Wann wurde die Brücke gebaut?").text)

    One agent may be used from several threads and from asyncio at once. What is not given
    comes from `XAGENT_*` variables; the graph is then `qa` where a model is configured, else
    `quote`. Raises UnknownName for a graph that does not exist; the store is opened, and the
    model asked, when they are first needed.
    """

    def __init__(
        self,
        store: str | Path | None = None,
        graph: str | None = None,
        *,
        model_url: str | None = None,
        model: str | None = None,
        api_key: str | None = None,
        embedder: str | None = None,
        embedder_url: str | None = None,
        embedder_key: str | None = None,
        languages: str | Collection[str] = (),
        k: int = Context.k,
        pivot: str = Context.pivot,
        bridge: str = Context.bridge,
        rerank: str = Context.rerank,
        glossary: str | Path | None = None,
        drafts: bool = Context.drafts,
        max_calls: int = Context.max_calls,
        max_tokens: int = Context.max_tokens,
        max_seconds: float = Context.max_seconds,
    ) -> None:
        settings = Settings()
        url, name = _given(model_url, settings.model_url), _given(model, settings.model)
        self.graph = graph or settings.graph or ("qa" if url or is_file(name) else "quote")
        self._compiled = load_graph(self.graph)
        embedder_url = _given(embedder_url, settings.embedder_url)
        self.context = Context(
            store=str(store or settings.store),
            embedder=_given(embedder, settings.embedder),
            embedder_url=embedder_url,
            embedder_key=_given(embedder_key, settings.embedder_key) or key_of(embedder_url),
            model_url=url,
            model_name=name,
            api_key=_given(api_key, settings.api_key) or key_of(url),
            languages=evidence_setting(languages),
            k=k, pivot=pivot, bridge=bridge, rerank=rerank,
            rerank_url=settings.rerank_url,
            rerank_model=settings.rerank_model,
            rerank_key=settings.rerank_key or key_of(settings.rerank_url),
            glossary=str(glossary or settings.glossary),
            drafts=drafts,
            max_calls=max_calls, max_tokens=max_tokens, max_seconds=max_seconds,
        )  # fmt: skip
        self._lock = Lock()
        self._background: Background | None = None

    def use(self, graph: str) -> None:
        """Run another graph from the next question on. Raises UnknownName."""
        self._compiled, self.graph = load_graph(graph), graph

    @property
    def store(self) -> Store:
        """The open store. Raises StoreMissing when nothing has been ingested yet, and other StoreErrors."""
        with self._lock:
            return self.context.opened

    def ask(self, question: str, *, language: str = "", conversation: str = "") -> Answer:
        """Answer a question, in `language` or in its own.

        `conversation` is the name of one that this question goes on with, or begins; it is kept in
        the store. Raises EmptyQuestion, QuestionTooLong, UnknownLanguage, StoreError and ModelError;
        an error is never returned as an answer.
        """
        return self._loop().call(lambda: self.aask(question, language=language, conversation=conversation))

    async def aask(self, question: str, *, language: str = "", conversation: str = "") -> Answer:
        """`ask`, for asyncio."""
        events = self.astream(question, language=language, conversation=conversation)
        answers = [event async for event in events if isinstance(event, Answer)]
        return answers[0]

    def stream(self, question: str, *, language: str = "", conversation: str = "") -> Iterator[Event]:
        """What happens, as it does: nodes that start and finish, statements, and the Answer last.

        To stop reading is to cancel: a request to a model that is under way ends. Raises as `ask` does.
        """
        events: SimpleQueue[Event | BaseException | None] = SimpleQueue()

        async def pump() -> None:
            try:
                stream = self.astream(question, language=language, conversation=conversation)
                async with aclosing(stream) as running:  # type: ignore[type-var]
                    async for event in running:
                        events.put(event)
                events.put(None)
            except BaseException as error:  # handed to the caller's thread, which raises it
                events.put(error)
                raise

        running: Future[None] = self._loop().start_task_soon(cancelled_once, pump)
        try:
            while (event := events.get()) is not None:
                if isinstance(event, BaseException):
                    raise event
                yield event
        finally:
            running.cancel()

    async def astream(
        self, question: str, *, language: str = "", conversation: str = ""
    ) -> AsyncIterator[Event]:
        """`stream`, for asyncio."""
        if language:
            known_language(language)  # refused here when there is none, before anything is done
        asked = Input(checked(question), language)
        await asyncio.to_thread(lambda: self.store)
        context = self.context.but()
        events, state, hits = Events(), State(question=asked.question), ()
        with handing_out_calls(context.budget):
            async with self._running(conversation) as (graph, config):
                async for part in graph.astream(
                    asked,
                    config,
                    context=context,
                    stream_mode=["tasks", "values", "custom"],
                    durability="exit" if conversation else None,
                    version="v2",
                ):
                    if part["type"] == "values":
                        state = part["data"]
                        hits = state.hits or hits
                    for event in events.of(part):
                        yield event
        yield make_answer(dataclasses.replace(state, hits=hits), self.graph, events.milliseconds, context)

    @asynccontextmanager
    async def _running(
        self, conversation: str
    ) -> AsyncIterator[tuple["CompiledStateGraph[Any, Any, Any, Any]", RunnableConfig]]:
        """The graph and how to run it: with a memory where there is a conversation."""
        config = RunnableConfig(recursion_limit=_LIMIT)
        graph = copy(self._compiled)  # its own method of that name forgets what states are made of
        if not conversation:
            graph.checkpointer = False  # that of a graph we are asked from is not ours to write to
            yield graph, config
            return
        async with self._conversations.saver() as saver:
            graph.checkpointer = saver
            yield graph, {**config, **configured(conversation)}

    @property
    def _conversations(self) -> Conversations:
        return Conversations(Path(self.context.store))

    def conversations(self) -> list[str]:
        """The names of the conversations kept in the store, the latest first."""
        return self._loop().call(self._conversations.names)

    def turns(self, conversation: str) -> tuple[Turn, ...]:
        """What was said in a conversation, in order."""
        return self._loop().call(self._conversations.turns, conversation)

    def search(self, query: str, *, k: int = 10, languages: str | Collection[str] = ()) -> Found:
        """What would be retrieved for a question, best first, and how it came about. Raises as `ask` does."""
        text, there = checked(query), tuple(self.store.languages())
        queries = (Query(text, detect(text, there).code),)
        setting = evidence_setting(languages) if languages else self.context.languages
        searched = languages_searched(setting, queries[0].language, there)
        return search(self.store, queries, k=k, languages=searched) if searched else Found((), queries)

    def as_retriever(self, *, k: int = 10, languages: str | Collection[str] = ()) -> "BaseRetriever":
        """What `search` finds, as a LangChain retriever. Raises UnknownLanguage."""
        from xagent.langchain import retriever

        return retriever(self, k, languages)

    def as_tool(
        self, *, name: str = "ask_documents", description: str = "", language: str = ""
    ) -> "BaseTool":
        """`ask` as a tool for LangChain's agents: the text with its sources, and the Answer as artifact.

        `language` is that of answers when the calling model names none. What that model can put right, it is
        told; other errors raise. Raises UnknownLanguage.
        """
        from xagent.langchain import tool

        return tool(self, name, description, language)

    def as_runnable(self) -> "Runnable[str | dict[str, str], Answer]":
        """`ask` as a step of a LangChain chain, of a question or a dict with `question` and `language`.

        The config's `thread_id` is the conversation; the events of `stream` become custom events.
        """
        from xagent.langchain import runnable

        return runnable(self)

    def ingest(
        self,
        paths: Iterable[str | Path],
        *,
        root: Path | None = None,
        prune: bool = False,
        questions: int = 0,
        wait: float = 0,
        progress: Callable[[IngestProgress], None] = lambda _: None,
    ) -> IngestReport:
        """Bring the store up to date with files, folders and globs; see `xagent.ingest.ingest`.

        Makes the store when there is none. With each passage so many `questions` are indexed that it answers,
        written by the model in the store's languages; raises NoModel when there is none.
        """
        if questions:
            _ = self.context.model  # refused here when there is none, before anything is done
        with self._lock:
            self.context.create()
        report = ingest(self.store, paths, root=root, prune=prune, wait=wait, progress=progress)
        if questions:
            add_questions(self.context, questions, self._loop(), report, wait)
        return report

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
            self._background = self._background or Background()
            return self._background.portal


def _given(argument: str | None, setting: str) -> str:
    return setting if argument is None else argument
