"""A fake server of embeddings."""

import base64
import json
import re
from http.server import BaseHTTPRequestHandler
from threading import Lock
from time import sleep
from typing import Literal

import numpy as np

from xagent.concept_embedder import ConceptEmbedder
from xagent.embeddings import Vectors
from xagent.testing.loopback import LocalServer

EmbeddingFault = Literal["", "status 500", "status 401", "not json", "too few", "other size", "not a number"]
"""What an `EmbeddingServer` can do wrong."""

_TOKEN = re.compile(r"[^\W\d_]{1,4}|\S")


class EmbeddingServer(LocalServer):
    """An OpenAI-compatible `/v1/embeddings` on a free port of this machine, with real n-gram vectors.

    >>> with EmbeddingServer() as server:
    ...     agent = Agent("store", embedder="fake", embedder_url=server.url)

    Set `fault` to make the next replies wrong; `requests` counts those answered, `texts` are those embedded.
    Each takes `delay` seconds. With a `maximum` of tokens (at most four letters of a word are one) it tells
    that at `/v1/models`, and refuses longer texts with status 400 unless it `truncates` and is asked to; it
    counts them at `/tokenize` if it `tokenizes`, in its replies if it `counts`. Of more than `limit` requests
    at once (0: no limit) the others get status 429.
    """

    def __init__(
        self,
        *,
        delay: float = 0.0,
        maximum: int = 0,
        truncates: bool = True,
        tokenizes: bool = True,
        counts: bool = True,
        limit: int = 0,
    ) -> None:
        self.fault: EmbeddingFault = ""
        self.requests = 0
        self.refused = 0
        self.busiest = 0
        """Requests that there were at once, at most."""
        self.texts: list[str] = []
        self.delay, self.maximum, self.limit = delay, maximum, limit
        self.truncates, self.tokenizes, self.counts = truncates, tokenizes, counts
        self._now = 0
        self._lock = Lock()
        super().__init__(type("Handler", (_Handler,), {"fake": self}))

    def tokens(self, text: str) -> int:
        """The tokens of a text, one at each end included."""
        return len(_TOKEN.findall(text)) + 2

    def vectors(self, texts: list[str]) -> Vectors:
        """The vectors it replies with."""
        return ConceptEmbedder().embed_passages(texts)

    def answer(self, body: dict[str, object]) -> tuple[int, bytes]:
        """The status and body for a request, in its turn."""
        with self._lock:
            self._now += 1
            self.busiest = max(self.busiest, self._now)
            too_many = 0 < self.limit < self._now
            self.refused += too_many
        try:
            return _error(429, "too many requests") if too_many else self._embedded(body)
        finally:
            with self._lock:
                self._now -= 1

    def _embedded(self, body: dict[str, object]) -> tuple[int, bytes]:
        texts = body["input"] if isinstance(body["input"], list) else [str(body["input"])]
        sleep(self.delay)
        if "truncate_prompt_tokens" in body and not self.truncates:
            return _error(400, "Unrecognized request argument supplied: truncate_prompt_tokens")
        if "truncate_prompt_tokens" in body and self.maximum:
            texts = [self._shortened(text) for text in texts]
        elif self.maximum and max(map(self.tokens, texts), default=0) > self.maximum:
            return _error(400, f"This model's maximum context length is {self.maximum} tokens")
        status, reply = self.reply(texts)
        return status, _in_base64(reply) if body.get("encoding_format") == "base64" else reply

    def _shortened(self, text: str) -> str:
        ends = [found.end() for found in _TOKEN.finditer(text)]
        return text if len(ends) + 2 <= self.maximum else text[: ends[self.maximum - 3]]

    def reply(self, texts: list[str]) -> tuple[int, bytes]:
        """The status and body for texts to embed."""
        with self._lock:
            self.requests += 1
        if self.fault.startswith("status "):
            return _error(int(self.fault.removeprefix("status ")), "as told")
        if self.fault == "not json":
            return 200, b"<html>It works!</html>"
        rows = self.vectors(texts).tolist()
        if self.fault == "too few":
            rows = rows[1:]
        if self.fault == "other size":
            rows = [row[:-1] for row in rows]
        if self.fault == "not a number":
            rows = [[float("nan"), *row[1:]] for row in rows]
        with self._lock:
            self.texts += texts
        data = [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)]
        answer: dict[str, object] = {"object": "list", "model": "fake", "data": data}
        if self.counts:
            tokens = sum(map(self.tokens, texts))
            answer["usage"] = {"prompt_tokens": tokens, "total_tokens": tokens}
        return 200, json.dumps(answer).encode()


class _Handler(BaseHTTPRequestHandler):
    fake: EmbeddingServer
    protocol_version = "HTTP/1.1"
    # Head and body are two writes: the second would wait for the client to acknowledge the first.
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        sent = self.rfile.read(length)
        if len(sent) < length:
            raise ConnectionAbortedError  # a client that gave up in the middle
        body = json.loads(sent)
        if self.path == "/v1/embeddings":
            self._send(*self.fake.answer(body))
        elif self.path == "/tokenize" and self.fake.tokenizes:
            counted = {"count": self.fake.tokens(body["prompt"]), "max_model_len": self.fake.maximum}
            self._send(200, json.dumps(counted).encode())
        else:
            self._send(*_error(404, "Not Found"))

    def do_GET(self) -> None:
        model = {"id": "fake", "object": "model"} | (
            {"max_model_len": self.fake.maximum} if self.fake.maximum else {}
        )
        self._send(200, json.dumps({"object": "list", "data": [model]}).encode())

    def _send(self, status: int, reply: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply)))
        if status == 429:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, format: str, *args: object) -> None:
        """Tests print nothing."""


def _error(status: int, message: str) -> tuple[int, bytes]:
    return status, json.dumps({"error": {"message": message}}).encode()


def _in_base64(reply: bytes) -> bytes:
    if not reply.startswith(b"{"):
        return reply
    answer = json.loads(reply)
    for item in answer.get("data", ()):
        item["embedding"] = base64.b64encode(np.array(item["embedding"], dtype="<f4").tobytes()).decode()
    return json.dumps(answer).encode()
