"""A model behind any OpenAI-compatible `/v1/embeddings`: vLLM, llama.cpp's server, Ollama, hosted APIs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, TypeVar
from weakref import finalize

from xagent.embedding_client import EmbeddingClient
from xagent.errors import EndpointError
from xagent.model_embedder import Batch, ModelEmbedder

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

    from xagent.background import Background

T = TypeVar("T")


class EndpointEmbedder(ModelEmbedder):
    """The model of that name at `url`, asked for `batch` texts a request, `concurrency` requests at once.

    Raises EndpointError when the server cannot be reached or replies with something else
    than one vector of the same size for each text.
    """

    def __init__(
        self,
        model: str,
        url: str,
        api_key: str = "none",
        dimension: int = 0,
        *,
        batch: int = 64,
        concurrency: int = 8,
    ) -> None:
        super().__init__(model, model, dimension)
        self.url = url
        self.batch = batch
        self._line = _Line(partial(EmbeddingClient, model, url, api_key, concurrency, True))
        # Whoever forgets an embedder need not know that it has a thread.
        finalize(self, self._line.close_soon).atexit = False
        self._maximum: int | None = None
        self._deliveries: set[Future[None]] = set()

    @property
    def maximum(self) -> int:
        """Tokens that the model reads: what is known of it, and less where its server is set to less."""
        if self._maximum is None:
            with self._errors():
                told = self._run(lambda: self._line.client().maximum())
            self._maximum = min(filter(None, (told, self.card.maximum)), default=0)
        return self._maximum

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """By the server's tokenizer, else by what it says that embedding each took, else estimates."""
        with self._errors():
            return self._run(lambda: self._all_counted(texts))

    async def _all_counted(self, texts: Sequence[str]) -> list[int]:
        return await asyncio.gather(*(self._counted(text) for text in texts))

    async def _counted(self, text: str) -> int:
        tokens = await self._line.client().count(text) or (await self._line.client().embed([text])).tokens
        self._learn(text, tokens)
        return tokens or self.meter.estimate(text)

    def _learn(self, text: str, tokens: int) -> None:
        if tokens:
            self.meter.learn(text, tokens)
        else:
            self.meter.estimates = True

    def _encode(self, sent: Sequence[str], measured: bool) -> Generator[Batch, None, None]:
        maximum = self.maximum if measured else 0
        ready: SimpleQueue[Batch | BaseException | None] = SimpleQueue()
        with self._errors():
            portal = self._line.portal()
            running = portal.start_task_soon(self._deliver, sent, maximum, ready)
            self._deliveries.add(running)
            try:
                while (batch := ready.get()) is not None:
                    if isinstance(batch, BaseException):
                        raise batch
                    yield batch
            finally:
                # Whoever stops reading, or presses Ctrl-C, ends the requests under way.
                running.cancel()
                self._deliveries.discard(running)

    def interrupt(self) -> None:
        """End the requests under way, in whatever thread they are waited for."""
        for running in list(self._deliveries):
            running.cancel()

    async def _deliver(
        self, sent: Sequence[str], maximum: int, ready: "SimpleQueue[Batch | BaseException | None]"
    ) -> None:
        try:
            known = self.meter.samples(sent, maximum)
            await self._alone(sent, known, maximum, ready)
            suspects = sorted(set(self.meter.suspects(sent, maximum)) - set(known))
            apart = {*known, *suspects}
            together = [row for row in range(len(sent)) if row not in apart]
            parts = [together[i : i + self.batch] for i in range(0, len(together), self.batch)]
            async with _together() as start:
                start(self._alone(sent, suspects, maximum, ready))
                for part in parts:
                    start(self._part(sent, part, ready))
            ready.put(None)
        except BaseException as error:
            ready.put(error)
            if not isinstance(error, Exception):
                raise

    async def _part(
        self, sent: Sequence[str], rows: Sequence[int], ready: "SimpleQueue[Batch | BaseException | None]"
    ) -> None:
        reply = await self._line.client().embed([sent[row] for row in rows])
        ready.put(Batch(rows, reply.vectors, reply.cut))

    async def _alone(
        self,
        sent: Sequence[str],
        rows: Sequence[int],
        maximum: int,
        ready: "SimpleQueue[Batch | BaseException | None]",
    ) -> None:
        """Texts that may be too long."""
        async with _together() as start:
            for row in rows:
                start(self._one(sent, row, maximum, ready))

    async def _one(
        self, sent: Sequence[str], row: int, maximum: int, ready: "SimpleQueue[Batch | BaseException | None]"
    ) -> None:
        counted = await self._line.client().count(sent[row])
        reply = await self._line.client().embed([sent[row]])
        # What the server cuts, it counts as the maximum.
        tokens = counted or reply.tokens + (reply.tokens == maximum)
        self._learn(sent[row], tokens)
        tokens = tokens or self.meter.estimate(sent[row])
        ready.put(Batch([row], reply.vectors, [reply.cut[0] or tokens > maximum]))

    def _run(self, work: Callable[[], Coroutine[None, None, T]]) -> T:
        running = self._line.portal().start_task_soon(work)
        try:
            return running.result()
        finally:
            running.cancel()

    def _wrong(self, what: str) -> EndpointError:
        return EndpointError(f"{self.url} did not reply with embeddings: {_one_line(what)}")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        import openai

        try:
            yield
        except openai.APIStatusError as error:
            raise EndpointError(
                f"the embedder at {self.url} refused ({error.status_code}): {_one_line(error.message)}"
            ) from error
        except openai.APIResponseValidationError as error:
            raise self._wrong(error.message) from error
        except openai.APITimeoutError as error:
            raise EndpointError(
                f"the embedder at {self.url} takes over a minute for {self.batch} texts: is it on a CPU?"
            ) from error
        except openai.OpenAIError as error:
            raise EndpointError(
                f"no embedder answers at {self.url}; start one, or check XAGENT_EMBEDDER_URL"
            ) from error
        except (ValueError, TypeError, AttributeError) as error:
            raise self._wrong(str(error)) from error

    def close(self) -> None:
        """End the connections, and the thread that serves them."""
        super().close()
        self._line.close()


class _Line:
    """A client, and the event loop in a thread of its own that it lives in; both begin when first used."""

    def __init__(self, make: Callable[[], EmbeddingClient]) -> None:
        self._make = make
        self._lock = Lock()
        self._background: Background | None = None
        self._client: EmbeddingClient | None = None

    def portal(self) -> "BlockingPortal":
        """The way into the loop."""
        # Importing anyio takes time that commands without an embedder need not spend.
        from xagent.background import Background

        with self._lock:
            if self._background is None:
                self._background = Background()
            return self._background.portal

    def client(self) -> EmbeddingClient:
        """Called within the loop, where alone it may be made."""
        if self._client is None:
            self._client = self._make()
        return self._client

    def close(self) -> None:
        with self._lock:
            background, self._background = self._background, None
            client, self._client = self._client, None
        if background is not None:
            if client is not None:
                background.portal.call(client.close)
            background.close()

    def close_soon(self) -> None:
        """From any thread, also the loop's own."""
        if self._background is not None:
            Thread(target=self.close, daemon=True).start()


@asynccontextmanager
async def _together() -> AsyncIterator[Callable[[Coroutine[None, None, None]], object]]:
    """Run what is started to its end, or until one fails: its error is raised, and the others end."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group.create_task
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


def _one_line(message: object) -> str:
    return " ".join(str(message).split())[:200]
