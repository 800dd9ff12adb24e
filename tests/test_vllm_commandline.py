"""What vLLM is told, for each preset and GPU; and that what is served beside it fits."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from xagent.embedder_cards import UNKNOWN, card_of
from xagent.errors import InputError, UnknownName
from xagent.vllm import hardware
from xagent.vllm.command import vllm
from xagent.vllm.commandline import GUIDE, Choices, environment, launches, served_name
from xagent.vllm.presets import EMBEDDERS, PRESETS, RERANKERS, family_of
from xagent.vllm.shares import USABLE, Room, shares

COMPANIONS = (*EMBEDDERS, *RERANKERS)


def value(arguments: Sequence[str], option: str) -> str:
    return arguments[arguments.index(option) + 1]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XAGENT_STATE", str(tmp_path / "state of mine"))
    monkeypatch.setenv("PATH", str(tmp_path))  # neither vllm nor nvidia-smi
    return tmp_path / "state of mine"


@pytest.mark.parametrize(
    ("gib", "model"),
    [
        (7.9, "Qwen/Qwen3.5-0.8B"),
        (15.9, "Qwen/Qwen3.5-4B"),
        (22.5, "Qwen/Qwen3.5-4B"),
        (23.99, "Qwen/Qwen3.5-9B"),
        (79.6, "Qwen/Qwen3.6-27B"),
        (139.8, "Qwen/Qwen3.6-27B"),
    ],
)
def test_the_largest_model_that_fits_the_gpu_is_the_one_by_default(gib: float, model: str) -> None:
    (launch,) = launches(Choices(), [gib])
    assert launch.model == model
    assert "--tensor-parallel-size" not in launch.arguments


@pytest.mark.parametrize("chosen", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_is_told_all_that_makes_answers_good_and_fast(chosen: object) -> None:
    preset = next(one for one in PRESETS if one is chosen)
    (launch,) = launches(Choices(preset=preset.name), [preset.minimum_gib])
    assert launch.arguments == (
        *("--served-model-name", served_name(preset.model), "--host", "127.0.0.1", "--port", "8000"),
        *("--max-model-len", str(preset.max_model_len)),
        *("--reasoning-parser", "qwen3", "--enable-auto-tool-choice", "--tool-call-parser", "qwen3_xml"),
        "--language-model-only",
        *("--default-chat-template-kwargs", '{"enable_thinking": false}'),
        *("--structured-outputs-config", '{"backend": "xgrammar", "disable_any_whitespace": true}'),
        *("--enable-prefix-caching", "--enable-prompt-tokens-details", "--shutdown-timeout", "5"),
        *("--generation-config", "vllm"),
        *("--logits-processors", "xagent.guided.processor:LanguageGuide"),
    )
    assert preset.licence in launch.about


def test_weights_of_a_preset_fit_what_is_usable_of_its_least_gpu() -> None:
    for preset in PRESETS:
        assert preset.weights_gb * 1e9 / 2**30 + 1 < preset.minimum_gib * USABLE, preset.name
    assert list(PRESETS) == sorted(PRESETS, key=lambda preset: preset.weights_gb)


def test_a_model_too_large_for_one_gpu_is_spread_over_as_few_as_it_needs() -> None:
    (launch,) = launches(Choices(), [39.6] * 4)
    assert launch.model == "Qwen/Qwen3.6-27B"
    assert value(launch.arguments, "--tensor-parallel-size") == "2"
    (copies,) = launches(Choices(data_parallel=4), [39.6] * 4)
    assert copies.model == "Qwen/Qwen3.5-9B"
    assert value(copies.arguments, "--data-parallel-size") == "4"
    assert "--tensor-parallel-size" not in copies.arguments


def test_more_gpus_than_there_are_cannot_be_asked_for() -> None:
    with pytest.raises(InputError, match="4 GPUs are asked for, and there are 2"):
        launches(Choices(tensor_parallel=2, data_parallel=2), [24.0, 24.0])


def test_what_does_not_fit_is_refused_with_what_to_do() -> None:
    with pytest.raises(InputError, match=r"preset xl needs 64 GiB .*, and there is 24 GiB: choose a smaller"):
        launches(Choices(preset="xl"), [24.0])
    with pytest.raises(InputError, match=r"preset small needs 6 GiB .* beside bge-m3"):
        launches(Choices(embedder="bge-m3"), [8.0])
    with pytest.raises(InputError, match="leave no room for a model on a GPU of 6 GiB"):
        launches(Choices(model="some/model", embedder="bge-m3", reranker="bge-reranker-v2-m3"), [6.0])


def test_an_unknown_preset_or_companion_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownName, match="no preset 'huge' to serve: there are small, medium, large, xl"):
        launches(Choices(preset="huge"), [24.0])
    with pytest.raises(UnknownName, match="bge-reranker-v2-m3"):
        launches(Choices(reranker="bge-m3"), [24.0])


def test_embedder_and_reranker_come_first_on_the_next_ports_with_their_shares() -> None:
    choices = Choices(embedder="bge-m3", reranker="BAAI/bge-reranker-v2-m3", port=9000)
    embedder, reranker, chat = launches(choices, [79.6])
    assert [one.port for one in (chat, embedder, reranker)] == [9000, 9001, 9002]
    assert [one.role for one in (embedder, reranker, chat)] == ["embedder", "reranker", "chat"]
    taken = [float(value(one.arguments, "--gpu-memory-utilization")) for one in (embedder, reranker, chat)]
    assert sum(taken) == pytest.approx(USABLE)
    assert taken[0] * 79.6 >= 3
    assert value(embedder.arguments, "--runner") == "pooling"
    assert "--structured-outputs-config" not in embedder.arguments


@pytest.mark.parametrize("companion", COMPANIONS, ids=lambda one: one.name)
def test_a_companion_is_served_by_the_name_that_its_prompts_are_known_by(companion: object) -> None:
    known = next(one for one in COMPANIONS if one is companion)
    choices = Choices(embedder=known.name) if known in EMBEDDERS else Choices(reranker=known.name)
    launch, _ = launches(choices, [79.6])
    assert launch.served == known.model
    if known in EMBEDDERS:
        card = card_of(launch.served)
        assert card != UNKNOWN
        assert (card.licence, card.crosslingual) == (known.licence, True)
        assert known.max_model_len <= card.maximum


@given(
    gib=st.floats(min_value=8, max_value=300),
    beside=st.lists(st.sampled_from(COMPANIONS), max_size=4),
)
def test_shares_never_add_up_to_more_than_is_usable_and_hold_what_they_must(
    gib: float, beside: list[object]
) -> None:
    companions = [one for one in COMPANIONS if one in beside]
    try:
        main, others = shares(Room([gib], companions=companions))
    except InputError:
        assert sum(one.memory_gib for one in companions) > gib * (USABLE - 0.1)
        return
    assert main + sum(others) <= USABLE + 1e-9
    assert main > 0.05
    assert all(share * gib >= one.memory_gib for share, one in zip(others, companions, strict=True))


@given(gpus=st.lists(st.floats(min_value=6, max_value=300), min_size=1, max_size=9))
def test_the_model_chosen_by_default_always_fits_the_gpus_it_is_spread_over(gpus: list[float]) -> None:
    (launch,) = launches(Choices(), gpus)
    preset = next(one for one in PRESETS if one.model == launch.model)
    arguments = launch.arguments
    parallel = "--tensor-parallel-size" in arguments
    width = int(value(arguments, "--tensor-parallel-size")) if parallel else 1
    assert width <= len(gpus)
    assert min(gpus) * width >= preset.minimum_gib - 1e-6


def test_a_model_of_ones_own_is_told_by_its_name_how_it_marks_reasoning(tmp_path: Path) -> None:
    (fp8,) = launches(Choices(model="Qwen/Qwen3.6-27B-FP8"), [39.6])
    assert value(fp8.arguments, "--reasoning-parser") == "qwen3"
    (gemma,) = launches(Choices(model="google/gemma-4-E4B-it"), [23.0])
    assert value(gemma.arguments, "--tool-call-parser") == "gemma4"
    (own,) = launches(Choices(model=str(tmp_path / "kielimalli ö"), guide=False), [])
    assert own.served == "xagent-kielimalli-ö"
    assert family_of(own.model) is None
    assert not {"--reasoning-parser", "--language-model-only", "--max-model-len", GUIDE} & set(own.arguments)


@pytest.mark.parametrize("name", ["gpt-5-mini", "openai/o1", "x/codex-1", "gpt-4o", "模型", "../..", "/"])
def test_no_client_takes_the_served_name_for_a_hosted_model(name: str) -> None:
    assert served_name(name).startswith("xagent-")
    assert len(served_name(name)) > len("xagent-")
    assert not set(served_name(name)) & set(" /\\")


def test_without_a_gpu_the_smallest_runs_and_no_share_is_told() -> None:
    embedder, chat = launches(Choices(embedder="bge-m3"), [])
    assert chat.model == PRESETS[0].model
    assert not {"--gpu-memory-utilization"} & {*chat.arguments, *embedder.arguments}


def test_the_key_is_in_the_environment_and_nowhere_in_the_arguments(state: Path) -> None:
    done = CliRunner().invoke(vllm, ["--print", "--api-key", "sala sana", "--gpu-memory", "24"])
    assert "sala" not in done.output
    assert 'VLLM_API_KEY="$XAGENT_API_KEY" vllm serve Qwen/Qwen3.5-9B' in done.stdout
    (chat,) = launches(Choices(), [24.0])
    assert environment(chat, "sala sana")["VLLM_API_KEY"] == "sala sana"
    assert "sala" not in " ".join(chat.arguments)
    assert not (state / "vllm" / "key").exists()
    none = CliRunner().invoke(vllm, ["--print", "--no-key"])
    assert "VLLM_API_KEY" not in none.output


def test_printing_shows_what_a_shell_would_start_and_starts_nothing(state: Path) -> None:
    options = ["--with-embedder", "bge-m3", "--gpu-memory", "24", "--print"]
    further = ["--", "--chat-template", "my template.jinja", "--seed", "7"]
    done = CliRunner().invoke(vllm, [*options, *further])
    assert done.exit_code == 0
    assert done.stderr.splitlines() == [
        "# embedder: BAAI/bge-m3 (MIT)",
        "# chat: Qwen/Qwen3.5-4B (preset medium, Apache-2.0, 9.3 GB)",
    ]
    embedder, chat = done.stdout.splitlines()
    key = state / "vllm" / "key"
    start = f"VLLM_NO_USAGE_STATS=1 DO_NOT_TRACK=1 VLLM_API_KEY=\"$(cat '{key}')\" vllm serve "
    assert embedder == (
        f"{start}BAAI/bge-m3 --served-model-name BAAI/bge-m3 --host 127.0.0.1 --port 8001 "
        "--max-model-len 8192 --gpu-memory-utilization 0.125 --runner pooling"
    )
    guided = start.replace("VLLM_API_KEY", "VLLM_USE_V2_MODEL_RUNNER=0 VLLM_API_KEY")
    assert chat.startswith(f"{guided}Qwen/Qwen3.5-4B --served-model-name xagent-qwen3.5-4b ")
    words = shlex.split(chat)
    assert words[-4:] == ["--chat-template", "my template.jinja", "--seed", "7"]
    assert json.loads(value(words, "--default-chat-template-kwargs")) == {"enable_thinking": False}
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(key.read_text().strip()) > 30
    assert sorted(path.name for path in key.parent.iterdir()) == ["key"]


def test_every_option_is_a_variable_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAGENT_VLLM_PRESET", "medium")
    monkeypatch.setenv("XAGENT_VLLM_PORT", "8123")
    monkeypatch.setenv("XAGENT_VLLM_PRINT", "1")
    done = CliRunner().invoke(vllm, [])
    assert "Qwen/Qwen3.5-4B" in done.stdout
    assert "--port 8123" in done.stdout


def test_options_that_contradict_each_other_are_refused() -> None:
    both = CliRunner().invoke(vllm, ["--preset", "small", "--model", "a/b"])
    assert isinstance(both.exception, InputError)
    alone = CliRunner().invoke(vllm, ["--wait"])
    assert isinstance(alone.exception, InputError)


@pytest.mark.parametrize(
    ("passed", "own"),
    [
        (["--port", "9000"], "--port"),
        (["--seed", "7", "--port=9000"], "--port"),
        (["--por", "9000"], "--port"),
        (["--host", "0.0.0.0"], "--host"),
        (["--api-key", "salainen"], "--api-key"),
        (["--api_key=salainen"], "--api-key"),
        (["--served_model_name", "malli"], "--served-model-name"),
        (["--served=malli"], "--served-model-name"),
    ],
)
def test_what_xagent_has_to_know_of_a_server_cannot_be_changed_behind_its_back(
    passed: list[str], own: str
) -> None:
    done = CliRunner().invoke(vllm, ["--print", "--preset", "small", "--", *passed])
    assert isinstance(done.exception, InputError)
    assert str(done.exception).startswith(f"{own} cannot be given to vLLM behind --: ")
    assert "salainen" not in f"{done.exception}{done.output}"
    assert done.stdout == ""


@pytest.mark.parametrize("word", ["--api-server-count=2", "--root-path=/port", "-tp", "--", "port"])
def test_what_only_looks_like_an_option_of_xagents_is_passed_on(word: str) -> None:
    done = CliRunner().invoke(vllm, ["--print", "--preset", "small", "--", word])
    assert done.exit_code == 0
    assert shlex.split(done.stdout)[-1] == word


@pytest.mark.parametrize(
    ("told", "visible", "gib"),
    [
        ("24564\\n24564\\n", None, (23.98828125, 23.98828125)),
        ("[N/A]\\n81559\\n", "1", (81559 / 1024,)),
        ("", None, ()),
        ("24564\\n", "", ()),
    ],
)
def test_memory_is_what_the_driver_tells_of_the_gpus_that_are_visible(
    told: str, visible: str | None, gib: tuple[float, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\nprintf '%s' \"$*\" > '{tmp_path}/asked'\nprintf '{told}'\n")
    program.chmod(0o700)
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert hardware.gpus() == gib
    if visible:
        assert (tmp_path / "asked").read_text().endswith(f"--id={visible}")
