"""What do people read while servers start, and when they are asked for?"""

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from xagent.terminal import console, one_line
from xagent.vllm.causes import cause
from xagent.vllm.commandline import Launch, environment
from xagent.vllm.server import Key, ready
from xagent.vllm.state import Server

_EVERY = 15.0  # seconds between the lines of a pipe

_SETTINGS = {
    "chat": ("XAGENT_MODEL_URL", "XAGENT_MODEL", "XAGENT_API_KEY"),
    "embedder": ("XAGENT_EMBEDDER_URL", "XAGENT_EMBEDDER", "XAGENT_EMBEDDER_KEY"),
    "reranker": ("XAGENT_RERANK_URL", "XAGENT_RERANK_MODEL", "XAGENT_RERANK_KEY"),
}
"""The variables by which xagent is told of a server: its URL, its model, its key."""


def described(launch: Launch) -> str:
    """What is started, in a line."""
    return f"{launch.role}: {one_line(launch.model)}{f' ({launch.about})' if launch.about else ''}"


@contextmanager
def loading(name: str) -> Iterator[Callable[[float, str], None]]:
    """What `server.wait` tells its progress: one redrawn line in a terminal, else one now and then."""
    from rich.text import Text

    screen = console(stderr=True)
    if not sys.stderr.isatty():
        yield _in_lines(name)
        return
    # As text: square brackets in a log are no markup.
    with screen.status(Text(f"{one_line(name)}: starting")) as status:
        yield lambda seconds, last: status.update(Text(_loading(name, seconds, last)))


def _in_lines(name: str) -> Callable[[float, str], None]:
    shown = -_EVERY

    def show(seconds: float, last: str) -> None:
        nonlocal shown
        if seconds - shown >= _EVERY:
            shown = seconds
            console(stderr=True).print(_loading(name, seconds, last), soft_wrap=True)

    return show


def _loading(name: str, seconds: float, last: str) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{one_line(name)}: loading, {minutes}:{rest:02} {last}".rstrip()


def show_ready(servers: Sequence[Server], key: Key) -> None:
    """Where the servers answer, and what is to be set, if anything."""
    screen = console()
    for server in servers:
        screen.print(f"{server.role:8} {server.url}  {one_line(server.model)}", soft_wrap=True)
    if key.secret and not key.file:
        screen.print(
            "Set XAGENT_API_KEY to the key that you gave it; then `xagent ask` finds the model by itself."
        )
    else:
        screen.print("`xagent ask` finds the model by itself.")
    screen.print("What other programs need to know, and xagent of what is served beside it:")
    for line in _to_set(servers, key):
        screen.print(line, soft_wrap=True)


def _to_set(servers: Sequence[Server], shared: Key) -> Iterator[str]:
    for server in servers:
        url, model, key = _SETTINGS[server.role]
        yield f"export {url}={shlex.quote(server.url)} {model}={shlex.quote(one_line(server.model))}"
        if shared.file or (shared.secret and server.role != "chat"):
            yield f'export {key}="{_secret(shared)}"'


def _secret(key: Key) -> str:
    """What a shell puts the key in for: a key is not shown."""
    return f"$(cat {shlex.quote(key.file)})" if key.file else "$XAGENT_API_KEY"


def as_rows(servers: Sequence[Server]) -> list[dict[str, str | int]]:
    """What is known of each server, without its key; how it is: ready, loading or ended; and why it ended."""
    return [_row(server) for server in servers]


def _row(server: Server) -> dict[str, str | int]:
    row = {"state": _state(server), "port": server.port, **asdict(server)}
    return row | ({"cause": cause(Path(server.log))} if row["state"] == "ended" else {})


def _state(server: Server) -> str:
    if not server.alive:
        return "ended"
    return "ready" if ready(server) else "loading"


def show_status(rows: Sequence[dict[str, str | int]]) -> None:
    """A line a server, and where its log is."""
    screen = console()
    if not rows:
        screen.print("xagent has started no server: `xagent vllm` starts one")
    for row in rows:
        told = f"{row['state']:8} {row['role']:8} {row['url']}  {row['model']}"
        why = f": {row['cause']}" if "cause" in row else ""
        screen.print(one_line(f"{told}  since {row['started']}, log {row['log']}{why}"), soft_wrap=True)


def shell_command(launch: Launch, key: Key) -> str:
    """What a shell would be given to start it: the key is named by its file, not shown."""
    words = ["vllm", "serve", launch.model, *launch.arguments]
    variables = [f"{name}={shlex.quote(value)}" for name, value in environment(launch).items()]
    if key.secret:
        variables.append(f'VLLM_API_KEY="{_secret(key)}"')
    return " ".join([*variables, *map(shlex.quote, words)])
