"""What happens while a question is answered, as callers of `Agent.stream` see it."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Started:
    """A node of the graph has begun."""

    node: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A node of the graph has finished."""

    node: str
    milliseconds: float
    update: dict[str, Any]
    """The fields of `xagent.state.State` it set."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A part of the answer, with the numbers of its citations.

    Verified ones stay: joined as they come, they are how the answer's text begins.
    """

    text: str
    verified: bool
    """Drafts are not; they come only where `drafts` was asked for."""


class Events:
    """LangGraph's parts of a stream as events, and the milliseconds of each node."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}
        self._begun: dict[str, float] = {}

    def of(self, part: Mapping[str, Any]) -> Iterator[Started | Stage | Statement]:
        """The events that a part amounts to."""
        data = part["data"]
        if part["type"] == "custom":
            if "statement" in data:
                yield Statement(data["statement"], verified=True)
            elif "draft" in data:
                yield Statement(data["draft"], verified=False)
        elif part["type"] == "tasks":
            yield self._task(dict(data))

    def _task(self, event: dict[str, Any]) -> Started | Stage:
        if "result" not in event:
            self._begun[event["id"]] = time.perf_counter()
            return Started(event["name"])
        spent = round((time.perf_counter() - self._begun[event["id"]]) * 1000, 2)
        self.milliseconds[event["name"]] = round(self.milliseconds.get(event["name"], 0) + spent, 2)
        return Stage(event["name"], spent, dict(event["result"] or {}))
