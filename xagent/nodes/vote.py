"""What do several ways of reasoning agree on?"""

import asyncio
from collections.abc import Sequence

from langgraph.runtime import Runtime

from xagent.analyser import analyse
from xagent.budget import KEPT_CALLS
from xagent.context import Context
from xagent.errors import BudgetSpent, ModelError, ReplyError
from xagent.languages import language
from xagent.nodes.answer import drafting, kept_to
from xagent.replies import Vote
from xagent.state import State

ALIKE = 0.5
"""Two short answers are the same vote when they share this part of their n-grams (Jaccard)."""


async def vote(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """The draft that most voters agree with, each of which reasoned in another language.

    Cross-lingual self-consistency (Qin et al. 2023, arXiv 2310.14799): the share that agrees is a calibrated
    confidence; of votes that are level, the first language's counts. Voters that fail have no vote; when all
    do, that is a `failure`. Raises EndpointError when there is no model to ask.
    """
    attempt: dict[str, object] = {"attempts": state.attempts + 1}
    if not state.evidence:
        return attempt
    context = runtime.context
    voters = context.voters[: max(1, context.budget.calls_left - KEPT_CALLS)]
    cast = await asyncio.gather(*(_cast(state, voter, context) for voter in voters), return_exceptions=True)
    votes = [one for one in cast if isinstance(one, Vote)]
    for failed in cast:
        if isinstance(failed, ReplyError | BudgetSpent) and not votes:
            return {**attempt, "draft": (), "failure": str(failed)}
        if isinstance(failed, BaseException) and not (isinstance(failed, ModelError) and votes):
            raise failed
    groups = _groups(votes)
    winner = max(groups, key=len)
    return {**attempt, "draft": winner[0].claims, "agreement": round(len(winner) / len(voters), 4)}


async def _cast(state: State, voter: str, context: Context) -> Vote:
    name = language(voter).name
    reasoning = (
        f'First write "reasoning" in {name}, step by step, then "answer": the answer in five words of '
        f"English at most, empty if the passages have none. Then write the claims."
    )
    return await context.ask("answer", Vote, drafting(state, reasoning), keep=kept_to(state))


def _groups(votes: Sequence[Vote]) -> list[list[Vote]]:
    """Votes that agree, in the order in which their first was cast."""
    groups: list[list[Vote]] = []
    for one in votes:
        for group in groups:
            if _agree(one, group[0]):
                group.append(one)
                break
        else:
            groups.append([one])
    return groups


def _agree(one: Vote, other: Vote) -> bool:
    if not (one.claims and other.claims):
        return not (one.claims or other.claims)
    a, b = set(analyse(one.answer)), set(analyse(other.answer))
    return len(a & b) >= ALIKE * len(a | b)
