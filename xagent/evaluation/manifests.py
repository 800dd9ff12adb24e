"""What is about to be run, to the last file? All that an answer could depend on, with hashes."""

import asyncio
import dataclasses
import hashlib
import platform
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import httpx2

from xagent.agent import Agent
from xagent.capabilities import Capabilities
from xagent.context import Context
from xagent.embedded import is_file
from xagent.errors import EndpointError
from xagent.evaluation.runs import Manifest, sha256
from xagent.registry import find, names
from xagent.replicas import base_urls, shown
from xagent.terminal import one_line
from xagent.vllm.state import server_at

PACKAGES = ("langgraph", "langchain-openai", "openai", "chromadb", "tantivy")
"""Those that answers could depend on, beside xagent."""

_PROMPTS_OF_JUDGES = {"judge"}
_ADDRESSES = {"store", "model_url", "model_name", "embedder_url", "rerank_url", "seed"}
_KEYS = {"api_key", "embedder_key", "rerank_key"}
_BLOCK = 1 << 20  # bytes
_PATIENCE = 2.0  # seconds


def manifest_of(agent: Agent, suite: str, setting: str, data: Path | None, data_sha256: str) -> Manifest:
    """What an agent is about to be asked. Raises EndpointError where its model's server does not answer."""
    context = agent.context
    can = _can(context)
    prompts = [name for name in names("prompts") if name not in _PROMPTS_OF_JUDGES]
    return Manifest(
        suite=suite,
        setting=setting,
        data=str(data or ""),
        data_sha256=data_sha256,
        graph=agent.graph,
        graph_sha256=sha256(find("graphs", agent.graph).read_bytes()),
        prompts={name: sha256(find("prompts", name).read_bytes()) for name in prompts},
        model=_model(context),
        guided=can.guided,
        settings=settings_of(agent),
        seed=context.seed,
        version=version("xagent"),
        model_url=shown(context.model_url),
        server=_server(context, can),
        structured=can.structured,
        context_length=can.context_length,
        packages={"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _can(context: Context) -> Capabilities:
    """What the model's server can do; nothing where no model is asked. Raises EndpointError."""
    if not context.has_model:
        return Capabilities(server="")
    can = asyncio.run(context.model.can())
    if not can.server:
        raise EndpointError(
            f"no model server answers at {one_line(shown(context.model_url) or context.model_name)}: start it"
        )
    return can


def _server(context: Context, can: Capabilities) -> dict[str, str]:
    if not can.server:
        return {}
    said = server_version(context.model_url) if context.model_url else {}
    own = server_at(context.model_url)
    return {"kind": can.server} | said | ({"arguments": shlex.join(own.arguments)} if own else {})


def _model(context: Context) -> str:
    """The model's name, and of one in a file its size too; empty where none is asked."""
    if is_file(context.model_name) and not context.model_url:
        path = Path(context.model_name)
        return f"{path.name}, {path.stat().st_size} bytes" if path.is_file() else path.name
    return context.model.name if context.model_url else ""


def settings_of(agent: Agent) -> dict[str, str | int | float | bool | tuple[str, ...]]:
    """The choices that an agent answers by, without addresses and keys."""
    fields = dataclasses.fields(agent.context)
    return {
        one.name: getattr(agent.context, one.name) for one in fields if one.name not in _ADDRESSES | _KEYS
    }


def digest(path: Path, besides: Path | None = None) -> str:
    """SHA-256 of a file, or of all the files of a folder by name; of the name of what is no path here.

    What is in the folder `besides`, somewhere below the path, does not count.
    """
    if not path.exists():
        return sha256(path.as_posix())
    total = hashlib.sha256()
    apart = besides.resolve() if besides and besides.resolve() != path.resolve() else None
    for file in _files(path):
        if apart and file.resolve().is_relative_to(apart):
            continue
        total.update(file.relative_to(path).as_posix().encode() + b"\0")
        with file.open("rb") as opened:
            while block := opened.read(_BLOCK):
                total.update(block)
    return total.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from sorted(file for file in path.rglob("*") if file.is_file())


def server_version(url: str) -> dict[str, str]:
    """What a model server, the first of several, says at `/version`, as vLLM does; else nothing."""
    try:
        answer = httpx2.get(f"{base_urls(url)[0].removesuffix('/v1')}/version", timeout=_PATIENCE)
        said = answer.raise_for_status().json()
    except (httpx2.HTTPError, ValueError):
        return {}
    return {str(name): str(value) for name, value in said.items()} if isinstance(said, dict) else {}
