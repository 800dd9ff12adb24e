"""How many requests and connections a model's server has, and when they end."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from xagent.budget import Budget
from xagent.model import Model
from xagent.prompts import Prompt
from xagent.replies import Recollection
from xagent.testing import ModelServer

from .requests_at_once import most_at_once

PROMPT = Prompt("recall", "Answer from memory.", "<question>Göl hangi ülkede?</question>")
SAID = {"sentences": ["Göl Türkiye'dedir."]}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(lambda _: SAID, delay=0.05) as running:
        yield running


@pytest.fixture
def opened(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where each connection comes from."""
    seen: list[Any] = []
    listener, process = server._listener, server._listener.process_request

    def noted(request: Any, address: Any) -> None:
        seen.append(address)
        process(request, address)

    monkeypatch.setattr(listener, "process_request", noted)
    return seen


async def ask(model: Model, times: int) -> None:
    budgets = (Budget(9, 10**6, 30) for _ in range(times))
    replies = await asyncio.gather(*(model.reply(PROMPT, Recollection, budget) for budget in budgets))
    assert [reply.sentences for reply in replies] == [tuple(SAID["sentences"])] * times


def limited(server: ModelServer, most: int) -> Model:
    model = Model(server.url, "fake")
    model.connections.limit(most)
    return model


async def test_with_a_limit_so_many_connections_serve_all_requests_until_they_are_closed(
    server: ModelServer, opened: list[Any]
) -> None:
    model = limited(server, 3)
    await ask(model, 12)
    assert server.wait_until_idle()
    assert (most_at_once(server), len(opened)) == (3, 3)
    await model.connections.aclose()
    async with asyncio.timeout(5):
        while server._listener._open:
            await asyncio.sleep(0.01)


async def test_what_was_closed_is_opened_again_when_it_is_needed(
    server: ModelServer, opened: list[Any]
) -> None:
    model = limited(server, 1)
    for _ in range(2):
        await ask(model, 2)
        await model.connections.aclose()
        await model.connections.aclose()
    assert len(opened) == 2


async def test_without_a_limit_all_are_sent_at_once_and_nothing_is_left_open(
    server: ModelServer, opened: list[Any]
) -> None:
    await ask(Model(server.url, "fake"), 12)
    assert server.wait_until_idle()
    assert (most_at_once(server), len(opened)) == (12, 12)
    async with asyncio.timeout(5):
        while server._listener._open:
            await asyncio.sleep(0.01)


def test_a_limit_holds_in_each_event_loop(server: ModelServer) -> None:
    model = limited(server, 2)

    async def one_loop() -> None:
        await ask(model, 4)
        await model.connections.aclose()

    for _ in range(2):
        asyncio.run(one_loop())
    assert server.wait_until_idle()
    assert most_at_once(server) == 2
