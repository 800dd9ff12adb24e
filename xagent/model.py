"""Any OpenAI-compatible server, asked for JSON: streamed, bounded, counted, and asked again when it errs."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from threading import Lock

import httpx2
import openai
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage

from xagent.budget import Budget, Call
from xagent.capabilities import Capabilities, capabilities
from xagent.connections import PATIENCE, Connections
from xagent.errors import BudgetSpent, EndpointError, ReplyError
from xagent.keeping import KeepTo, kept
from xagent.prompts import Prompt
from xagent.replicas import base_urls, shown
from xagent.replies import R, Reply, read
from xagent.terminal import one_line

MAX_TOKENS = 1500
"""Tokens of one reply, at most."""

TRIES = 2
"""Requests for one reply while the server is busy, failing or out of reach."""

_LONGEST_WAIT = 10.0  # seconds a server may ask us to wait before trying again
_BLANK = 200  # characters of white space in a row: constrained decoders get caught in it
_LONGEST = 16 * MAX_TOKENS  # characters: a server that heeds no limit
_COMPLAINTS = {
    "vllm_xargs": ("vllm_xargs", "xagent_"),
    "pattern": ("pattern", "regex"),
    "chat_template_kwargs": ("chat_template_kwargs", "enable_thinking"),
    "response_format": ("response_format", "json_schema", "json schema", "grammar"),
}


class _BrokenOff(Exception):
    """The server ended a reply before the model did: it is being stopped."""


_TRANSIENT = (
    _BrokenOff,
    openai.APIConnectionError,
    openai.RateLimitError,
    openai.InternalServerError,
    httpx2.TransportError,
)

_FAILURES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (openai.APITimeoutError, httpx2.TimeoutException),
        f"the model server at {{url}} did not answer in {PATIENCE:g} seconds",
    ),
    ((_BrokenOff,), "the model server at {url} broke off its reply: is it being stopped?"),
    (
        (openai.AuthenticationError, openai.PermissionDeniedError),
        "the model server at {url} refuses the key: set XAGENT_API_KEY",
    ),
    ((openai.NotFoundError,), "the server at {url} has no model {name!r}: set XAGENT_MODEL"),
    (
        (openai.APIConnectionError, httpx2.TransportError),
        "no model server answers at {url}: start one, for example with `xagent vllm`, "
        "or set XAGENT_MODEL_URL",
    ),
)
"""What is said of a failure: the first that it is counts."""

# What the client raises on a stream that is not as OpenAI's interface has it: a page of HTML, an empty one.
_NONSENSE = (httpx2.RequestError, ValueError, TypeError, AttributeError, LookupError)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A reply that is asked for: by which step, in what form, and what of it in which language."""

    step: str
    schema: type[Reply]
    keep: KeepTo | None


class Model:
    """A model called `name` at an OpenAI-compatible `url` (ending in `/v1`), or at several with commas.

    One may be shared by any number of questions at once. What the server turns out not to know
    (templates without a switch for thinking, constrained decoding) is left out from then on.
    """

    def __init__(self, url: str, name: str, key: str = "", seed: int = 7) -> None:
        self.url = shown(url)
        self.name = name
        self.connections = Connections(url, name, key, seed)
        self._find_out = partial(capabilities, ",".join(base_urls(url)), name, key)
        self._without: set[str] = set()
        self._can: Capabilities | None = None
        self._learning = Lock()

    async def reply(
        self,
        prompt: Prompt,
        schema: type[R],
        budget: Budget,
        progress: Callable[[str], None] = lambda _: None,
        keep: KeepTo | None = None,
    ) -> R:
        """What the model says to a prompt, as a `schema`; `progress` gets the text so far as it arrives.

        What `keep` names is held to its language, as far as the server can. A reply that cannot be read is
        asked for once more. Raises ReplyError, EndpointError and BudgetSpent. Cancelling the task ends the
        request.
        """
        messages: list[BaseMessage] = [SystemMessage(prompt.system), HumanMessage(prompt.user)]
        text = ""
        wanted = Wanted(prompt.name, schema, keep)
        try:
            text = await self._text(wanted, messages, budget, progress)
            return read(text, schema)
        except ReplyError as error:
            again = HumanMessage(f"{error}. Reply with the JSON object alone.")
            # Some chat templates refuse an empty message.
            messages += [AIMessage(text[:2000].encode("utf-8", "replace").decode() or "{}"), again]
        return read(await self._text(wanted, messages, budget, progress), schema)

    async def can(self) -> Capabilities:
        """What its server can do, found out when first needed."""
        if (found := self._can) is None:
            found = await asyncio.to_thread(self._learn)
        return found

    def _learn(self) -> Capabilities:
        with self._learning:
            found = self._can or self._find_out()
            if found.server:  # or it was out of reach, and may be there again for the next question
                self._can = found
            return found

    async def _text(
        self,
        wanted: Wanted,
        messages: list[BaseMessage],
        budget: Budget,
        progress: Callable[[str], None],
    ) -> str:
        """The reply as it came. Tries again where that can help."""
        failed: list[Exception] = []
        can = await self.can() if wanted.keep else None
        while True:
            try:
                body = self._body(wanted, can)
                async with self.connections.turn(budget):
                    return await self._once(wanted.step, messages, body, budget, progress)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if not self._do_without(body, f"{error} {error.body}"):
                    raise self._failure(error) from error
            except _TRANSIENT as error:
                failed.append(error)
                if len(failed) == TRIES:
                    raise self._failure(error) from error
                await asyncio.sleep(min(_wait(error), max(0.0, budget.seconds_left)))
            except BudgetSpent:
                if failed and budget.seconds_left > 0:  # More calls or tokens would not have helped.
                    raise self._failure(failed[-1]) from failed[-1]
                raise
            except (openai.OpenAIError, *_NONSENSE) as error:
                raise self._failure(error) from error

    def _body(self, wanted: Wanted, can: Capabilities | None) -> dict[str, object]:
        """What goes beyond the common interface: a schema, a language to keep to, no thinking aloud."""
        if can and self._without & {"vllm_xargs", "pattern"}:
            guided = can.guided and "vllm_xargs" not in self._without
            can = replace(can, guided=guided, patterns=can.patterns and "pattern" not in self._without)
        schema, guide = kept(_described(wanted.schema), wanted.keep, can)
        described = {"name": wanted.schema.__name__, "schema": schema}
        body: dict[str, object] = {
            "response_format": {"type": "json_schema", "json_schema": described},
            "chat_template_kwargs": {"enable_thinking": False},
            **guide,
        }
        return {key: value for key, value in body.items() if key not in self._without}

    async def _once(
        self,
        step: str,
        messages: list[BaseMessage],
        body: Mapping[str, object],
        budget: Budget,
        progress: Callable[[str], None],
    ) -> str:
        size = sum(len(str(message.content).encode()) for message in messages)
        text = ""
        with budget.request(step, size, MAX_TOKENS) as call:
            call.messages = tuple((message.type, str(message.content)) for message in messages)
            async with self._stream(messages, body, budget) as chunks:
                async for chunk in chunks:
                    text += str(chunk.text)
                    call.reply = text
                    _count(call, chunk)
                    _check(text, chunk)
                    progress(text)
        return text

    @asynccontextmanager
    async def _stream(
        self, messages: list[BaseMessage], body: Mapping[str, object], budget: Budget
    ) -> AsyncIterator[AsyncIterator[AIMessageChunk]]:
        """A stream that is closed when it is left, and cut off when the question's time is up."""
        async with budget.in_time():
            # As an argument of its own, `response_format` would be parsed in the client, which raises
            # where a reply is cut short.
            stream = self.connections.chat().astream(messages, extra_body=body, max_tokens=MAX_TOKENS)
            async with aclosing(stream) as chunks:  # type: ignore[type-var]
                yield chunks

    def _do_without(self, body: Mapping[str, object], complaint: str) -> bool:
        """Whether the server complained of what can be left out of a `body`; it is, from now on."""
        said = complaint.lower()
        # First what is asked of few replies.
        sent = ["pattern"] if '"pattern"' in json.dumps(body) else [*body]
        refused = {field for field in sent if any(sign in said for sign in _COMPLAINTS[field])}
        refused = refused or {field for field in body if any(sign in said for sign in _COMPLAINTS[field])}
        self._without |= refused
        return bool(refused)

    def _failure(self, error: Exception) -> EndpointError:
        """An error of the server's in one line that says what to do."""
        for kinds, says in _FAILURES:
            if isinstance(error, kinds):
                return EndpointError(says.format(url=self.url, name=self.name))
        if isinstance(error, openai.APIError):
            status = getattr(error, "status_code", "with an error")
            said = error.message.removeprefix(f"Error code: {status}").lstrip(" -") or str(error.body)
            return EndpointError(f"the model server at {self.url} answered {status}: {one_line(said)[:200]}")
        return EndpointError(f"what answers at {self.url} is no OpenAI-compatible server")


@cache
def _described(schema: type[R]) -> dict[str, object]:
    return schema.model_json_schema()


def _count(call: Call, chunk: AIMessageChunk) -> None:
    if chunk.usage_metadata:
        call.prompt_tokens = chunk.usage_metadata["input_tokens"]
        call.completion_tokens = chunk.usage_metadata["output_tokens"]


def _check(text: str, chunk: AIMessageChunk) -> None:
    if chunk.response_metadata.get("finish_reason") == "abort":  # vLLM's and SGLang's
        raise _BrokenOff
    if len(text) > _LONGEST:
        raise ReplyError("the model's reply does not end")
    if len(text) > _BLANK and text[-_BLANK:].isspace():
        raise ReplyError("the model's reply goes on with white space")


def _wait(error: Exception) -> float:
    """Seconds before the next try: what the server asks for, within reason."""
    response = getattr(error, "response", None)
    asked = response.headers.get("retry-after", "") if response is not None else ""
    return min(float(asked), _LONGEST_WAIT) if asked.replace(".", "", 1).isdecimal() else 0.5
