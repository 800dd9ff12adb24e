"""Offline by construction, and nobody's settings: both hold for every test."""

import functools
import os
import signal
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is; and what passes here is to pass elsewhere.
settings.register_profile("xagent", deadline=None, derandomize=True)
settings.load_profile("xagent")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any connection that leaves this machine fails the test that makes it."""
    connect = socket.socket.connect
    connect_ex = socket.socket.connect_ex

    def checked(self: socket.socket, address: Any) -> Any:
        internet = self.family in (socket.AF_INET, socket.AF_INET6)
        if internet and address[0] not in ("127.0.0.1", "::1", "localhost"):
            pytest.fail(f"a test tried to reach {address}", pytrace=True)
        return address

    monkeypatch.setattr(socket.socket, "connect", lambda self, a: connect(self, checked(self, a)))
    monkeypatch.setattr(socket.socket, "connect_ex", lambda self, a: connect_ex(self, checked(self, a)))


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_is_heeded() -> None:
    """Also where the tests run in the background of a shell, which has their programs ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def one_tls_context() -> Iterator[None]:
    """The system's certificates are read once, not for every client: no server of the tests speaks TLS."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", functools.cache(ssl.create_default_context))
        yield


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No XAGENT_* of the person who runs the tests, no model server that happens to run, no colour."""
    for name in [name for name in os.environ if name.startswith(("XAGENT_", "OPENAI_", "LANGSMITH_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XAGENT_PROBE", "0")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "dumb")
