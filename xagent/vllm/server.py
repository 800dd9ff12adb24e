"""How is a server started, waited for, watched and stopped?"""

import http.client
import os
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from xagent.errors import EndpointError, InputError
from xagent.terminal import one_line
from xagent.vllm import processes, state
from xagent.vllm.causes import cause, gist
from xagent.vllm.commandline import Launch, environment
from xagent.vllm.program import program
from xagent.vllm.state import Server

_SOON = 1.0  # seconds: a server on this machine answers at once
_EVERYWHERE = ("0.0.0.0", "::", "")


@dataclass(frozen=True, slots=True)
class Key:
    """What clients have to show: a secret, and the file it is kept in where xagent made it."""

    secret: str = ""
    file: str = ""


def chosen_key(given: str, *, none: bool) -> Key:
    """The key the servers ask for: what was given, or none, or the one that xagent makes and keeps."""
    if none:
        return Key()
    if given:
        return Key(given)
    path = state.made_key()
    return Key(path.read_text("utf-8").strip(), str(path))


@dataclass(frozen=True, slots=True)
class Started:
    """A server that this process has started, and its process."""

    server: Server
    process: subprocess.Popen[bytes]

    @property
    def ended(self) -> bool:
        """Whether its process is over; this also collects it."""
        return self.process.poll() is not None


def check_ports(launches: Sequence[Launch]) -> None:
    """Raises InputError where something listens on a port that is needed."""
    ours = {server.port for server in state.servers() if server.alive}
    for launch in launches:
        if launch.port in ours:
            raise InputError(
                f"xagent already serves a model on port {launch.port}: see `xagent vllm status`, end it "
                f"with `xagent vllm stop`, or choose another --port"
            )
        if problem := _taken(launch.host, launch.port):
            raise InputError(
                f"port {launch.port} of {one_line(launch.host)} cannot be used ({problem}): choose another "
                f"with --port"
            )


def start(launch: Launch, key: Key) -> Started:
    """Start a server, and write down that it was; it loads for a while yet. Raises ServerMissing."""
    command = [*program(), launch.model, *launch.arguments]
    log = state.made_folder() / f"{launch.port}.log"
    process = _begun(command, environment(launch, key.secret), log)
    server = Server(
        role=launch.role,
        pid=process.pid,
        born=processes.born(process.pid),
        url=url_of(launch),
        model=launch.served,
        weights=launch.model,
        started=datetime.now().astimezone().isoformat(timespec="seconds"),
        log=str(log),
        key_file=key.file,
        arguments=launch.arguments,
    )
    try:
        state.keep(server)
    except OSError:  # the disk is full, say: `xagent vllm stop` would not find it
        processes.end(server.pid, server.born)
        process.wait()
        raise
    return Started(server, process)


def _begun(command: Sequence[str], told: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    variables = {name: value for name, value in os.environ.items() if name != "VLLM_API_KEY"}
    with log.open("wb") as said:
        # A session of its own: Ctrl-C in this terminal reaches xagent only, which ends all of it in order.
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env=variables | told,
            start_new_session=True,
        )


def url_of(launch: Launch) -> str:
    """The base URL by which this machine reaches it."""
    host = "127.0.0.1" if launch.host in _EVERYWHERE else launch.host
    return f"http://{f'[{host}]' if ':' in host else host}:{launch.port}/v1"


def ready(server: Server) -> bool:
    """Whether it answers requests."""
    address = urlsplit(server.url)
    # Past any proxy, and without the certificates that a client for HTTPS reads first.
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_SOON)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait(started: Started, progress: Callable[[float, str], None]) -> None:
    """Until it answers; `progress` gets the seconds so far and the last line of the log.

    Raises EndpointError where it ends instead. There is no limit: the first start fetches gigabytes.
    """
    began, log = time.monotonic(), Path(started.server.log)
    while not ready(started.server):
        if started.ended:
            raise _died(started, "ended while it was loading")
        progress(time.monotonic() - began, gist(log))
        time.sleep(0.1 if time.monotonic() - began < 5 else 1.0)


def watch(running: Sequence[Started]) -> None:
    """Until one of them ends, which raises EndpointError; the others are then of no use."""
    while True:
        for started in running:
            if started.ended:
                raise _died(started, "has ended")
        time.sleep(0.2)


def stop(server: Server) -> None:
    """End it with all that it started. Raises EndpointError where something outlives being killed."""
    if not processes.end(server.pid, server.born):
        raise EndpointError(f"processes of {one_line(server.model)} (group {server.pid}) do not end")
    state.forget(server)


def _died(started: Started, how: str) -> EndpointError:
    log = Path(started.server.log)
    name = one_line(started.server.weights)
    return EndpointError(f"the server of {name} {how}: {cause(log)}; its log is {log}")


def _taken(host: str, port: int) -> str:
    """What the system says against listening there; empty where it may be done."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        # As servers do: what was closed a moment ago is free.
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return ""
