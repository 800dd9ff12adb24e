"""Serve the small model until Ctrl-C: `python -m tests.serving vllm --port 8211`, or `llama`.

What it runs in is made when it is missing: some minutes, and 2 GB in .venv-serving/.
"""

import argparse
import signal
import sys

from tests.serving.environments import prepared
from tests.serving.servers import Server, command, serving


def main() -> None:
    """Say where it is served, and wait."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("server", choices=("vllm", "llama"))
    parser.add_argument("--port", type=int, default=8211)
    given = parser.parse_args()
    server = Server(given.server, given.port)
    with serving(server, command(server, str(prepared(server.name)))):
        sys.stdout.write(f"{server.base_url}  (Ctrl-C ends it)\n")
        sys.stdout.flush()
        signal.sigwait([signal.SIGINT, signal.SIGTERM])


if __name__ == "__main__":
    main()
