"""Which server and graph are taken, and why, said in one line; without a server, nothing is ever sent."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from socket import socket

import pytest

from xagent import endpoints
from xagent.agent import Agent
from xagent.endpoints import Served, choose, served_models
from xagent.errors import EndpointError, NoModel
from xagent.testing import ModelServer
from xagent.testing.loopback import LocalServer


class Page(BaseHTTPRequestHandler):
    """Whatever `content` and `status` say, whatever is asked for."""

    status, content, wait = 200, b"<!doctype html><title>It works!</title>", threading.Event()
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.headers["Authorization"] or "")
        if not self.content:
            self.wait.wait(5)
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def page(content: bytes, status: int = 200) -> LocalServer:
    return LocalServer(type("P", (Page,), {"content": content, "status": status, "asked": []}))


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture(scope="module")
def dead() -> int:
    """A port on which nothing listens."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def probing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAGENT_PROBE", "1")


def local(monkeypatch: pytest.MonkeyPatch, *servers: str | int) -> None:
    """Make these the usual ports."""
    ports = [
        one if isinstance(one, int) else int(one.removesuffix("/v1").rpartition(":")[2]) for one in servers
    ]
    monkeypatch.setattr(endpoints, "LOCAL", {port: f"program {n}" for n, port in enumerate(ports, start=1)})


def test_without_anything_it_is_quote() -> None:
    assert choose() == Served(
        "quote", "", "no model is configured (XAGENT_MODEL_URL) and none was looked for"
    )


def test_a_flag_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAGENT_MODEL_URL", "http://environment/v1")
    assert choose() == Served("qa", "http://environment/v1", "a model is configured at http://environment/v1")
    assert choose(url="http://flag/v1").url == "http://flag/v1"
    assert choose("naive") == Served("naive", "http://environment/v1", "as asked for")
    monkeypatch.setenv("XAGENT_GRAPH", "consensus")
    assert choose() == Served("consensus", "http://environment/v1", "as asked for")
    assert choose("translate", "http://flag/v1") == Served("translate", "http://flag/v1", "as asked for")


def test_a_configured_model_is_taken_without_being_looked_at(
    monkeypatch: pytest.MonkeyPatch, dead: int, probing: None
) -> None:
    local(monkeypatch, dead)
    assert choose(url=f"http://127.0.0.1:{dead}/v1").graph == "qa"


def test_a_server_on_a_usual_port_is_found(
    monkeypatch: pytest.MonkeyPatch, server: ModelServer, dead: int, probing: None
) -> None:
    with page(Page.content) as html, page(b'{"data": []}') as empty:
        local(monkeypatch, dead, html.url, empty.url, server.url)
        because = f"a model server answers at {server.url}, the port of program 4"
        assert choose() == Served("qa", server.url, because)
        assert choose("naive") == Served("naive", server.url, "as asked for")
        assert choose("quote") == Served("quote", "", "as asked for"), "which needs none"


def test_the_first_usual_port_wins(
    monkeypatch: pytest.MonkeyPatch, server: ModelServer, probing: None
) -> None:
    with ModelServer() as second:
        local(monkeypatch, second.url, server.url)
        assert choose().url == second.url


def test_nothing_is_looked_for_where_that_is_forbidden(
    monkeypatch: pytest.MonkeyPatch, server: ModelServer
) -> None:
    local(monkeypatch, server.url)
    monkeypatch.setattr(endpoints, "served_models", lambda *_, **__: pytest.fail("it was asked"))
    assert choose().graph == "quote"
    assert choose("qa") == Served("qa", "", "as asked for")


def test_no_server_on_the_usual_ports(monkeypatch: pytest.MonkeyPatch, dead: int, probing: None) -> None:
    with page(Page.content) as html, page(b"{}", 500) as failing:
        local(monkeypatch, dead, html.url, failing.url)
        assert choose() == Served(
            "quote", "", "no model is configured (XAGENT_MODEL_URL) and none answers on the usual local ports"
        )
        assert choose("qa") == Served("qa", "", "as asked for")


def test_a_program_that_accepts_and_is_silent_delays_nobody(
    monkeypatch: pytest.MonkeyPatch, server: ModelServer, probing: None
) -> None:
    with socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        local(monkeypatch, silent.getsockname()[1], server.url)
        assert choose().url == server.url


def test_the_key_is_sent_to_the_server_that_is_named_only(
    monkeypatch: pytest.MonkeyPatch, probing: None
) -> None:
    handler = type("P", (Page,), {"content": b'{"data": [{"id": "m"}]}', "asked": []})
    with LocalServer(handler) as there:
        local(monkeypatch, there.url)
        monkeypatch.setenv("XAGENT_API_KEY", "secret")
        assert choose().url == there.url
        assert served_models(there.url, "secret") == ["m"]
    assert handler.asked == ["", "Bearer secret"]  # type: ignore[attr-defined]


def test_the_models_of_a_server(server: ModelServer) -> None:
    assert served_models(server.url) == ["fake"]
    assert served_models(server.url + "/") == ["fake"]


@pytest.mark.parametrize(
    ("content", "status", "says"),
    [
        (Page.content, 200, "is no OpenAI-compatible server"),
        (b'{"data": null}', 200, "is no OpenAI-compatible server"),
        (b'{"data": ["m"]}', 200, "is no OpenAI-compatible server"),
        (b'{"data": [{"name": "m"}]}', 200, "is no OpenAI-compatible server"),
        (b'["m"]', 200, "is no OpenAI-compatible server"),
        (b"null", 200, "is no OpenAI-compatible server"),
        (b"\xff\xfe{}", 200, "is no OpenAI-compatible server"),
        (b"no", 401, "answered 401: set XAGENT_API_KEY"),
        (b"no", 403, "answered 403: set XAGENT_API_KEY"),
        (b"no", 404, "answered 404: is its URL right?"),
        (b"no", 500, "answered 500: is its URL right?"),
        (b"", 302, "answered 302: is its URL right?"),
    ],
)
def test_what_is_wrong_with_a_server_is_said(content: bytes, status: int, says: str) -> None:
    Page.wait.set()
    with page(content, status) as there, pytest.raises(EndpointError) as caught:
        served_models(there.url)
    assert says in str(caught.value)
    assert there.url in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{dead}/v1", "127.0.0.1:8000/v1", "not a url", "", "http://[::1/v1", "http://a\nb/v1"],
)
def test_no_server(url: str, dead: int) -> None:
    with pytest.raises(EndpointError) as caught:
        served_models(url.format(dead=dead), patience=1)
    assert "`xagent vllm`" in str(caught.value)
    assert "XAGENT_MODEL_URL" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_graph_that_needs_a_model_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("no-model")
    (folder / "a.md").write_text("The bridge was built in 1874.", "utf-8")
    with Agent(folder / "store", "qa") as agent:
        agent.ingest([folder / "a.md"])
        with pytest.raises(NoModel, match=r"XAGENT_MODEL_URL; or ask with --graph quote") as caught:
            agent.ask("When was the bridge built?")
        assert "\n" not in str(caught.value)
