"""A model in a file, served by llama.cpp itself: what is asked of it is answered, in the shape asked for.

The model is too small to answer well: what it says is never looked at, only what llama.cpp makes sure of.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI
from pydantic import BaseModel, ConfigDict, Field

from tests.serving.environments import TESTED, WEIGHTS, Failed, prepared
from xagent.embedded import CONTEXT, close, serve
from xagent.errors import EndpointError
from xagent.gguf import read_header

# The first test waits until the package is installed.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

QUESTIONS = {
    "ar": "متى افتُتح الجسر؟",
    "ja": "橋はいつ開通しましたか。",
    "th": "สะพานเปิดใช้เมื่อใด",
    "fi": "Milloin silta avattiin?",
    "yo": "Nígbà wo ni wọ́n ṣí afárá náà?",
}


class Found(BaseModel):
    """A shape as xagent asks for: closed, every string bounded."""

    model_config = ConfigDict(extra="forbid")

    supported: bool
    answer: str = Field(max_length=20)


@pytest.fixture(scope="module")
def library() -> Path:
    """The folder that has xllamacpp, which needs nothing else of it: it is for the same Python."""
    try:
        python = prepared("llama")
    except Failed as failed:
        (pytest.fail if TESTED else pytest.skip)(f"xllamacpp: {failed}")
    (package,) = python.parent.parent.glob("[Ll]ib/**/site-packages/xllamacpp")
    return package.parent


@pytest.fixture
def model(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The weights under a name in other letters than ASCII's; what serves them ends with the test."""
    monkeypatch.syspath_prepend(str(library))
    monkeypatch.setenv("PYTHONPATH", str(library))
    path = tmp_path / "模型 Àwòṣe.gguf"
    path.symlink_to(WEIGHTS)
    yield path
    close()


def asked(url: str, question: str, **more: Any) -> str:
    messages: Any = [{"role": "user", "content": question}]
    with OpenAI(base_url=url, api_key="none", timeout=300, max_retries=0) as client:
        answer = client.chat.completions.create(model="any", messages=messages, temperature=0.0, **more)
    return answer.choices[0].message.content or ""


def test_a_file_is_served_by_its_name_and_once(model: Path) -> None:
    url = serve(model)
    assert serve(str(model)) == url
    with OpenAI(base_url=url, api_key="none", timeout=60, max_retries=0) as client:
        (listed,) = client.models.list()
    meta = (listed.model_extra or {})["meta"]
    header = read_header(model)
    assert listed.id == model.name
    assert (meta["n_params"], meta["n_ctx_train"]) == (header.parameters, header.context)
    assert meta["n_ctx"] == CONTEXT


def test_questions_from_threads_are_answered_in_the_shape_that_was_asked_for(model: Path) -> None:
    shape = {"name": "found", "strict": True, "schema": Found.model_json_schema()}
    form = {"type": "json_schema", "json_schema": shape}

    def answered(question: str) -> Found:
        said = asked(serve(model), question, max_tokens=100, response_format=form)
        return Found.model_validate_json(said)

    with ThreadPoolExecutor(3) as pool:
        assert len(list(pool.map(answered, QUESTIONS.values()))) == len(QUESTIONS)


def test_nothing_is_written_to_either_stream(model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert asked(serve(model), QUESTIONS["fi"], max_tokens=8)
    close()
    assert capfd.readouterr() == ("", "")


def test_closing_does_not_wait_for_an_answer(model: Path) -> None:
    url = serve(model)
    with OpenAI(base_url=url, api_key="none", timeout=60, max_retries=0) as client:
        messages: Any = [{"role": "user", "content": "Tell a long story."}]
        more: Any = {"max_tokens": 4000, "extra_body": {"ignore_eos": True}}
        stream = client.chat.completions.create(model="any", messages=messages, stream=True, **more)
        next(stream)
        close()
        stream.close()


def test_pages_of_a_browser_may_not_read_along(model: Path) -> None:
    """Neither answers nor what others asked: any page could otherwise reach a port of this machine."""
    import httpx2

    url = serve(model)
    with httpx2.Client(trust_env=False, timeout=60) as client:
        answer = client.get(f"{url}/models", headers={"Origin": "https://example.org"})
        slots = client.get(url.replace("/v1", "/slots"))
    assert not answer.headers.get("access-control-allow-origin")
    assert slots.status_code == 501


@pytest.mark.parametrize(
    ("damage", "why"),
    [("cut", "is not within the file bounds"), ("unknown", "unknown model architecture: 'zlama'")],
)
def test_a_model_that_does_not_load_is_an_error_with_llama_cpps_reason(
    model: Path, tmp_path: Path, damage: str, why: str
) -> None:
    content = WEIGHTS.read_bytes()
    name = b"\x05" + bytes(7)
    cut = content[: len(content) // 2]
    path = tmp_path / f"{damage}.gguf"
    path.write_bytes(cut if damage == "cut" else content.replace(name + b"llama", name + b"zlama", 1))
    with pytest.raises(EndpointError, match=f"{damage}.gguf does not load: .*{why}"):
        serve(path)
