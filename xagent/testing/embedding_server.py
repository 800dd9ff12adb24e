"""A fake server of embeddings."""

import json
from http.server import BaseHTTPRequestHandler
from typing import Literal

from xagent.embeddings import NgramEmbedder
from xagent.testing.loopback import LocalServer

EmbeddingFault = Literal["", "status 500", "status 401", "not json", "too few", "other size", "not a number"]
"""What an `EmbeddingServer` can do wrong."""


class EmbeddingServer(LocalServer):
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

        super().__init__(Handler)

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
