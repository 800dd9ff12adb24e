"""Several servers with one model: taken in turn, and passed over when they are gone."""

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xagent.budget import Budget
from xagent.capabilities import capabilities
from xagent.endpoints import served_models
from xagent.errors import EndpointError
from xagent.model import Model
from xagent.prompts import prompt
from xagent.replicas import base_urls, is_local, shown
from xagent.replies import Rewording
from xagent.testing import ModelServer


def nowhere() -> str:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{bound.getsockname()[1]}/v1"


async def asked(model: Model, times: int) -> None:
    sent = prompt("reword", {"question": "Wann wurde die Brücke gebaut?", "languages": "de, en"})
    for _ in range(times):
        await model.reply(sent, Rewording, Budget(6, 200_000, 60.0))


def test_requests_go_to_each_in_turn() -> None:
    with ModelServer() as one, ModelServer() as other:
        asyncio.run(asked(Model(f"{one.url}, {other.url}/", "fake"), 6))
        assert [len(one.requests), len(other.requests)] == [3, 3]


def test_one_that_is_gone_is_passed_over() -> None:
    with ModelServer() as one:
        urls = f"{nowhere()},{one.url}"
        asyncio.run(asked(Model(urls, "fake"), 3))
        assert len(one.requests) == 3
        assert served_models(urls) == ["fake"]
        assert capabilities(urls, "fake") == capabilities(one.url, "fake")


def test_when_all_are_gone_that_is_one_clear_line() -> None:
    urls = f"{nowhere()},{nowhere()}"
    with pytest.raises(EndpointError, match="no model server answers"):
        asyncio.run(asked(Model(urls, "fake"), 1))
    with pytest.raises(EndpointError, match="no model server answers"):
        served_models(urls)


@given(st.lists(st.text(st.characters(exclude_characters=","), min_size=1), max_size=4))
def test_urls_are_told_apart_by_commas(urls: list[str]) -> None:
    found = base_urls(", ".join(urls))
    assert found == tuple(one.strip().rstrip("/") for one in urls if one.strip()) or found == ("",)


def test_a_password_in_a_url_is_never_shown() -> None:
    url = "http://u:secret@127.0.0.1:9/v1,http://b/v1"
    assert shown(url) == "http://127.0.0.1:9/v1,http://b/v1"
    with pytest.raises(EndpointError) as caught:
        asyncio.run(asked(Model(url, "m"), 1))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://localhost/v1,http://[::1]:9/v1", True),
        ("http://127.0.0.1/v1,http://gpu.example/v1", False),
        ("https://api.example.com/v1", False),
        ("", False),
    ],
)
def test_no_proxy_is_asked_for_what_is_on_this_machine(url: str, local: bool) -> None:
    assert is_local(url) is local
