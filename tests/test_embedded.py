"""A model that is one file: its server's beginning and end, with a stand-in for llama.cpp."""

import json
import os
import pty
import signal
import subprocess
import sys
import textwrap
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.gguf_files import gguf, tensor
from xagent import embedded
from xagent.embedded import CONTEXT, SLOTS, close, is_file, serve
from xagent.errors import EndpointError, InputError, MissingExtra


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "模型 Àwòṣe.gguf"
    path.write_bytes(gguf(tensor(30, 1_000_000), tensor(5_000_000)))
    return path


@pytest.mark.parametrize("name", ["a.gguf", "C:\\models\\A.GGUF", "./模型.gguf"])
def test_a_name_that_ends_in_gguf_is_a_file(name: str) -> None:
    assert is_file(name)


@pytest.mark.parametrize("name", ["", "gguf", "Qwen/Qwen3-8B-GGUF", "model.gguf.part"])
def test_any_other_name_is_a_models(name: str) -> None:
    assert not is_file(name)


def test_what_is_no_gguf_file_is_never_started(library: str, tmp_path: Path) -> None:
    (tmp_path / "page.gguf").write_text("<!DOCTYPE html>", "utf-8")
    for name in ("page.gguf", "none.gguf", ""):
        with pytest.raises(InputError):
            serve(tmp_path / name)


def test_without_the_package_the_extra_is_named(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"a model in a file .*xagent\[embedded\]"):
        serve(model)


# What is used of xllamacpp: a server that answers with its own parameters, and noise where none should be.
STAND_IN = textwrap.dedent("""
    import http.server, json, os, signal, sys, threading
    from types import SimpleNamespace

    def CommonParams():
        return SimpleNamespace(model=SimpleNamespace(path=""), cpuparams=SimpleNamespace(n_threads=-1),
                               cpuparams_batch=SimpleNamespace(n_threads=-1))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps({"pid": os.getpid(), **self.server.told}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            sys.stderr.write("noise")

    class Server:
        def __init__(self, chosen):
            how = os.environ.get("STAND_IN", "")
            if how == "killed":
                os.kill(os.getpid(), signal.SIGILL)
            if how == "damaged":
                sys.stderr.write("0.00.036.040 W load: odd\\n0.00.036.041 E load: unknown '\\x1b[2J模型'\\n")
                raise RuntimeError("Failed to init server")
            server = http.server.ThreadingHTTPServer(("127.0.0.1", chosen.port), Handler)
            server.told = {"path": chosen.model.path, "alias": chosen.model_alias, "slots": chosen.n_parallel,
                           "context": chosen.n_ctx, "threads": chosen.cpuparams.n_threads}
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.listening_address = f"http://127.0.0.1:{server.server_port}"
""")


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The stand-in's folder, which this process and those that it starts find it in."""
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "xllamacpp.py").write_text(STAND_IN, "utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(folder), str(Path(__file__).parent.parent))))
    yield str(folder)
    close()


def told(url: str) -> dict[str, object]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/models", timeout=10) as answer:
        answered: dict[str, object] = json.load(answer)
    return answered


def silent(url: str) -> bool:
    """Whether nobody answers there any more, within five seconds."""
    for _ in range(100):
        try:
            told(url)
        except OSError:
            return True
        threading.Event().wait(0.05)
    return False


def test_threads_that_ask_for_a_file_share_one_server_of_it(
    library: str, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(model.parent)
    with ThreadPoolExecutor(4) as pool:
        urls = set(pool.map(serve, [model, str(model), model.name, f"./{model.name}"]))
    (url,) = urls
    assert url.startswith("http://127.0.0.1:")
    assert url.endswith("/v1")
    server = told(url)
    assert (server["path"], server["alias"]) == (str(model), [model.name])
    assert (server["slots"], server["context"]) == (SLOTS, SLOTS * 4096)
    assert server["threads"] == embedded._threads()


def test_no_more_context_is_kept_than_a_question_needs(library: str, model: Path) -> None:
    model.write_bytes(gguf(tensor(5), context=131_072))
    assert told(serve(model))["context"] == SLOTS * CONTEXT


def test_two_files_are_served_side_by_side_until_all_is_closed(library: str, model: Path) -> None:
    other = model.with_name("อื่น.gguf")
    other.write_bytes(model.read_bytes())
    urls = [serve(model), serve(other)]
    assert [told(url)["path"] for url in urls] == [str(model), str(other)]
    close()
    for url in urls:
        with pytest.raises(OSError, match="refused"):
            told(url)


def test_a_server_that_was_killed_is_started_again(library: str, model: Path) -> None:
    before = told(serve(model))["pid"]
    os.kill(int(str(before)), signal.SIGKILL)
    embedded._served[str(model)].process.wait()
    assert told(serve(model))["pid"] != before


def test_ctrl_c_ends_an_answer_and_not_the_model(library: str, model: Path) -> None:
    pid = told(serve(model))["pid"]
    os.kill(int(str(pid)), signal.SIGINT)
    assert told(serve(model))["pid"] == pid


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("damaged", r"does not load: load: unknown '模型'; try another file"),
        ("killed", r"Illegal instruction.* memory .* AVX2; try another file"),
    ],
)
def test_a_model_that_does_not_load_is_an_error_that_says_why(
    library: str, model: Path, monkeypatch: pytest.MonkeyPatch, how: str, why: str
) -> None:
    monkeypatch.setenv("STAND_IN", how)
    with pytest.raises(EndpointError, match=why):
        serve(model)
    monkeypatch.delenv("STAND_IN")
    assert told(serve(model))["path"] == str(model)


SERVES = """
import os, signal, sys
from xagent.embedded import serve
print(serve(sys.argv[1]), flush=True)
if sys.argv[2] == "killed": os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("how", ["ends", "killed"])
def test_a_server_ends_with_its_process_and_is_quiet(library: str, model: Path, how: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVES, str(model), how],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == (0 if how == "ends" else -signal.SIGKILL)
    assert done.stderr == ""
    (url,) = done.stdout.splitlines()
    assert silent(url)


def test_a_terminal_shows_what_is_loaded_and_what_it_can_do(library: str, model: Path) -> None:
    leader, follower = pty.openpty()
    screen = os.environ | {"TERM": "xterm"}
    command = [sys.executable, "-c", SERVES, str(model), "ends"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=follower, env=screen, timeout=30, check=False
    )
    os.close(follower)
    shown = os.read(leader, 10_000).decode()
    os.close(leader)
    assert done.returncode == 0
    assert f"xagent: {model.name}: 35M parameters, 0.0 GB: it can hold the form" in shown
    assert f"loading {model.name}" in shown
