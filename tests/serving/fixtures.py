"""The fixture `server`: first vLLM, then llama.cpp, each for all the tests that ask for it.

A test module has `pytest_plugins = ["tests.serving.fixtures"]`, marks its tests `integration`, and gives them
the time that installing the packages takes (`timeout(900)`). They run once for each server, or with the mark
`only_vllm` (choosing.py) for that one.
"""

from collections.abc import Iterator

import pytest

from tests.serving.choosing import interpreter
from tests.serving.servers import Server, command, free_port, serving


@pytest.fixture(scope="session", params=["vllm", "llama"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A real server. Its tests are skipped where there are no packages of it; any other failure is one."""
    python = interpreter(request.param)
    chosen = Server(request.param, free_port())
    with serving(chosen, command(chosen, str(python))):
        yield chosen
