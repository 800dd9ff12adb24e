"""Fakes for tests, ours and yours: an embedding server that can misbehave, and documents in one call."""

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Literal, Self

from xagent.agent import Agent
from xagent.embeddings import NgramEmbedder

EmbeddingFault = Literal["", "status 500", "status 401", "not json", "too few", "other size", "not a number"]


class EmbeddingServer:
    """An OpenAI-compatible `/v1/embeddings` on a free port of this machine, with real n-gram vectors.

    >>> with EmbeddingServer() as server:
    ...     agent = Agent("store", embedder="fake", embedder_url=server.url)

    Set `fault` to make the next replies wrong; `requests` counts those answered.
    """

    def __init__(self) -> None:
        self.fault: EmbeddingFault = ""
        self.requests = 0
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, reply = fake.reply(json.loads(body)["input"])
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, format: str, *args: object) -> None:
                """Tests print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """What to give as the embedder's URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def reply(self, texts: list[str]) -> tuple[int, bytes]:
        """The status and body for a request."""
        self.requests += 1
        if self.fault.startswith("status "):
            return int(self.fault.removeprefix("status ")), b'{"error": {"message": "as told"}}'
        if self.fault == "not json":
            return 200, b"<html>It works!</html>"
        rows = NgramEmbedder().embed_passages(texts).tolist()
        if self.fault == "too few":
            rows = rows[1:]
        if self.fault == "other size":
            rows = [row[:-1] for row in rows]
        if self.fault == "not a number":
            rows = [[float("nan"), *row[1:]] for row in rows]
        data = [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)]
        return 200, json.dumps({"object": "list", "model": "fake", "data": data}).encode()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def agent_over(folder: Path, documents: Mapping[str, str], graph: str = "quote") -> Agent:
    """An agent whose store, in `folder`, holds these documents, given as file names with their text."""
    root = folder / "documents"
    for name, text in documents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    agent = Agent(folder / "store", graph)
    agent.ingest([root], root=root)
    return agent
