"""Passages in a better order than the search's: by a cross-encoder, or by the chat model.

endpoint   `POST /v1/rerank` of vLLM, TEI, Jina and others: bge-reranker-v2-m3, Qwen3-Reranker
model      the chat model says the order, all passages of a window before it (RankGPT)
decisions  the chat model's probability that a passage answers, by vLLM's `/v1/decisions`
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xagent.errors import UnknownName

if TYPE_CHECKING:
    from xagent.context import Context
    from xagent.passages import Passage

CHOICES = ("none", "endpoint", "model", "decisions")


@dataclass(frozen=True, slots=True)
class Order:
    """Places of the passages given, the best first: each place once."""

    places: tuple[int, ...]
    by: str
    """What decided, for the trace."""


async def reranked(context: "Context", question: str, passages: "Sequence[Passage]") -> Order:
    """The order that the reranker chosen puts passages in.

    Raises UnknownName for a choice that is none of `CHOICES`, and ModelError where the reranker fails.
    """
    if context.rerank not in CHOICES:
        raise UnknownName(f"no reranker is called {context.rerank!r}; there are: {', '.join(CHOICES)}")
    from xagent.decisions import by_decisions
    from xagent.listwise import by_listing
    from xagent.rerank_endpoint import by_endpoint

    rerank = {"endpoint": by_endpoint, "model": by_listing, "decisions": by_decisions}[context.rerank]
    return await rerank(context, question, passages)


def by_score(scores: Sequence[float]) -> tuple[int, ...]:
    """Places by score, the highest first; those that are level keep their order."""
    return tuple(sorted(range(len(scores)), key=lambda place: -scores[place]))
