"""Ask in any language; answer from evidence in any other; every claim traced to its source.

>>> from xagent import Agent
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xagent.agent import Agent as Agent
    from xagent.answer import Answer as Answer
    from xagent.errors import XagentError as XagentError
    from xagent.events import Stage as Stage
    from xagent.events import Started as Started
    from xagent.events import Statement as Statement

__all__ = ["Agent", "Answer", "Stage", "Started", "Statement", "XagentError"]

_HOMES = {
    "Agent": "agent",
    "Answer": "answer",
    "Stage": "events",
    "Started": "events",
    "Statement": "events",
    "XagentError": "errors",
}


def __getattr__(name: str) -> object:
    # `import xagent` stays cheap: LangGraph and Chroma take seconds to import.
    if name == "__version__":
        return import_module("importlib.metadata").version("xagent")
    if name not in _HOMES:
        raise AttributeError(f"module 'xagent' has no attribute {name!r}")
    return getattr(import_module(f"xagent.{_HOMES[name]}"), name)
