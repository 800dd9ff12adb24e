"""A cross-encoder behind `/v1/rerank`, as vLLM, TEI, Jina and Cohere have it."""

import asyncio
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError

from xagent.endpoints import served_models
from xagent.errors import BudgetSpent, EndpointError
from xagent.passages import Passage
from xagent.reranking import Order, by_score
from xagent.terminal import one_line
from xagent.writer import indexed_text

if TYPE_CHECKING:
    from xagent.context import Context

PATIENCE = 15.0
"""Seconds that scores are waited for."""

LONGEST = 8000
"""Characters of a passage that are sent: a cross-encoder reads no more than its window."""


class _Scored(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    index: int
    relevance_score: float


class _Scores(BaseModel):
    model_config = ConfigDict(extra="ignore")

    results: list[_Scored]


async def by_endpoint(context: "Context", question: str, passages: Sequence[Passage]) -> Order:
    """The order of the scores that the server gives. Raises EndpointError and BudgetSpent."""
    if not context.rerank_url:
        raise EndpointError("no reranker is configured: set XAGENT_RERANK_URL, for example to a `vllm serve`")
    limit = min(PATIENCE, context.budget.seconds_left)
    if limit <= 0:
        raise BudgetSpent("there is no time left for a reranker: allow more (--max-seconds)")
    url = context.rerank_url.rstrip("/")
    try:
        async with asyncio.timeout(limit):
            name = await asyncio.to_thread(_model, context)
            body = {"model": name, "query": question, "documents": [_document(one) for one in passages]}
            text = await _posted(f"{url}/rerank", body, context.rerank_key, limit)
    except TimeoutError as error:
        raise EndpointError(
            f"the reranker at {one_line(url)} did not answer in {limit:.0f} seconds"
        ) from error
    return Order(by_score(_checked(text, len(passages), url)), f"{one_line(name)} at {one_line(url)}")


def _model(context: "Context") -> str:
    if context.rerank_model:
        return context.rerank_model
    listed = served_models(context.rerank_url, context.rerank_key, patience=PATIENCE / 2)
    if not listed:
        raise EndpointError(f"the reranker at {one_line(context.rerank_url)} lists no model: "
                            f"set XAGENT_RERANK_MODEL")  # fmt: skip
    return listed[0]


def _document(passage: Passage) -> str:
    return indexed_text(passage)[:LONGEST]


async def _posted(url: str, body: object, key: str, limit: float) -> str:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        tls = await asyncio.to_thread(httpx2.create_ssl_context)  # reads files: not in an event loop
        async with httpx2.AsyncClient(verify=tls, timeout=limit) as client:
            response = await client.post(url, json=body, headers=headers)
            response.raise_for_status()
            return response.text
    except httpx2.HTTPStatusError as error:
        hint = "set XAGENT_RERANK_KEY" if error.response.status_code in (401, 403) else "is its URL right?"
        raise EndpointError(
            f"the reranker at {one_line(url)} answered {error.response.status_code}: {hint}"
        ) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        raise EndpointError(f"no reranker answers at {one_line(url)}: set XAGENT_RERANK_URL") from error


def _checked(text: str, expected: int, url: str) -> list[float]:
    """A score for each document, in their order: each once, and each a number."""
    try:
        results = _Scores.model_validate_json(text).results
    except ValidationError as error:
        raise EndpointError(f"what answers at {one_line(url)} is no reranker") from error
    scores = {one.index: one.relevance_score for one in results}
    whole = len(results) == len(scores) == expected and scores.keys() == set(range(expected))
    if not whole or not all(map(math.isfinite, scores.values())):
        raise EndpointError(f"the reranker at {one_line(url)} did not give one score for each passage")
    return [scores[place] for place in range(expected)]
