"""The clients of a model's server, one an event loop, and how many requests each sends at once."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

import httpx2
import openai
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from xagent.budget import Budget
from xagent.replicas import Replicas, base_urls, is_local

PATIENCE = 60.0
"""Seconds without a byte."""

_TO_CONNECT = 3.0  # seconds that one of several servers may take to be reached
_IDLE = 2.0  # seconds that a connection is kept for another request: servers close theirs after five


class Connections:
    """To a model called `name` at an OpenAI-compatible `url`, or at several with commas.

    Unless there is a `limit`, any number of requests are under way at once, each with a connection of its
    own, for one that is kept would outlive its event loop.
    """

    def __init__(self, url: str, name: str, key: str, seed: int) -> None:
        self._urls = base_urls(url)
        self._name, self._key, self._seed = name, key, seed
        self._most = 0
        self._tls = httpx2.create_ssl_context()  # reads files: not in an event loop
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, ChatOpenAI] = WeakKeyDictionary()
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    def limit(self, most: int) -> None:
        """Have so many requests under way at once in an event loop, and others wait for their turn.

        Said before the first. Connections are then kept for the next request, until `aclose`.
        """
        self._most = most

    def chat(self) -> ChatOpenAI:
        """The client of the event loop that runs: connections belong to the loop that opened them."""
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients[loop] = self._new_client()
        return self._clients[loop]

    def openai(self) -> openai.AsyncOpenAI:
        """OpenAI's own client of the event loop that runs, for what is not chat."""
        client: openai.AsyncOpenAI = self.chat().root_async_client
        return client

    @asynccontextmanager
    async def turn(self, budget: Budget) -> AsyncIterator[None]:
        """That of a request, from before it is sent; to wait for it does not count as the question's time."""
        new = asyncio.Semaphore(self._most or sys.maxsize)
        turns = self._turns.setdefault(asyncio.get_running_loop(), new)
        with budget.waiting():
            await turns.acquire()
        try:
            yield
        finally:
            turns.release()

    async def aclose(self) -> None:
        """Close the connections of the event loop that runs."""
        if client := self._clients.pop(asyncio.get_running_loop(), None):
            await client.root_async_client.close()

    def _new_client(self) -> ChatOpenAI:
        return ChatOpenAI(
            http_async_client=self._new_connections(),
            http_socket_options=(),  # or it warns, where there is a proxy, of the client that is not used
            openai_proxy=None,  # of the environment's, which does not go with a client of our own
            base_url=self._urls[0],
            api_key=SecretStr(self._key or "none"),
            model=self._name,
            temperature=0,
            seed=self._seed,
            timeout=PATIENCE,
            max_retries=0,  # each request is counted, so each is sent by its model
            stream_usage=True,
            stream_chunk_timeout=None,
            use_responses_api=False,  # some names would switch to it
        )

    def _new_connections(self) -> httpx2.AsyncClient:
        limits = httpx2.Limits(max_keepalive_connections=self._most, keepalive_expiry=_IDLE)
        if len(self._urls) == 1:
            local = is_local(self._urls[0])
            return httpx2.AsyncClient(verify=self._tls, limits=limits, timeout=PATIENCE, trust_env=not local)
        transport = Replicas(self._urls, httpx2.AsyncHTTPTransport(verify=self._tls, limits=limits))
        return httpx2.AsyncClient(transport=transport, timeout=httpx2.Timeout(PATIENCE, connect=_TO_CONNECT))
