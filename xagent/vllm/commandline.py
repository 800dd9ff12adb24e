"""What is vLLM told? The command line and the environment of each server, from a preset and a few choices."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xagent.vllm.presets import Companion, Preset, embedder, family_of, preset, reranker
from xagent.vllm.shares import Room, largest, shares, width_of

Role = Literal["chat", "embedder", "reranker"]

GUIDE = "xagent.guided.processor:LanguageGuide"
"""What keeps an answer in its language while it is written: a logits processor, loaded by vLLM."""

_QUIET = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
# The plug-in is of the interface of vLLM's model runner V1: V2 refuses to start with such a one.
_FOR_THE_GUIDE = {"VLLM_USE_V2_MODEL_RUNNER": "0"}


@dataclass(frozen=True, slots=True)
class Choices:
    """What whoever starts a server may choose."""

    preset: str = ""
    """Empty: the largest that fits."""
    model: str = ""
    """A Hugging Face name or a folder, instead of a preset's."""
    embedder: str = ""
    """An embedder to serve beside it; empty for none."""
    reranker: str = ""
    """A reranker to serve beside it; empty for none."""
    host: str = "127.0.0.1"
    port: int = 8000
    """Of the model that writes; the embedder has the next, and the reranker the one after."""
    tensor_parallel: int = 0
    """GPUs that share one copy of the model; 0 for as many as it needs."""
    data_parallel: int = 1
    """Copies of the model behind the one port."""
    max_model_len: int = 0
    """Tokens of prompt and answer together; 0 for what the preset has, or else the model."""
    load_format: str = ""
    """How vLLM reads the weights; empty for its own choice, `dummy` for none."""
    guide: bool = True
    """Whether requests may have an answer kept in its language (`GUIDE`)."""
    passed: tuple[str, ...] = ()
    """Further arguments for the model that writes, as vLLM has them."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One server to be started: `vllm serve MODEL ARGUMENTS`."""

    role: Role
    model: str
    """What vLLM loads: a Hugging Face name or a folder."""
    served: str
    """The name by which clients ask for it."""
    host: str
    port: int
    arguments: tuple[str, ...]
    about: str = ""
    """Licence and size, where they are known."""


def launches(choices: Choices, gpus: Sequence[float]) -> list[Launch]:
    """The servers that the choices ask for, in the order they are to be started: the largest last.

    `gpus` is the memory of each in GiB. Raises InputError where it is too little.
    """
    beside: list[tuple[Role, Companion]] = []
    if choices.embedder:
        beside.append(("embedder", embedder(choices.embedder)))
    if choices.reranker:
        beside.append(("reranker", reranker(choices.reranker)))
    companions = [companion for _, companion in beside]
    room = Room(gpus, choices.tensor_parallel, choices.data_parallel, companions)
    chosen, width = _chosen(choices, room)
    own, theirs = shares(room) if beside and gpus else (0.0, [0.0] * len(beside))
    main = _chat(choices, chosen, width, own)
    started = [
        _companion(role, one, choices, share) for (role, one), share in zip(beside, theirs, strict=True)
    ]
    return [*started, main]


def environment(launch: Launch, key: str = "") -> dict[str, str]:
    """The variables a server is given: it reports to nobody, and asks clients for `key` if there is one.

    The key is not an argument, which everybody on the machine could read.
    """
    guided = _FOR_THE_GUIDE if GUIDE in launch.arguments else {}
    return _QUIET | guided | ({"VLLM_API_KEY": key} if key else {})


def served_name(model: str) -> str:
    """A name that no client takes for a hosted vendor's model, as some do by how it begins."""
    base = re.sub(r"[^\w.-]+", "-", Path(model).name.casefold()).strip("-.")
    return f"xagent-{base or 'model'}"


def _chosen(choices: Choices, room: Room) -> tuple[Preset | None, int]:
    """The preset, where no model is named, and the GPUs one copy takes."""
    if choices.model:
        return None, room.widths()[0] if room.gpus else max(choices.tensor_parallel, 1)
    if choices.preset:
        chosen = preset(choices.preset)
        return chosen, width_of(chosen, room)
    return largest(room)


def _chat(choices: Choices, chosen: Preset | None, width: int, share: float) -> Launch:
    model = chosen.model if chosen else choices.model
    length = choices.max_model_len or (chosen.max_model_len if chosen else 0)
    served = served_name(model)
    arguments = [
        *_common(choices, served, choices.port, length, share),
        *_parallel(width, choices.data_parallel),
        *_answering(model),
        *(["--logits-processors", GUIDE] if choices.guide else []),
        *choices.passed,
    ]
    about = f"preset {chosen.name}, {chosen.licence}, {chosen.weights_gb} GB" if chosen else ""
    return Launch("chat", model, served, choices.host, choices.port, tuple(arguments), about)


def _companion(role: Role, one: Companion, choices: Choices, share: float) -> Launch:
    port = choices.port + (1 if role == "embedder" else 2)
    common = _common(choices, one.model, port, one.max_model_len, share)
    arguments = (*common, "--runner", "pooling")
    return Launch(role, one.model, one.model, choices.host, port, arguments, one.licence)


def _common(choices: Choices, served: str, port: int, length: int, share: float) -> Iterator[str]:
    """What every server is told; a length or share of 0 is left to vLLM."""
    yield from ("--served-model-name", served, "--host", choices.host, "--port", str(port))
    if length:
        yield from ("--max-model-len", str(length))
    if choices.load_format:
        yield from ("--load-format", choices.load_format)
    if share:
        yield from ("--gpu-memory-utilization", f"{share:g}")


def _parallel(width: int, copies: int) -> Iterator[str]:
    if width > 1:
        yield from ("--tensor-parallel-size", str(width))
    if copies > 1:
        yield from ("--data-parallel-size", str(copies))


def _answering(model: str) -> Iterator[str]:
    """How it writes: without thinking aloud, in JSON without needless spaces, what was read before kept."""
    if family := family_of(model):
        yield from ("--reasoning-parser", family.reasoning_parser)
        yield from ("--enable-auto-tool-choice", "--tool-call-parser", family.tool_parser)
        # Pictures are not sent: their encoder would take memory for nothing.
        yield "--language-model-only"
    yield from ("--default-chat-template-kwargs", json.dumps({"enable_thinking": False}))
    # Small models write line breaks without end wherever JSON allows them.
    written = {"backend": "xgrammar", "disable_any_whitespace": True}
    yield from ("--structured-outputs-config", json.dumps(written))
    yield from ("--enable-prefix-caching", "--enable-prompt-tokens-details")
    # What is nearly written may end. Without it a server that is stopped leaves its streams open: its engine
    # has gone, and its clients and `xagent vllm stop` wait until it is killed.
    yield from ("--shutdown-timeout", "5")
    # Sampling is what a request asks for, not what the model's folder suggests.
    yield from ("--generation-config", "vllm")
