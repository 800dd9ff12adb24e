"""What a run is said to be of: all that an answer depends on, and nothing that is secret."""

from pathlib import Path

import pytest

from xagent import model
from xagent.agent import Agent
from xagent.capabilities import Capabilities
from xagent.errors import EndpointError
from xagent.evaluation import manifests
from xagent.evaluation.manifests import digest, manifest_of, server_version
from xagent.evaluation.samples import Sample
from xagent.testing import ModelServer
from xagent.vllm.state import Server

from .evaluation_suites import QUESTIONS


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data" / "yo").mkdir(parents=True)
    (tmp_path / "data" / "yo" / "ìbéèrè.jsonl").write_text("Níbo ni?", "utf-8")
    return tmp_path / "data"


def test_a_manifest_has_hashes_and_the_model_and_no_key(data: Path) -> None:
    with ModelServer() as server, Agent("none", "qa", model_url=server.url, api_key="sk-secret") as agent:
        made = manifest_of(agent, "own", "all", data, digest(data))
    assert (made.suite, made.graph, made.model, made.seed) == ("own", "qa", "fake", 7)
    assert set(made.prompts) >= {"answer", "verify"}
    assert "judge" not in made.prompts
    assert made.settings["max_calls"] == 6
    assert "sk-secret" not in made.model_dump_json()
    hashes = [made.data_sha256, made.graph_sha256, *made.prompts.values()]
    assert {len(one) for one in hashes} == {64}


def test_where_a_model_is_served_does_not_make_another_run(data: Path) -> None:
    prints = set()
    for _ in range(2):
        with ModelServer() as server, Agent("none", "qa", model_url=server.url) as agent:
            prints.add(manifest_of(agent, "own", "all", data, digest(data)).fingerprint)
    assert len(prints) == 1


def test_what_the_server_can_do_is_kept_and_guided_decoding_makes_another_run(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    for guided, length in ((False, 8192), (True, 8192), (True, 4096)):
        can = Capabilities("vLLM 0.11", context_length=length, structured="json_schema", guided=guided)
        monkeypatch.setattr(model, "capabilities", lambda *_, can=can: can)
        with ModelServer() as server, Agent("none", "qa", model_url=server.url) as agent:
            made.append(manifest_of(agent, "own", "all", data, digest(data)))
    plain, guided_long, guided_short = made
    assert (plain.guided, guided_long.guided) == (False, True)
    assert (plain.server["kind"], plain.structured, plain.context_length) == (
        "vLLM 0.11",
        "json_schema",
        8192,
    )
    assert plain.fingerprint != guided_long.fingerprint == guided_short.fingerprint


def test_what_a_server_of_xagents_own_was_started_with_is_kept(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ModelServer() as server, Agent("none", "qa", model_url=server.url) as agent:
        other = manifest_of(agent, "own", "all", data, digest(data))
        own = Server("chat", 1, "", server.url, "fake", "w", "", "", arguments=("--seed", "7", "--x", "a b"))
        monkeypatch.setattr(manifests, "server_at", {server.url: own}.get)
        made = manifest_of(agent, "own", "all", data, digest(data))
    assert made.server["arguments"] == "--seed 7 --x 'a b'"
    assert "arguments" not in other.server
    assert made.fingerprint == other.fingerprint


def test_a_server_that_does_not_answer_is_said_to_be_out_of_reach(data: Path) -> None:
    with (
        Agent("none", "qa", model_url="http://127.0.0.1:9/v1", model="qwen") as agent,
        pytest.raises(EndpointError, match="no model server answers"),
    ):
        manifest_of(agent, "own", "all", data, digest(data))


@pytest.mark.parametrize("change", ["graph", "setting", "seed", "data", "k"])
def test_what_could_change_an_answer_makes_another_run(data: Path, change: str) -> None:
    with Agent("none", "quote") as agent, Agent("none", "naive") as other, Agent("none", "quote", k=5) as few:
        before = manifest_of(agent, "own", "all", data, digest(data))
        if change == "data":
            (data / "more").write_text("x", "utf-8")
        asked = {"graph": other, "k": few}.get(change, agent)
        asked.context.seed = 8 if change == "seed" else 7
        after = manifest_of(asked, "own", "own" if change == "setting" else "all", data, digest(data))
    assert before.fingerprint != after.fingerprint


def test_the_key_of_a_record_is_that_of_sample_and_repeat(data: Path) -> None:
    with Agent("none", "quote") as agent:
        made = manifest_of(agent, "own", "all", data, digest(data))
    samples = [Sample(id=code, question=question, language=code) for code, (question, _) in QUESTIONS.items()]
    keys = {made.key(sample, repeat) for sample in samples for repeat in range(3)}
    assert len(keys) == 3 * len(QUESTIONS)
    assert made.key(samples[0], 0) == made.key(samples[0].model_copy(), 0)


def test_a_file_that_is_called_otherwise_is_other_data(data: Path) -> None:
    before = digest(data)
    (data / "yo" / "ìbéèrè.jsonl").rename(data / "yo" / "b.jsonl")
    assert digest(data) != before


def test_runs_that_are_kept_among_the_data_are_no_part_of_it(data: Path) -> None:
    before = digest(data)
    (data / "runs" / "one").mkdir(parents=True)
    (data / "runs" / "one" / "samples.jsonl").write_text("{}", "utf-8")
    assert digest(data, besides=data / "runs") == digest(data, besides=data / "." / "runs") == before
    assert digest(data) == digest(data, besides=data) == digest(data, besides=data / "others") != before


def test_data_sets_of_the_hub_are_told_apart_by_their_names() -> None:
    hub = digest(Path("owner/ìbéèrè"))
    assert (len(hub), hub) == (64, digest(Path("owner/ìbéèrè")))
    assert hub != digest(Path("owner/maswali"))


def test_a_server_that_says_nothing_of_its_version() -> None:
    with ModelServer() as server:
        assert server_version(server.url) == {}
    assert server_version("http://127.0.0.1:9/v1") == {}
