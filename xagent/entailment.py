"""Which statements follow from passages? A model's probabilities where its server has them, else verdicts.

Either sees the same texts, `prompts/verify.md` filled in: evidence and statements, and not who wrote them.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from xagent.decisions import LIKELY, NoDecisions, decide, prefix
from xagent.passages import Passage
from xagent.prompts import passages_as_data, prompt, statements_as_data
from xagent.replies import Entailment, so_far
from xagent.shown import Shown
from xagent.state import Claim

if TYPE_CHECKING:
    from xagent.context import Context

STEP = "verify"
"""The prompt of both ways, and the step that their calls are counted as."""

SUPPORTED = LIKELY
"""The probability from which on a statement counts as supported."""


async def supported(claims: Sequence[Claim], context: "Context", shown: Shown) -> tuple[Claim, ...]:
    """The claims that follow from their quotations' passages, which `shown` gets as soon as that is known.

    One call for all. Raises ModelError; what is in `shown` by then is supported.
    """
    numbered = dict(enumerate(claims, start=1))
    passages = dict.fromkeys(quotation.passage for claim in claims for quotation in claim.quotations)
    values = as_data(passages, {n: claim.text for n, claim in numbered.items()})
    try:
        found = await probabilities(context, values, numbered)
    except NoDecisions:
        return await _in_chat(numbered, values, context, shown)
    kept = tuple(claim for n, claim in numbered.items() if found[n] >= SUPPORTED)
    shown.add(kept)
    return kept


def as_data(passages: Iterable[Passage], statements: Mapping[int, str]) -> dict[str, str]:
    """What the prompt is filled in with."""
    return {
        "passages": passages_as_data(passages),
        "statements": statements_as_data(list(statements.items())),
    }


async def probabilities(
    context: "Context", values: Mapping[str, str], numbers: Iterable[int]
) -> dict[int, float]:
    """How probable the model holds it that each statement follows. Raises as `xagent.decisions.decide`."""
    text = prefix(await asyncio.to_thread(prompt, STEP, values))
    asked = {f"s{n}": f"Would a reader of the passages have to agree with all of statement {n}?"
             for n in numbers}  # fmt: skip
    found = await decide(context, STEP, text, asked)
    return {int(name.removeprefix("s")): probability for name, probability in found.items()}


async def verdicts(
    context: "Context", values: Mapping[str, str], progress: Callable[[str], None] = lambda _: None
) -> frozenset[int]:
    """The numbers of the statements that follow, as the model says in chat. Raises ModelError."""
    reply = await context.ask(STEP, Entailment, values, progress)
    return frozenset(verdict.claim for verdict in reply.verdicts if verdict.supported)


async def _in_chat(
    numbered: Mapping[int, Claim], values: Mapping[str, str], context: "Context", shown: Shown
) -> tuple[Claim, ...]:
    """The claims that the model says are supported. They are streamed as it does."""

    def progress(text: str) -> None:
        new = [claim for claim in _first_supported(text, numbered) if claim not in shown.claims]
        shown.add([*shown.claims, *new])

    said = await verdicts(context, values, progress)
    # A reply that was asked for again may differ from the one that was shown: what was shown stays first.
    others = (claim for n, claim in numbered.items() if n in said and claim not in shown.claims)
    return (*shown.claims, *others)


def _first_supported(text: str, numbered: Mapping[int, Claim]) -> list[Claim]:
    """The claims that a reply which is still arriving supports, up to the first that it does not speak of."""
    arrived = so_far(text).get("verdicts")
    first: list[Claim] = []
    for n, verdict in enumerate(arrived if isinstance(arrived, list) else [], start=1):
        if not isinstance(verdict, dict) or verdict.get("claim") != n or "supported" not in verdict:
            break
        if verdict["supported"] is True and n in numbered:
            first.append(numbered[n])
    return first
