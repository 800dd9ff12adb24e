"""What is learnt of a server, from servers that answer as vLLM, llama.cpp and Ollama do, or not at all."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from xagent.capabilities import KINDS, Capabilities, capabilities
from xagent.model import Model
from xagent.testing import ModelServer

Answers = Mapping[tuple[str, str], tuple[int, object]]


@contextmanager
def answering(answers: Answers) -> Iterator[tuple[str, list[str]]]:
    """A server with these answers, by method and path, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path} {self.headers['Authorization'] or ''}".strip())
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            status, body = answers.get((self.command, self.path), (404, {"detail": "Not Found"}))
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
        server.shutdown()


def listed(owner: str, **more: object) -> tuple[int, object]:
    return 200, {"object": "list", "data": [{"id": "other"}, {"id": "m", "owned_by": owner, **more}]}


VLLM: Answers = {
    ("GET", "/v1/models"): listed("vllm", max_model_len=8192),
    ("GET", "/version"): (200, {"version": "0.33.0"}),
    ("GET", "/v1/decisions"): (405, {}),
    ("POST", "/v1/completions"): (
        400,
        {"error": {"message": "xagent_language: no language has the code '?'"}},
    ),
}


def test_a_vllm_with_the_plug_in_and_decisions() -> None:
    with answering(VLLM) as (url, asked):
        found = capabilities(url, "m", "secret")
    expected = Capabilities(
        "vLLM 0.33.0", 8192, "xgrammar or guidance", patterns=True, decisions=True, guided=True
    )
    assert found == expected
    assert all(line.endswith("Bearer secret") for line in asked)


def test_a_vllm_without_the_plug_in_writes_one_token_for_the_question() -> None:
    with answering({**VLLM, ("POST", "/v1/completions"): (200, {"choices": []})}) as (url, _):
        assert not capabilities(url, "m").guided


def test_a_llama_cpp_is_told_by_the_owner_of_its_models_and_not_asked_further() -> None:
    answers = {("GET", "/v1/models"): listed("llamacpp", meta={"n_ctx": 4096, "n_ctx_train": 8192})}
    with answering(answers) as (url, asked):
        assert capabilities(url, "m") == Capabilities("llama.cpp", 4096, "GBNF", patterns=True)
    assert asked == ["GET /v1/models"]


@pytest.mark.parametrize("owner", ["library", "organization_owner", "someone"])
def test_other_servers_are_taken_to_do_what_all_of_them_do(owner: str) -> None:
    with answering({("GET", "/v1/models"): listed(owner)}) as (url, _):
        found = capabilities(url, "m")
    assert found.server in {"unknown", *(kind.name for kind in KINDS)}
    assert not found.guided
    assert not found.patterns


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"[" * 200_000,
        b'{"data": 3}',
        b'{"data": [3, {"id": 4}]}',
        b'{"data": [{"meta": 1}]}',
    ],
)
def test_nonsense_is_an_unknown_server(body: bytes) -> None:
    with answering({("GET", "/v1/models"): (200, body)}) as (url, _):
        assert capabilities(url, "m") == Capabilities("unknown")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "no url", "http://[::1"])
def test_a_server_that_is_not_there_can_nothing(url: str) -> None:
    assert capabilities(url, "m") == Capabilities("")


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_that_fails_for_a_moment_is_asked_again_for_the_next_reply(status: int) -> None:
    answers = {**VLLM, ("GET", "/v1/models"): (status, {"error": "loading"})}
    with answering(answers) as (url, _):
        model = Model(url, "m")
        assert not asyncio.run(model.can()).guided
        answers[("GET", "/v1/models")] = VLLM[("GET", "/v1/models")]
        assert asyncio.run(model.can()).guided


def test_the_fake_server_is_none_of_the_known_ones() -> None:
    with ModelServer() as server:
        assert capabilities(server.url, "fake").server == "unknown"
