"""Requests to `/v1/embeddings`: repeated when the server is busy, made smaller when it takes less at once."""

import asyncio
import binascii
import json
import random
import re
from collections.abc import Sequence
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import httpx2
import numpy as np

from xagent.embeddings import Vectors
from xagent.request_limit import RequestLimit

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

BUSY = (429, 503)
TRANSIENT = (408, 409, 500, 502, 504)
TOO_MUCH = (400, 413, 422, 500)
"""Statuses with which servers refuse a text that is too long, or too many texts: llama.cpp says 500."""

_TRIES = 3
_TRIES_WHEN_BUSY = 8
_LONGEST_PAUSE = 60.0
_TOO_LONG = re.compile(r"too (?:long|large)|maximum|exceed|context|max_?len|length", re.IGNORECASE)
_UNKNOWN_FIELD = re.compile(
    r"truncat|unrecogni|unknown|unexpected|extra|not permitted|unsupported|not support"
)


class Reply(NamedTuple):
    """Vectors in the order of the texts, the tokens the server counted (0: none told), and what was cut."""

    vectors: Vectors
    tokens: int
    cut: list[bool]


class EmbeddingClient:
    """One server and model. Raises openai.OpenAIError, and ValueError for a reply that is none.

    Made and used in one event loop. With `truncates`, the server is asked to cut what is too long itself.
    """

    def __init__(self, model: str, url: str, key: str, concurrency: int, truncates: bool) -> None:
        self.model, self.url, self._key = model, url, key
        self.truncates = truncates
        self.limit = RequestLimit(concurrency)
        self._tokenizes = True
        self._most = 0

    @cached_property
    def _openai(self) -> "AsyncOpenAI":
        # Not part of start-up: importing openai takes over a second.
        import openai

        return openai.AsyncOpenAI(base_url=self.url, api_key=self._key, timeout=60, max_retries=0)

    @cached_property
    def _plain(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(headers={"Authorization": f"Bearer {self._key}"}, timeout=30)

    async def embed(self, texts: Sequence[str]) -> Reply:
        """The vectors of these texts, in as few requests as the server takes."""
        import openai

        if 0 < self._most < len(texts):
            return await self._halves(texts)
        truncates = self.truncates
        try:
            return _read(await self._patiently(texts), len(texts))
        except openai.APIStatusError as error:
            if error.status_code not in TOO_MUCH or _is_a_crash(error):
                raise
            if truncates and _UNKNOWN_FIELD.search(error.message.lower()):
                self.truncates = False  # perhaps not the first to learn it: others were under way
                return await self.embed(texts)
            return await self._smaller(texts, error)

    async def _smaller(self, texts: Sequence[str], error: "APIStatusError") -> Reply:
        if len(texts) > 1:
            if "batch size" in error.message.lower():
                self._most = max(1, len(texts) // 2)
            return await self._halves(texts)
        (text,) = texts
        if len(text) < 2 or not _TOO_LONG.search(error.message):
            raise error
        shorter = await self.embed([text[: len(text) * 4 // 5]])
        return shorter._replace(cut=[True])

    async def _halves(self, texts: Sequence[str]) -> Reply:
        half = len(texts) // 2
        first, second = await self.embed(texts[:half]), await self.embed(texts[half:])
        vectors = np.concatenate([first.vectors, second.vectors])
        return Reply(vectors, first.tokens + second.tokens, first.cut + second.cut)

    async def _patiently(self, texts: Sequence[str]) -> bytes:
        """Ask until there is a reply, or an error that will not pass."""
        import openai

        tries = 0
        while True:
            async with self.limit.slot() as began:
                try:
                    reply = await self._create(texts)
                    self.limit.went_well()
                    return reply
                except openai.APIConnectionError:
                    pause = _pause(tries, _TRIES)
                    if pause is None:
                        raise
                except openai.APIStatusError as error:
                    busy = error.status_code in BUSY
                    pause = _pause_after(error, tries)
                    if pause is None:
                        raise
                    if busy:
                        self.limit.was_busy(began, pause)
            tries += 1
            await asyncio.sleep(pause)

    async def _create(self, texts: Sequence[str]) -> bytes:
        asked: dict[str, object] = {"model": self.model, "input": list(texts), "encoding_format": "base64"}
        if self.truncates:
            asked["truncate_prompt_tokens"] = -1
        # `embeddings.create` makes a Python object of each number: more work than all the rest here.
        return await self._openai.post("/embeddings", cast_to=bytes, body=asked)

    async def count(self, text: str) -> int:
        """The tokens of a text by the server's tokenizer, as vLLM and llama.cpp tell them; 0 without one."""
        if not self._tokenizes:
            return 0
        asked = {"model": self.model, "prompt": text, "content": text, "add_special": True}
        try:
            async with self.limit.slot():
                response = await self._plain.post(f"{_root(self.url)}/tokenize", json=asked)
            if response.status_code in BUSY:
                return 0
            counted = response.raise_for_status().json()
            return int(counted.get("count") or len(counted["tokens"]))
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError, TypeError, AttributeError):
            self._tokenizes = False
            return 0

    async def maximum(self) -> int:
        """The longest text in tokens, as vLLM tells it among its models; 0 when the server does not."""
        try:
            listed = await self._plain.get(f"{self.url.rstrip('/')}/models")
            models = listed.raise_for_status().json()["data"]
            lengths = [int(m.get("max_model_len") or 0) for m in models if m.get("id") == self.model]
            return max(lengths, default=0)
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError, TypeError, AttributeError):
            return 0

    async def close(self) -> None:
        """Close all connections."""
        await self._openai.close()
        await self._plain.aclose()


def _pause(tries: int, most: int) -> float | None:
    """Seconds until the next try, by chance a little more or less; None when it was the last."""
    return None if tries + 1 >= most else min(_LONGEST_PAUSE, 0.25 * 2**tries) * random.uniform(0.75, 1.25)


def _pause_after(error: "APIStatusError", tries: int) -> float | None:
    if error.status_code in BUSY:
        pause = _pause(tries, _TRIES_WHEN_BUSY)
        return pause if pause is None else max(pause, _told(error))
    # A text that is too long will not become shorter.
    passes = error.status_code in TRANSIENT and (error.status_code != 500 or _is_a_crash(error))
    return _pause(tries, _TRIES) if passes else None


def _is_a_crash(error: "APIStatusError") -> bool:
    """A 500 that is not llama.cpp's way to say that a text is too long."""
    return error.status_code == 500 and not _TOO_LONG.search(error.message)


def _told(error: "APIStatusError") -> float:
    """The seconds of a Retry-After; 0 when there is none that can be read."""
    try:
        return min(_LONGEST_PAUSE, max(0.0, float(error.response.headers.get("retry-after", "0"))))
    except ValueError:
        return 0.0


def _read(reply: bytes, texts: int) -> Reply:
    """What the server replied to that many texts; raises ValueError when it is nothing of the kind."""
    try:
        told = json.loads(reply)
        rows = [item["embedding"] for item in sorted(told["data"], key=itemgetter("index"))]
        vectors = np.array([_numbers(row) for row in rows], dtype=np.float32)
        return Reply(vectors, _tokens(told), [False] * texts)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no embeddings in {reply[:100]!r}") from error


def _numbers(row: str | list[float]) -> Vectors:
    """One vector; not every server knows base64, and those that do not ignore that they were asked for it."""
    if isinstance(row, str):
        return np.frombuffer(binascii.a2b_base64(row), dtype="<f4")
    return np.array(row, dtype=np.float32)


def _tokens(told: dict[str, dict[str, int] | None]) -> int:
    # Not every server says.
    return int((told.get("usage") or {}).get("prompt_tokens") or 0)


def _root(url: str) -> str:
    return url.rstrip("/").removesuffix("/v1")
