"""An HTTP server on a free port of this machine that stops at once and takes its connections along."""

import socketserver
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import MSG_PEEK, SHUT_RDWR, socket
from threading import Condition, Thread
from types import TracebackType
from typing import Any, Self

_POLL = 0.01  # seconds until a stop is noticed; a request is noticed at once
_LAST_WORDS = 2.0  # seconds that threads have to end once their connections are cut


class LocalServer:
    """What the fake servers share: a port, a thread, and `with`."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self._listener = _Listener(("127.0.0.1", 0), handler)
        self._thread = Thread(target=self._listener.serve_forever, args=(_POLL,), daemon=True)

    @property
    def url(self) -> str:
        """What to give as the server's URL; it ends in /v1."""
        return f"http://127.0.0.1:{self._listener.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()
        self._listener.cut_connections()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    # A burst beyond the backlog waits a second for the client's system to try again.
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[socket] = set()
        self._closed = Condition()
        super().__init__(address, handler)

    def server_bind(self) -> None:
        # Not HTTPServer's, which asks the name service for this machine's name: seconds where there is none.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._closed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._closed:
            self._open.discard(request)
            self._closed.notify_all()

    def cut_connections(self) -> None:
        """End what is still open, and the threads with it."""
        with self._closed:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(SHUT_RDWR)
            self._closed.wait_for(lambda: not self._open, _LAST_WORDS)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that left is none of our errors; anything else is a bug, and is told.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def is_gone(connection: socket, seconds: float = 0.0) -> bool:
    """Whether the client leaves within so many seconds; without any, whether it has left."""
    try:
        # Not select(), which takes no descriptor above 1023.
        connection.settimeout(seconds)
        return not connection.recv(1, MSG_PEEK)
    except (TimeoutError, BlockingIOError):
        return False
    except OSError:
        return True
    finally:
        with suppress(OSError):
            connection.settimeout(None)
