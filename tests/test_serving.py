"""What xagent relies on in an OpenAI-compatible server, asked of vLLM and of llama.cpp themselves.

The model is too small to answer well: what it says is never looked at, only what a server makes sure of.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionChunk
from pydantic import BaseModel, ConfigDict, Field

from tests.serving.servers import Server, living, started, until

pytest_plugins = ["tests.serving.fixtures"]
# The first test of a server waits until its packages are installed.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

QUESTIONS = {
    "en": "When was the bridge over the river opened?",
    "ar": "متى افتُتح الجسر المقام على النهر؟",
    "he": "מתי נחנך הגשר שמעל הנהר?",
    "hi": "नदी पर बना पुल कब खोला गया था?",
    "th": "สะพานข้ามแม่น้ำเปิดใช้เมื่อใด",
    "zh": "河上的桥是什么时候通车的？",
    "fi": "Milloin joen ylittävä silta avattiin?",
    "yo": "Nígbà wo ni wọ́n ṣí afárá orí odò náà?",
}
CITIES = ["القاهرة", "ירושלים", "दिल्ली", "กรุงเทพมหานคร", "北京", "東京", "Jyväskylä", "İstanbul", "Ọ̀yọ́"]


class Found(BaseModel):
    """A shape as xagent asks for: closed, every string and list bounded."""

    model_config = ConfigDict(extra="forbid")

    city: str = Field(max_length=20, json_schema_extra={"enum": [*CITIES]})
    supported: bool
    sources: list[int] = Field(max_length=3)


@pytest.fixture
def client(server: Server) -> Iterator[OpenAI]:
    with OpenAI(base_url=server.base_url, api_key="none", timeout=120, max_retries=0) as made:
        yield made


def asked(question: str, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": question}], "temperature": 0.0, **more}


def test_the_server_lists_its_model(server: Server, client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [server.model]


def written(chunks: list[ChatCompletionChunk]) -> list[str]:
    return [choice.delta.content for chunk in chunks for choice in chunk.choices if choice.delta.content]


@pytest.mark.parametrize("language", QUESTIONS)
def test_an_answer_streams_and_ends_with_its_usage(server: Server, client: OpenAI, language: str) -> None:
    request = asked(QUESTIONS[language], max_tokens=24)
    stream = client.chat.completions.create(
        model=server.model, stream=True, stream_options={"include_usage": True}, **request
    )
    chunks = list(stream)
    ends = [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]
    usage = chunks[-1].usage
    assert len(written(chunks)) > 1
    assert usage is not None
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.prompt_tokens > len(QUESTIONS[language].split())
    assert 1 < usage.completion_tokens <= 24
    assert ends == ["length" if usage.completion_tokens == 24 else "stop"]


def test_the_same_seed_gives_the_same_answer(server: Server, client: OpenAI) -> None:
    request = asked(QUESTIONS["en"], max_tokens=16) | {"temperature": 1.0, "seed": 7}
    answers = {
        client.chat.completions.create(model=server.model, **request).choices[0].message.content
        for _ in range(2)
    }
    assert len(answers) == 1


def form(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "found", "strict": True, "schema": schema}}


@pytest.mark.parametrize("language", QUESTIONS)
def test_an_answer_has_the_shape_that_was_asked_for(server: Server, client: OpenAI, language: str) -> None:
    """Streamed in pieces, as letters of several bytes are what a server could cut."""
    request = asked(QUESTIONS[language], max_tokens=160, response_format=form(Found.model_json_schema()))
    stream = client.chat.completions.create(model=server.model, stream=True, **request)
    found = Found.model_validate_json("".join(written(list(stream))))
    assert found.city in CITIES


@pytest.mark.parametrize("city", CITIES)
def test_a_word_of_any_script_arrives_whole(server: Server, client: OpenAI, city: str) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"enum": [city]}},
        "required": ["city"],
        "additionalProperties": False,
    }
    request = asked("Name a city.", max_tokens=120, response_format=form(schema))
    answer = client.chat.completions.create(model=server.model, **request).choices[0]
    assert answer.finish_reason == "stop"
    assert json.loads(answer.message.content or "") == {"city": city}


def test_the_server_stops_writing_when_nobody_reads_any_more(server: Server, client: OpenAI) -> None:
    """The answer would take at least twice the time that it is given to stop in."""
    request = asked(QUESTIONS["en"], max_tokens=3500, extra_body={"ignore_eos": True})
    began = time.monotonic()
    stream = client.chat.completions.create(model=server.model, stream=True, **request)
    for _ in range(20):
        next(stream)
    pace = (time.monotonic() - began) / 20
    assert server.generating() == 1
    stream.close()
    assert until(lambda: server.generating() == 0, min(10, pace * 3480 / 2))


STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]).wait()"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_server_leaves_no_process_behind(tmp_path: Path) -> None:
    with started([sys.executable, "-c", PARENT], str(tmp_path)) as process:
        assert until(lambda: len(living(process.pid)) == 2, 20)
    assert living(process.pid) == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs PR_SET_PDEATHSIG")
def test_a_server_ends_with_the_tests_even_when_these_are_killed(tmp_path: Path) -> None:
    program = (
        "import os, sys, time; from tests.serving.servers import started\n"
        "with started([sys.executable, '-c', 'import time; time.sleep(60)'], sys.argv[1]) as process:\n"
        "    time.sleep(1); print(process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    root = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -9, done.stderr
    assert until(lambda: not living(int(done.stdout)), 20)
