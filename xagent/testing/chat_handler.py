"""The HTTP side of a fake model: one thread a connection, one method a way to reply."""

import json
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler

from xagent.testing.completion import Completion, Object, Refused
from xagent.testing.fake_model import FakeModel
from xagent.testing.loopback import is_gone
from xagent.testing.prompt import ENDPOINTS
from xagent.testing.request import Request

LONGEST_HANG = 30.0
"""Seconds after which a fault that waits for the client to leave gives up."""
_BLANK_PAUSE = 0.001  # seconds between blank lines: endless, but not as fast as the machine can
_PAGE = b"<!doctype html><title>Sign in</title><p>It works!</p>"


class _ClientLeft(Exception):
    """There is nobody to reply to."""


class ChatHandler(BaseHTTPRequestHandler):
    """Serves `fake`, which a subclass sets."""

    fake: FakeModel
    _request: Request | None = None
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """The models, whether the server is up, and that what is served wants a POST."""
        if self.path == "/v1/models":
            entry = {"id": self.fake.model, "object": "model", "created": 0, "owned_by": self._owner}
            self._send_object({"object": "list", "data": [entry]})
        elif self.path == "/health":
            self._send(200, b"", "text/plain")
        elif self.path in self.fake.endpoints:
            self._send_object(Refused(405, "Method Not Allowed").as_object(), 405)
        else:
            self._send_object(Refused(404, "Not Found").as_object(), 404)

    def do_POST(self) -> None:
        """A chat, or what else is served."""
        try:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)))
        except ValueError:
            body = None
        if self.path != "/v1/chat/completions" and self.path not in self.fake.endpoints:
            self._send_object(Refused(404, "Not Found").as_object(), 404)
        elif not isinstance(body, dict):
            self._send_object(Refused(400, "The body is not a JSON object.").as_object(), 400)
        else:
            self._serve(self.fake.begin(body, (self.headers["Authorization"] or "").removeprefix("Bearer ")))

    def log_message(self, format: str, *args: object) -> None:
        """Tests print nothing."""

    @property
    def _owner(self) -> str:
        """Decisions are vLLM's: who serves them passes for it."""
        return "vllm" if "/v1/decisions" in self.fake.endpoints else "xagent"

    def _serve(self, request: Request) -> None:
        self._request = request
        try:
            self._wait(self.fake.delay)
            self._reply(request, self.fake.complete(request))
        except Refused as refused:
            headers = {"Retry-After": "0"} if refused.status == 429 else {}
            self._send_object(refused.as_object(), refused.status, headers)
        except (_ClientLeft, ConnectionError):
            request.disconnected = True
            self.close_connection = True
        finally:
            self._request = None
            self.fake.end(request)

    def _reply(self, request: Request, completion: Completion) -> None:
        if "hanging" in request.faults:
            self._wait(LONGEST_HANG)
            self.close_connection = True
        elif "not json" in request.faults:
            self._send(200, _PAGE, "text/html")
        elif request.schema in ENDPOINTS.values():
            self._send(200, completion.content.encode("utf-8", "replace"), "application/json")
        elif request.body.get("stream"):
            self._stream(request, completion)
        else:
            self._send_whole(request, completion)

    def _stream(self, request: Request, completion: Completion) -> None:
        options = request.body.get("stream_options")
        usage = isinstance(options, dict) and bool(options.get("include_usage"))
        pieces = [
            json.dumps(piece, ensure_ascii=False) for piece in completion.chunks(self.fake.letters, usage)
        ]
        dropped = "dropped" in request.faults
        self._begin(200, {"Content-Type": "text/event-stream; charset=utf-8", "Transfer-Encoding": "chunked"})
        for piece in pieces[: len(pieces) // 2] if dropped else [*pieces, "[DONE]"]:
            self._wait(self._pause(request))
            event = f"data: {piece}\n\n".encode("utf-8", "replace")
            self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
        if dropped:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _send_whole(self, request: Request, completion: Completion) -> None:
        body = json.dumps(completion.whole(), ensure_ascii=False).encode("utf-8", "replace")
        self._wait(self._pause(request) * len(completion.content) / self.fake.letters)
        if "dropped" in request.faults:
            self._begin(200, {"Content-Type": "application/json", "Content-Length": str(len(body))})
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        else:
            self._send(200, body, "application/json")

    def _pause(self, request: Request) -> float:
        if "slow" in request.faults:
            return self.fake.pause
        return _BLANK_PAUSE if "endless whitespace" in request.faults else 0.0

    def _wait(self, seconds: float) -> None:
        if is_gone(self.connection, seconds):
            raise _ClientLeft

    def _send_object(
        self, content: Object, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        self._send(status, json.dumps(content).encode(), "application/json", headers)

    def _send(self, status: int, body: bytes, kind: str, headers: Mapping[str, str] | None = None) -> None:
        self._begin(status, {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})})
        self.wfile.write(body)

    def _begin(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self._request:
            self._request.status = status
            self._request.first_byte = time.perf_counter()
        self.end_headers()
