"""The chat model puts passages in order, a window at a time, from the end to the front.

The method is RankGPT's (Sun et al. 2023, arXiv 2304.09542): what is best in a window goes on into the next,
so that one reply is never long and few are enough.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xagent.budget import KEPT_CALLS
from xagent.errors import BudgetSpent, ModelError, ReplyError
from xagent.passages import Passage
from xagent.prompts import fenced, passages_as_data
from xagent.replies import Ranking
from xagent.reranking import Order

if TYPE_CHECKING:
    from xagent.context import Context

WINDOW, STEP = 20, 10
"""Passages in one call, and by how many a window is before the one that follows it."""

MOST_CALLS = 2
"""Windows, at most: the first passages are put in order, the rest stays as it was."""

LONGEST = 1200
"""Characters of a passage that are read."""

PATIENCE = 30.0
"""Seconds that all windows together are waited for."""


async def by_listing(context: "Context", question: str, passages: Sequence[Passage]) -> Order:
    """The order that the model says; where a window fails, what those before it said.

    Raises ModelError where the first fails.
    """
    order = list(range(len(passages)))
    done, failure = 0, ""
    windows = list(_windows(len(passages), min(MOST_CALLS, context.budget.calls_left - KEPT_CALLS)))
    if not windows:
        raise BudgetSpent("no model call is left for the order of passages: allow more (--max-calls)")
    for start, end in windows:
        try:
            said = await _said(context, question, [passages[place] for place in order[start:end]])
        except ModelError as error:
            if not done:
                raise
            failure = f", then {error}"
            break
        order[start:end] = [order[start + place] for place in said]
        done += 1
    return Order(tuple(order), f"{context.model.name}, {done} of {len(windows)} windows{failure}")


def _windows(count: int, calls: int) -> Iterator[tuple[int, int]]:
    """From where to where each call reads, the last first: the first `WINDOW` come last and always."""
    for start in range(STEP * (calls - 1), -1, -STEP):
        if start == 0 or start + STEP < count:
            yield start, min(count, start + WINDOW)


async def _said(context: "Context", question: str, passages: Sequence[Passage]) -> list[int]:
    """The places of all the passages, in the order of one reply. Raises ModelError."""
    read = [replace(one, text=one.text[:LONGEST]) for one in passages]
    values = {"passages": passages_as_data(read), "question": fenced(question)}
    async with context.budget.aside(PATIENCE / MOST_CALLS, "ordering the passages"):
        reply = await context.ask("rerank", Ranking, values)
    return completed(reply.ranking, len(passages))


def completed(ranking: Sequence[int], count: int) -> list[int]:
    """Places from 0 of numbers from 1: each once, what is missing after the rest in its old order.

    Raises ReplyError when none of the numbers is a passage's.
    """
    named = [number - 1 for number in dict.fromkeys(ranking) if 1 <= number <= count]
    if not named:
        raise ReplyError("the model's order names none of the passages")
    return [*named, *sorted(set(range(count)).difference(named))]
