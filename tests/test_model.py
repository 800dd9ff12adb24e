"""The model client: what it sends, what it makes of what comes back, and what it does when nothing does."""

import asyncio
import gc
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from typing import Any

import pytest

from xagent import model as module
from xagent.budget import Budget
from xagent.errors import BudgetSpent, EndpointError, ReplyError
from xagent.model import MAX_TOKENS, TRIES, Model
from xagent.prompts import Prompt
from xagent.replies import Recollection, Reply
from xagent.testing import Fault, FaultKind, ModelServer, Request
from xagent.testing.loopback import LocalServer

SAID = "Ziwa Viktoria ni ziwa kubwa kuliko yote barani Afrika."
GOOD = {"sentences": [SAID]}
PROMPT = Prompt("recall", "Answer from memory.", "<question>Ziwa gani?</question>\n\nJibu kwa Kiswahili.")


@pytest.fixture(scope="module")
def running() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def server(running: ModelServer) -> Iterator[ModelServer]:
    """The server, with nothing of an earlier test."""
    running.rule = lambda request: GOOD
    running.faults, running.think, running.refuses, running.pause = [], "", (), 0.02
    running.requests.clear()
    yield running
    assert running.wait_until_idle()


def budget(calls: int = 9, tokens: int = 10**6, seconds: float = 30.0) -> Budget:
    return Budget(calls, tokens, seconds)


def model(server: ModelServer, key: str = "") -> Model:
    return Model(server.url, "fake", key)


async def said(
    model: Model, spent: Budget | None = None, progress: Callable[[str], None] = lambda _: None
) -> tuple[str, ...]:
    reply = await model.reply(PROMPT, Recollection, spent or budget(), progress)
    return reply.sentences


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No waiting between tries; the seconds that would have been waited."""
    waited: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        waited.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", note)
    return waited


# --- on the wire ---


async def test_what_is_sent(server: ModelServer) -> None:
    assert await said(model(server)) == (SAID,)
    (request,) = server.requests
    form = request.body.pop("response_format")
    assert request.body == {
        "model": "fake",
        "messages": [
            {"role": "system", "content": PROMPT.system},
            {"role": "user", "content": PROMPT.user},
        ],
        "temperature": 0,
        "seed": 7,
        "max_completion_tokens": MAX_TOKENS,
        "stream": True,
        "stream_options": {"include_usage": True},
        "chat_template_kwargs": {"enable_thinking": False},
    }
    schema = {"name": "Recollection", "schema": Recollection.model_json_schema()}
    assert form == {"type": "json_schema", "json_schema": schema}


async def test_a_name_that_means_another_interface_elsewhere_is_just_a_name(server: ModelServer) -> None:
    for name in ("gpt-5-pro", "gpt-5", "codex-mini"):
        server.model = name
        try:
            assert await Model(server.url, name).reply(PROMPT, Recollection, budget())
        finally:
            server.model = "fake"
        body = server.requests[-1].body
        assert (body["model"], body["messages"]) == (name, server.requests[0].messages)
        assert "input" not in body


async def test_the_key_is_sent_as_a_key_and_never_shown(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "somebody else's")
    asked = model(server, "a-secret")
    await said(asked)
    await said(model(server))
    assert [request.key for request in server.requests] == ["a-secret", "none"]
    assert "a-secret" not in json.dumps([request.body for request in server.requests])
    server.faults = ["status 401"]
    with pytest.raises(EndpointError) as caught:
        await said(asked)
    assert "XAGENT_API_KEY" in str(caught.value)
    assert "a-secret" not in f"{caught.value!r} {asked!r} {vars(asked.__class__)}"


async def test_a_proxy_of_the_environment_for_openai_is_not_used(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_API_BASE", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert await said(model(server)) == (SAID,)


# --- servers that know less ---


@pytest.mark.parametrize(
    "refuses",
    [
        ["chat_template_kwargs"],
        ["response_format"],
        ["json_schema"],
        ["chat_template_kwargs", "response_format"],
    ],
)
async def test_what_a_server_does_not_know_is_left_out_from_then_on(
    server: ModelServer, refuses: list[str]
) -> None:
    server.refuses = refuses
    asked, spent = model(server), budget()
    assert await said(asked, spent) == (SAID,)
    assert [request.status for request in server.requests] == [400, 200]
    assert len(spent.spent) == 2
    server.requests.clear()
    assert await said(asked) == (SAID,)
    (request,) = server.requests
    left = {"chat_template_kwargs", "response_format"} & set(request.body)
    assert left == {"chat_template_kwargs", "response_format"} - {
        {"json_schema": "response_format"}.get(name, name) for name in refuses
    }


async def test_requests_under_way_learn_it_together(server: ModelServer) -> None:
    server.refuses = ["chat_template_kwargs"]
    server.delay = 0.05
    asked = model(server)
    try:
        replies = await asyncio.gather(*(said(asked) for _ in range(7)))
    finally:
        server.delay = 0.0
    assert replies == [(SAID,)] * 7
    assert [request.status for request in server.requests].count(400) == 7


async def test_any_other_refusal_is_final(server: ModelServer) -> None:
    server.faults = ["status 400"]
    with pytest.raises(EndpointError, match="answered 400: as told"):
        await said(model(server))
    assert len(server.requests) == 1


# --- thinking ---


async def test_what_a_model_thinks_is_never_part_of_what_it_says(server: ModelServer) -> None:
    server.think = 'Well. {"sentences": ["A thought."]}'
    seen: list[str] = []
    spent = budget()
    assert await said(model(server), spent, seen.append) == (SAID,)
    assert not [text for text in seen if "Well" in text or "thought" in text]
    assert spent.spent[0].completion_tokens > 20, "but it costs"


@pytest.mark.parametrize("opening", ["<think>", ""])
async def test_thoughts_in_the_text_are_passed_over(server: ModelServer, opening: str) -> None:
    thought = f'{opening}Or {{"sentences": ["A thought."]}}?</think>\n'
    server.rule = lambda request: thought + json.dumps(GOOD)
    assert await said(model(server)) == (SAID,)


# --- trying again ---


@pytest.mark.parametrize("kind", ["status 429", "status 500", "dropped"])
async def test_what_may_pass_is_tried_again(
    server: ModelServer, kind: FaultKind, impatient: list[float]
) -> None:
    server.faults = [Fault(kind, times=1)]
    spent = budget()
    assert await said(model(server), spent) == (SAID,)
    assert len(server.requests) == len(spent.spent) == 2
    assert impatient == [0.0 if kind == "status 429" else 0.5]
    assert all(call.milliseconds > 0 for call in spent.spent)
    server.faults = [kind]
    with pytest.raises(EndpointError):
        await said(model(server), spent)
    assert len(server.requests) == len(spent.spent) == 2 + TRIES


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("status 400", "answered 400"),
        ("status 401", "refuses the key: set XAGENT_API_KEY"),
        ("not json", "is no OpenAI-compatible server"),
    ],
)
async def test_what_stays_is_not_tried_again(server: ModelServer, kind: FaultKind, says: str) -> None:
    server.faults = [kind]
    spent = budget()
    with pytest.raises(EndpointError, match=says) as caught:
        await said(model(server), spent)
    assert len(server.requests) == len(spent.spent) == 1
    assert server.url in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_model_that_does_not_exist(server: ModelServer) -> None:
    with pytest.raises(EndpointError, match="has no model 'other': set XAGENT_MODEL"):
        await Model(server.url, "other").reply(PROMPT, Recollection, budget())
    assert len(server.requests) == 1


async def test_nobody_there(impatient: list[float]) -> None:
    spent = budget()
    with pytest.raises(EndpointError, match=r"no model server answers at .*`xagent vllm`"):
        await Model("http://127.0.0.1:9/v1", "fake").reply(PROMPT, Recollection, spent)
    assert len(spent.spent) == TRIES


@pytest.mark.parametrize(("calls", "tokens"), [(1, 10**6), (9, 2_500)])
async def test_where_nothing_is_left_to_try_again_the_servers_failure_is_told(
    server: ModelServer, calls: int, tokens: int, impatient: list[float]
) -> None:
    server.faults = ["status 500"]
    short = budget(calls, tokens)
    with pytest.raises(EndpointError, match="answered 500"):
        await said(model(server), short)
    assert len(server.requests) == len(short.spent) == 1


async def test_a_server_that_goes_after_a_reply_nobody_can_read(impatient: list[float]) -> None:
    unreadable: Script = (200, {}, [event("well ")])
    with canned(unreadable, (503, {}, [])) as there, pytest.raises(EndpointError, match="answered 503"):
        await said(Model(there.url, "fake"), budget(calls=2))


class Canned(BaseHTTPRequestHandler):
    """Sends what it was given, then what comes after, one for each request."""

    script: list[tuple[int, dict[str, str], Sequence[str]]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, headers, parts = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        self.send_response(status)
        for name, value in {"Content-Type": "text/event-stream", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        for part in parts:
            self.wfile.write(part.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def canned(*script: tuple[int, dict[str, str], Sequence[str]]) -> LocalServer:
    return LocalServer(type("C", (Canned,), {"script": list(script)}))


def event(content: object, **more: object) -> str:
    delta = {"index": 0, "delta": {"role": "assistant", "content": content}, "finish_reason": None}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "fake", "choices": [delta]}
    return f"data: {json.dumps(chunk | more)}\n\n"


Script = tuple[int, dict[str, str], Sequence[str]]
WHOLE: Script = (200, {}, [event(json.dumps(GOOD))])


ABORTED: Script = (200, {}, [event('{"sent'), event("").replace("null", '"abort"')])


async def test_a_reply_that_the_server_broke_off_is_asked_for_again(impatient: list[float]) -> None:
    spent = budget()
    with canned(ABORTED, WHOLE) as there:
        assert await said(Model(there.url, "fake"), spent) == (SAID,)
    assert [len(call.messages) for call in spent.spent] == [2, 2]  # it is no reply that would need repair


async def test_a_server_that_breaks_off_every_reply(impatient: list[float]) -> None:
    with canned(ABORTED) as there, pytest.raises(EndpointError, match="broke off its reply"):
        await said(Model(there.url, "fake"), budget())


@pytest.mark.parametrize(
    ("asked", "waited"),
    [("3", 3.0), ("0.25", 0.25), ("0", 0.0), ("3600", 10.0), ("9" * 400, 10.0), ("soon", 0.5), ("-1", 0.5),
     ("Wed, 21 Oct 2026 07:28:00 GMT", 0.5), ("", 0.5), (".", 0.5)],
)  # fmt: skip
async def test_a_server_may_ask_us_to_wait_within_reason(
    asked: str, waited: float, impatient: list[float]
) -> None:
    with canned((429, {"Retry-After": asked}, []), WHOLE) as there:
        assert await said(Model(there.url, "fake")) == (SAID,)
    assert impatient == [waited]


async def test_waiting_does_not_outlast_the_question() -> None:
    with canned((429, {"Retry-After": "9"}, [])) as there:
        began = time.perf_counter()
        with pytest.raises(BudgetSpent, match=r"0\.3 seconds are over"):
            await said(Model(there.url, "fake"), budget(seconds=0.3))
    assert time.perf_counter() - began < 2


ERROR = 'data: {"error": {"message": "the engine\\ndied", "code": 500}}\n\n'


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ([], "is no OpenAI-compatible server"),
        (["data: [DONE]\n\n"], "is no OpenAI-compatible server"),
        (["data: {nonsense\n\n"], "is no OpenAI-compatible server"),
        (["data: [1, 2]\n\n"], "is no OpenAI-compatible server"),
        (["data: 5\n\n"], "is no OpenAI-compatible server"),
        ([ERROR], "answered with an error: the engine died"),
        ([event('{"sent'), ERROR], "answered with an error: the engine died"),
    ],
)
async def test_a_stream_of_nonsense(parts: Sequence[str], says: str) -> None:
    with canned((200, {}, parts)) as there, pytest.raises(EndpointError) as caught:
        await said(Model(there.url, "fake"))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "parts", [[event(None)], [event("")], [event("", choices=[])], [event("", choices=None)]]
)
async def test_a_stream_that_says_nothing(parts: Sequence[str]) -> None:
    with canned((200, {}, parts)) as there, pytest.raises(ReplyError, match="no JSON object"):
        await said(Model(there.url, "fake"))


async def test_a_server_that_sends_other_errors(impatient: list[float]) -> None:
    tea = '{"error": {"message": "a tea\\u001b[2Jpot\\n2"}}'
    with canned((418, {}, [tea])) as there, pytest.raises(EndpointError, match="418: a teapot 2") as caught:
        await said(Model(there.url, "fake"))
    assert str(caught.value).isprintable()
    unprocessable = '{"detail": [{"loc": ["body", "chat_template_kwargs"], "msg": "Extra inputs"}]}'
    with canned((422, {}, [unprocessable]), WHOLE) as there:
        assert await said(Model(there.url, "fake")) == (SAID,)


# --- replies that cannot be read ---

BROKEN: list[FaultKind] = ["malformed json", "truncated json", "empty", "wrong shape"]


@pytest.mark.parametrize("kind", BROKEN)
async def test_what_cannot_be_read_is_asked_for_once_more(server: ModelServer, kind: FaultKind) -> None:
    server.faults = [Fault(kind, times=1)]
    spent = budget()
    assert await said(model(server), spent) == (SAID,)
    assert len(server.requests) == len(spent.spent) == 2
    first, again = (request.messages for request in server.requests)
    assert again[:2] == first
    assert [message["role"] for message in again[2:]] == ["assistant", "user"]
    assert all(message["content"] for message in again)
    assert "Reply with the JSON object alone" in str(again[3]["content"])
    server.faults = [kind]
    with pytest.raises(ReplyError, match=r"^the model's reply "):
        await said(model(server), spent)
    assert len(server.requests) == len(spent.spent) == 4


async def test_chatter_costs_nothing(server: ModelServer) -> None:
    server.faults = ["prose"]
    assert await said(model(server)) == (SAID,)
    assert len(server.requests) == 1


async def test_endless_white_space_is_cut_off(server: ModelServer) -> None:
    server.faults = ["endless whitespace"]
    seen: list[str] = []
    with pytest.raises(ReplyError, match="goes on with white space"):
        await said(model(server), progress=seen.append)
    assert max(map(len, seen)) < 300
    assert len(server.requests) == 2


async def test_a_reply_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONGEST", 400)
    endless: Script = (200, {}, [event("long " * 10)] * 100)
    with canned(endless) as there, pytest.raises(ReplyError, match="does not end"):
        await said(Model(there.url, "fake"))


async def test_the_repair_is_part_of_the_budget(server: ModelServer) -> None:
    server.faults = ["malformed json"]
    with pytest.raises(BudgetSpent):
        await said(model(server), budget(calls=1))
    assert len(server.requests) == 1


# --- counting ---


async def test_the_servers_own_count_is_taken(server: ModelServer) -> None:
    server.think = "Let me think. " * 5
    spent = budget()
    await said(model(server), spent)
    (call,) = spent.spent
    (request,) = server.requests
    written = server.think + (request.content or "")
    assert call.step == "recall"
    assert abs(call.completion_tokens - len(written.encode()) / 4) <= 2
    assert abs(call.prompt_tokens - len((PROMPT.system + PROMPT.user).encode()) / 4) <= 2
    assert 0 < call.milliseconds < 5000


async def test_where_the_server_does_not_count_the_most_is_taken() -> None:
    spent = budget()
    with canned(WHOLE) as there:
        await said(Model(there.url, "fake"), spent)
    size = len((PROMPT.system + PROMPT.user).encode())
    assert spent.spent[0].completion_tokens == MAX_TOKENS
    assert size < spent.spent[0].prompt_tokens < size + 200


async def test_usage_in_every_chunk_is_not_added_up() -> None:
    usages = [{"prompt_tokens": 20, "completion_tokens": n, "total_tokens": 20 + n} for n in (1, 2, 3)]
    parts = [
        event(part, usage=usage) for part, usage in zip(['{"sentences"', ': ["A', '"]}'], usages, strict=True)
    ]
    spent = budget()
    with canned((200, {}, parts)) as there:
        assert await said(Model(there.url, "fake"), spent) == ("A",)
    assert (spent.spent[0].prompt_tokens, spent.spent[0].completion_tokens) == (20, 3)


# --- time, cancelling ---


@pytest.mark.parametrize("kind", ["hanging", "slow"])
async def test_a_server_that_takes_too_long(server: ModelServer, kind: FaultKind) -> None:
    server.faults, server.pause = [kind], 0.2
    spent = budget(seconds=0.3)
    began = time.perf_counter()
    with pytest.raises(BudgetSpent, match=r"0\.3 seconds are over.*--max-seconds"):
        await said(model(server), spent)
    assert time.perf_counter() - began < 1.5
    assert server.wait_until_idle()
    assert server.requests[0].disconnected
    assert len(spent.spent) == 1


@pytest.mark.parametrize("kind", ["hanging", "slow"])
async def test_cancelling_ends_the_request(server: ModelServer, kind: FaultKind) -> None:
    server.faults, server.pause = [kind], 0.2
    spent = budget()
    task = asyncio.create_task(said(model(server), spent))
    while not server.requests:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(server.wait_until_idle)
    assert server.requests[0].disconnected
    assert spent.tokens_left < spent.tokens


async def test_a_timeout_of_the_callers_is_the_callers(server: ModelServer) -> None:
    server.faults = ["hanging"]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await said(model(server))


async def test_what_arrives_is_told_as_it_does(server: ModelServer) -> None:
    seen: list[str] = []
    await said(model(server), progress=seen.append)
    assert json.loads(seen[-1]) == GOOD
    assert len(seen) > 5
    assert all(after.startswith(before) for before, after in pairwise(seen))


# --- many at once ---


def test_one_model_in_many_loops_and_threads(server: ModelServer) -> None:
    shared = model(server)
    heard: list[tuple[str, ...]] = []

    async def several() -> None:
        heard.extend(await asyncio.gather(*(said(shared) for _ in range(3))))

    threads = [threading.Thread(target=lambda: [asyncio.run(several()) for _ in range(3)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == [(SAID,)] * 36
    gc.collect()
    assert len(shared.connections._clients) == 0, "a client does not outlive its loop"


async def test_two_hundred_at_once_do_not_mix(server: ModelServer) -> None:
    def echo(request: Request) -> dict[str, Any]:
        return {"sentences": [request.question]}

    server.rule = echo
    server.faults = [Fault("malformed json", 0.2)]
    shared = model(server)
    budgets = [budget(calls=2) for _ in range(200)]

    async def one(n: int) -> Reply:
        asked = Prompt(f"step {n}", "Answer.", f"<question>Swali {n}?</question>")
        return await shared.reply(asked, Recollection, budgets[n])

    replies = await asyncio.gather(*(one(n) for n in range(200)), return_exceptions=True)
    failed = [reply for reply in replies if isinstance(reply, BaseException)]
    assert all(isinstance(error, ReplyError) for error in failed)
    assert len(failed) < 40
    for n, (reply, spent) in enumerate(zip(replies, budgets, strict=True)):
        assert {call.step for call in spent.spent} == {f"step {n}"}
        assert isinstance(reply, ReplyError) or reply == Recollection(sentences=(f"Swali {n}?",))
    assert sum(len(spent.spent) for spent in budgets) == len(server.requests) > 200


def test_a_server_that_knows_no_patterns_is_still_held_to_the_schema() -> None:
    model = Model("http://127.0.0.1:9/v1", "m")
    schema = {"type": "object", "properties": {"text": {"type": "string", "pattern": "^a$"}}}
    body = {"response_format": {"json_schema": {"schema": schema}}, "chat_template_kwargs": {}}
    assert model._do_without(body, "json_schema: regex pattern is not supported by the grammar")
    assert model._without == {"pattern"}
