"""Graphs, prompts and suites by name: a name is a file name.

The folders lie inside the installed package, and beside it in a checkout. Nothing in `xagent`
imports from them; they are found here.
"""

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from langgraph.graph.state import CompiledStateGraph

from xagent.errors import UnknownName

Kind = Literal["graphs", "prompts", "evals"]

_SUFFIX = {"graphs": ".py", "prompts": ".md", "evals": ".py"}
_PACKAGE = Path(__file__).parent


def folder(kind: Kind) -> Path:
    """Where files of this kind lie: inside the package, else beside it."""
    inside = _PACKAGE / kind
    return inside if inside.is_dir() else _PACKAGE.parent / kind


def names(kind: Kind) -> tuple[str, ...]:
    """The names there are, sorted."""
    return tuple(sorted(p.stem for p in folder(kind).glob(f"*{_SUFFIX[kind]}") if p.stem[0] not in "_."))


def find(kind: Kind, name: str) -> Path:
    """The file behind a name. Raises UnknownName, which lists the names there are."""
    if name not in names(kind):
        raise UnknownName(f"no {kind[:-1]} is called {name!r}; there are: {', '.join(names(kind))}")
    return folder(kind) / f"{name}{_SUFFIX[kind]}"


@cache
def load(kind: Literal["graphs", "evals"], name: str) -> ModuleType:
    """Run the file behind a name, once, and give its module."""
    path = find(kind, name)
    spec = importlib.util.spec_from_file_location(f"xagent_{kind}_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # A dataclass with deferred annotations looks its module up while it is being made.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def load_graph(name: str) -> "CompiledStateGraph[Any, Any, Any, Any]":
    """The compiled graph called `name`. Raises UnknownName."""
    graph: CompiledStateGraph[Any, Any, Any, Any] = load("graphs", name).graph
    return graph
