"""Which server is a test for, and can it be had here?"""

from pathlib import Path

import pytest

from tests.serving.environments import TESTED, Failed, prepared

only_vllm = pytest.mark.parametrize("server", ["vllm"], indirect=True)
"""For a test of what llama.cpp does not do: it shares the vLLM that the fixture `server` starts for all."""


def interpreter(name: str) -> Path:
    """What can start the server `name`. Skips where there are no packages of it; any other failure is one."""
    try:
        return prepared(name)
    except Failed as failed:
        (pytest.fail if TESTED else pytest.skip)(f"{name}: {failed}")
