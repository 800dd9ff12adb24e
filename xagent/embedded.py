"""How is a model used that is one file? xagent serves it, by llama.cpp, in a process of its own.

Not in this process: there llama.cpp would hold up every thread while it loads, and crash the program that
ends while an answer is being written; and what a damaged file or a lack of memory does, it would do to us.
"""

import atexit
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import IO

from xagent.errors import EndpointError, MissingExtra
from xagent.gguf import Header, read_header
from xagent.terminal import console, one_line

SLOTS = 4
"""Requests that are answered at once."""

CONTEXT = 8192
"""Tokens that a request and its answer may have, where the model was trained with as many."""

_PROGRAM = Path(__file__).with_name("embedded_server.py")
# Threads that wait for each other in a loop stop one another where other programs run, too: on two busy
# cores an answer takes ten times as long.
_SLEEP = {"OMP_WAIT_POLICY": "passive"}
_CORES = Path("/sys/devices/system/cpu")
_ERROR = re.compile(r"^\S+ E (.+)$", re.MULTILINE)  # as llama.cpp logs it, after the time


@dataclass(frozen=True, slots=True)
class _Served:
    """A model's process and its base URL."""

    process: subprocess.Popen[bytes]
    url: str


_served: dict[str, _Served] = {}  # by the file's whole path
_lock = Lock()


def is_file(name: str) -> bool:
    """Whether a model's name is that of a GGUF file, by its ending."""
    return name.lower().endswith(".gguf")


def serve(path: str | Path) -> str:
    """The base URL, ending in `/v1`, at which this machine serves a GGUF file; it is loaded if need be.

    There is one server for a file and process, for all threads, until `close` or the process ends. In a
    terminal, standard error shows what a model of that size can do, and that it is being loaded. Raises
    InputError for what is no GGUF file, MissingExtra, and EndpointError when the model does not load.
    """
    file = os.path.abspath(path)
    with _lock:
        if file in _served and _served[file].process.poll() is not None:
            _end(_served.pop(file).process)
        if file not in _served:
            _served[file] = _start(Path(file))
        return _served[file].url


@atexit.register
def close() -> None:
    """Stop serving, also what is being answered, and free the memory."""
    with _lock:
        for served in _served.values():
            _end(served.process)
        _served.clear()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()  # it has nothing to save
    process.communicate()


def _start(path: Path) -> _Served:
    header = read_header(path)
    if find_spec("xllamacpp") is None:
        raise MissingExtra("a model in a file", "embedded")
    with ExitStack() as undone, tempfile.TemporaryFile() as log, _shown(path, header):
        process = subprocess.Popen(
            _command(path, header),
            env=_SLEEP | os.environ,
            stdin=subprocess.PIPE,  # it ends when this does: with our process, however that ends
            stdout=subprocess.PIPE,
            stderr=log,
        )
        undone.callback(_end, process)
        assert process.stdout is not None
        if address := process.stdout.readline().decode().strip():
            undone.pop_all()
            return _Served(process, f"{address}/v1")
        raise EndpointError(_failure(path, header, process.wait(), log))


def _command(path: Path, header: Header) -> list[str]:
    context = min(CONTEXT, header.context or CONTEXT)
    arguments = (path, one_line(path.name), SLOTS, context, _threads())
    # -P, or the modules beside the program would hide others of their names.
    return [sys.executable, "-P", str(_PROGRAM), *map(str, arguments)]


def _threads() -> int:
    """The physical cores that this process may use; 0 where only llama.cpp can tell.

    Two threads on one core slow it down, as do more threads than cores.
    """
    if sys.platform != "linux":
        return 0
    usable = os.sched_getaffinity(0)
    listed = [_CORES / f"cpu{number}" / "topology" / "thread_siblings_list" for number in usable]
    if not all(siblings.is_file() for siblings in listed):
        return len(usable)
    return len({siblings.read_text("ascii") for siblings in listed})


def _failure(path: Path, header: Header, status: int, log: IO[bytes]) -> str:
    """Why a model did not load, by llama.cpp's first error, and what to do."""
    log.seek(0)
    said = _ERROR.search(log.read(100_000).decode("utf-8", "replace"))
    why = said[1] if said else _likely(header, status)
    return (
        f"{one_line(path.name)} does not load: {one_line(why)[:300]}; "
        f"try another file, or start a server and set XAGENT_MODEL_URL"
    )


def _likely(header: Header, status: int) -> str:
    """What ends llama.cpp without a word."""
    ended = signal.strsignal(-status) if status < 0 else f"exit status {status}"
    return (
        f"{ended}, likely for want of memory (it takes {header.bytes / 1e9:.1f} GB and its context) "
        f"or, on x86, of a processor with AVX2"
    )


@contextmanager
def _shown(path: Path, header: Header) -> Iterator[None]:
    """What is being loaded, on standard error; nothing where nobody watches."""
    screen = console(stderr=True)
    if not screen.is_terminal:
        yield
        return
    name = one_line(path.name)
    screen.print(f"xagent: {name}: {header.note}", style="dim", soft_wrap=True)
    with screen.status(f"loading {name}"):
        yield
