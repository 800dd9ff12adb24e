"""Which open models are worth serving on a GPU of a given size, and what does vLLM need to be told of each?

Sizes are those of the published files in 16 bits. Memory is what a server of the model takes on a GPU: its
weights, the runtime, and room for texts in work; estimated, with a margin.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from xagent.errors import UnknownName
from xagent.terminal import one_line

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Family:
    """What the models of one family have in common: how they mark reasoning and calls of tools."""

    names: str
    """A pattern that the names of its models match, in small letters and without the organisation."""
    reasoning_parser: str
    """vLLM's name for the parser that sets reasoning apart from the answer."""
    tool_parser: str
    """vLLM's name for the parser of calls of tools."""


FAMILIES = (
    Family(r"qwen3\.\d", "qwen3", "qwen3_xml"),
    Family(r"gemma-4", "gemma4", "gemma4"),
    Family(r"gpt-oss", "openai_gptoss", "openai"),
)


def family_of(model: str) -> Family | None:
    """The family of a model by its Hugging Face name or folder; None where it is not known."""
    base = Path(model).name.casefold()
    return next((family for family in FAMILIES if re.match(family.names, base)), None)


@dataclass(frozen=True, slots=True)
class Preset:
    """A model for generation, and the GPU it needs."""

    name: str
    model: str
    """Its Hugging Face name."""
    licence: str
    weights_gb: float
    """Size of its files in 16 bits, in 10^9 bytes."""
    minimum_gib: float
    """Memory that a GPU, or several that share the model, must have."""
    max_model_len: int
    """Tokens of prompt and answer together that it is started for."""


PRESETS = (
    Preset("small", "Qwen/Qwen3.5-0.8B", "Apache-2.0", 1.8, 6, 16_384),
    Preset("medium", "Qwen/Qwen3.5-4B", "Apache-2.0", 9.3, 15, 32_768),
    Preset("large", "Qwen/Qwen3.5-9B", "Apache-2.0", 19.3, 23, 32_768),
    Preset("xl", "Qwen/Qwen3.6-27B", "Apache-2.0", 55.6, 64, 65_536),
)
"""From the smallest to the largest."""


@dataclass(frozen=True, slots=True)
class Companion:
    """A model that can be served beside the one that writes: an embedder or a reranker."""

    name: str
    model: str
    """Its Hugging Face name, by which it is also served, so that its prompts are known (embedders.toml)."""
    licence: str
    memory_gib: float
    """What its server takes of a GPU."""
    max_model_len: int
    """Tokens that it reads of a text; fewer than it could, where that would take memory to no end."""


EMBEDDERS = (
    Companion("bge-m3", "BAAI/bge-m3", "MIT", 3, 8192),
    Companion("harrier-0.6b", "microsoft/harrier-oss-v1-0.6b", "MIT", 4, 8192),
    Companion("harrier-270m", "microsoft/harrier-oss-v1-270m", "MIT", 3, 8192),
    Companion("qwen3-embedding-0.6b", "Qwen/Qwen3-Embedding-0.6B", "Apache-2.0", 4, 8192),
    Companion("granite-311m", "ibm-granite/granite-embedding-311m-multilingual-r2", "Apache-2.0", 3, 8192),
    Companion("granite-97m", "ibm-granite/granite-embedding-97m-multilingual-r2", "Apache-2.0", 2, 8192),
    Companion("e5-large", "intfloat/multilingual-e5-large", "MIT", 3, 512),
)

RERANKERS = (Companion("bge-reranker-v2-m3", "BAAI/bge-reranker-v2-m3", "Apache-2.0", 3, 8192),)


def preset(name: str) -> Preset:
    """The preset of this name. Raises UnknownName."""
    return _named(name, {one.name: one for one in PRESETS}, "preset")


def embedder(name: str) -> Companion:
    """The embedder of this name, which may be its Hugging Face name. Raises UnknownName."""
    return _named(name, _by_both_names(EMBEDDERS), "embedder")


def reranker(name: str) -> Companion:
    """The reranker of this name, which may be its Hugging Face name. Raises UnknownName."""
    return _named(name, _by_both_names(RERANKERS), "reranker")


def _by_both_names(companions: tuple[Companion, ...]) -> dict[str, Companion]:
    return {one.name: one for one in companions} | {one.model: one for one in companions}


def _named(name: str, known: dict[str, _T], kind: str) -> _T:
    if name not in known:
        short = ", ".join(one for one in known if "/" not in one)
        raise UnknownName(f"there is no {kind} {one_line(name)!r} to serve: there are {short}")
    return known[name]
