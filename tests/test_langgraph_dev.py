"""`langgraph dev` serves every graph of langgraph.json, asked as Studio and other programs ask it."""

import dataclasses
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient
from langgraph_sdk.schema import StreamMode

from tests.serving.servers import TIED, free_port, living, stop, until
from xagent.context import Context
from xagent.registry import names
from xagent.testing import ModelServer, agent_over

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        importlib.util.find_spec("langgraph_api") is None, reason="needs pip install 'langgraph-cli[inmem]'"
    ),
]

ROOT = Path(__file__).parent.parent
START = 60.0  # seconds
LIGHTHOUSE = "The Varnholm lighthouse was built in 1874 by the engineer Ida Brandt."
KLOSTER = "Das Kloster Quellingen wurde im Jahr 1203 von Abt Konrad gegründet."
PORT = "بُني ميناء رأس الغزال عام 1921 على يد المهندسة سلمى الحداد."
DARAJA = "Daraja la Mtoni lilijengwa mwaka 1965 na mhandisi Juma Bakari."
TEMPLE = "妙見寺の五重塔は、1688年に大工の沢村吉兵衛が建てた。"
DOCUMENTS = {
    "lighthouse.md": f"# The Varnholm lighthouse\n\n{LIGHTHOUSE}\n",
    "kloster.md": f"# Das Kloster Quellingen\n\n{KLOSTER}\n",
    "port.md": f"# ميناء رأس الغزال\n\n{PORT}\n",
    "daraja.md": f"# Daraja la Mtoni\n\n{DARAJA}\n",
    "temple.md": f"# 妙見寺\n\n{TEMPLE}\n",
}
WHEN = "When was the Varnholm lighthouse built by the engineer Ida Brandt?"
QUESTIONS = {
    "en": (WHEN, LIGHTHOUSE),
    "de": ("Wann wurde das Kloster Quellingen von Abt Konrad gegründet?", KLOSTER),
    "ar": ("متى بُني ميناء رأس الغزال على يد المهندسة سلمى الحداد؟", PORT),
    "sw": ("Daraja la Mtoni lilijengwa mwaka gani na mhandisi Juma Bakari?", DARAJA),
    "ja": ("妙見寺の五重塔は、いつ大工の沢村吉兵衛が建てたのですか。", TEMPLE),
}
MODES: list[StreamMode] = ["updates", "custom", "messages-tuple"]


@dataclass(frozen=True)
class Dev:
    """The server, in its own folder, and the choices that its runs are given."""

    process: subprocess.Popen[bytes]
    folder: Path
    port: int
    choices: Mapping[str, str]
    client: SyncLangGraphClient

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")

    def answers(self) -> bool:
        """Whether it is up."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/ok")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def thread(self) -> str:
        return str(self.client.threads.create()["thread_id"])

    def run(self, graph: str, asked: Any, thread: str = "", **more: Any) -> list[Any]:
        """Ask a graph on a thread or a new one, and give the parts of its stream. No error may be in it."""
        stream = self.client.runs.stream(
            thread or self.thread(), graph, input=asked, context=self.choices, stream_mode=MODES, **more
        )
        parts = list(stream)
        assert not [part.data for part in parts if part.event == "error"], self.log[-4000:]
        return parts


def environment(folder: Path) -> dict[str, str]:
    """This process's, without settings of ours or of LangSmith's; the graphs import this checkout."""
    foreign = ("XAGENT_", "LANGSMITH_", "LANGCHAIN_", "LANGGRAPH_", "OPENAI_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    quiet = {"LANGGRAPH_CLI_NO_ANALYTICS": "1", "LANGSMITH_TRACING": "false", "NO_COLOR": "1"}
    return kept | quiet | {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}


def start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """The server in a copy of what it serves: it writes a folder of its own beside it."""
    shutil.copy(ROOT / "langgraph.json", folder)
    shutil.copytree(ROOT / "graphs", folder / "graphs")
    tied = [sys.executable, "-c", TIED] if sys.platform == "linux" else []
    command = [sys.executable, "-m", "langgraph_cli", "dev", "--no-browser", "--no-reload"]
    with open(folder / "log", "wb") as output:
        return subprocess.Popen(
            [*tied, *command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory, model: ModelServer) -> Iterator[Dev]:
    folder, port = tmp_path_factory.mktemp("dev"), free_port()
    with agent_over(tmp_path_factory.mktemp("documents"), DOCUMENTS) as agent:
        choices = {"store": str(Path(agent.context.store).absolute()), "model_url": model.url}
    process = start(folder, port)
    try:
        with get_sync_client(url=f"http://127.0.0.1:{port}") as client:
            server = Dev(process, folder, port, choices, client)
            assert until(lambda: server.answers() or process.poll() is not None, START), server.log
            assert process.poll() is None, server.log
            yield server
    finally:
        stop(process)
    assert not living(process.pid)
    # Blocking the loop is an error of the run in most cases, and only told in the log in some.
    assert "Blocking call" not in server.log


def updates(parts: list[Any]) -> dict[str, Any]:
    """What each node set, in the order in which they ended."""
    told = [part.data for part in parts if part.event == "updates"]
    return {node: fields for data in told for node, fields in data.items()}


def test_every_graph_is_an_assistant(dev: Dev) -> None:
    assistants = dev.client.assistants.search(limit=100)
    assert sorted(assistant["graph_id"] for assistant in assistants) == list(names("graphs"))
    assert {assistant["name"] for assistant in assistants} == set(names("graphs"))


@pytest.mark.parametrize("graph", names("graphs"))
def test_a_graph_is_asked_by_a_form_of_plain_fields(dev: Dev, graph: str) -> None:
    (assistant,) = dev.client.assistants.search(graph_id=graph)
    schemas = dev.client.assistants.get_schemas(assistant["assistant_id"])
    asked, choices = schemas["input_schema"], schemas["context_schema"]
    assert asked is not None
    assert choices is not None
    assert asked["required"] == ["question"]
    assert {name: field["type"] for name, field in asked["properties"].items()} == {
        "question": "string",
        "language": "string",
    }
    fields = dataclasses.fields(Context)
    assert list(choices["properties"]) == [field.name for field in fields]
    for field in fields:
        shown = choices["properties"][field.name]
        plain = shown["items"] if shown["type"] == "array" else shown
        assert plain["type"] in ("string", "integer", "number", "boolean"), field.name
        assert shown["default"] == json.loads(json.dumps(field.default)), field.name
    drawn = dev.client.assistants.get_graph(assistant["assistant_id"])
    assert {"detect", "compose"} <= {node["id"] for node in drawn["nodes"]}


@pytest.mark.parametrize("code", QUESTIONS)
def test_quote_answers_in_every_language(dev: Dev, code: str) -> None:
    question, sentence = QUESTIONS[code]
    parts = dev.run("quote", {"question": question})
    done = updates(parts)
    assert list(done) == ["detect", "retrieve", "quote", "verify", "compose"]
    assert done["compose"]["citations"][0]["quote"] == sentence
    assert done["compose"]["answer_language"] == code
    assert not [part for part in parts if part.event == "messages"]


@pytest.mark.parametrize("code", QUESTIONS)
def test_qa_streams_steps_tokens_and_statements(dev: Dev, code: str) -> None:
    question, sentence = QUESTIONS[code]
    parts = dev.run("qa", {"question": question})
    done = updates(parts)
    assert list(done)[-4:] == ["answer", "verify", "enforce", "compose"]
    assert done["compose"]["text"] == f"{sentence} [1]"
    assert [part.data for part in parts if part.event == "custom"] == [{"statement": f"{sentence} [1]"}]
    tokens = [part.data for part in parts if part.event == "messages"]
    assert {about["langgraph_node"] for _, about in tokens} == {"answer", "verify"}
    said = "".join(token["content"] for token, about in tokens if about["langgraph_node"] == "answer")
    assert json.loads(said)["claims"][0]["text"] == sentence


@pytest.mark.parametrize("graph", [name for name in names("graphs") if name not in ("qa", "quote")])
def test_the_other_graphs_answer_in_another_language(dev: Dev, graph: str) -> None:
    done = updates(dev.run(graph, {"question": WHEN, "language": "fa"}))
    assert done["compose"]["text"]
    assert done["compose"]["answer_language"] == "fa"


def test_a_run_waits_before_a_node_and_goes_on(dev: Dev, model: ModelServer) -> None:
    thread = dev.thread()
    before = len(model.requests)
    dev.run("qa", {"question": WHEN}, thread, interrupt_before=["answer"])
    state = dev.client.threads.get_state(thread)
    assert state["next"] == ["answer"]
    assert state["values"]["evidence"][0]["text"]  # type: ignore[call-overload]
    assert len(model.requests) == before
    done = updates(dev.run("qa", None, thread))
    assert next(iter(done)) == "answer"
    assert done["compose"]["text"] == f"{LIGHTHOUSE} [1]"


def test_a_follow_up_on_a_thread_knows_what_was_said(dev: Dev, model: ModelServer) -> None:
    thread = dev.thread()
    dev.run("qa", {"question": WHEN}, thread)
    before = len(model.requests)
    dev.run("qa", {"question": "And who built it, the engineer Ida Brandt?"}, thread)
    first = model.requests[before]
    assert first.schema == "Standalone"
    assert WHEN in str(first.messages[-1]["content"])
    history = dev.client.threads.get_state(thread)["values"]["history"]  # type: ignore[call-overload]
    assert len(history) == 2
    assert history[0]["question"] == WHEN
