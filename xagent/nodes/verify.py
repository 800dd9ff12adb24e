"""Is each quotation really there, and does it say what the claim says? What fails is not shown."""

import asyncio
from dataclasses import replace

from langgraph.runtime import Runtime

from xagent.context import Context
from xagent.entailment import supported
from xagent.errors import ModelError
from xagent.quotations import locate
from xagent.replies import DraftClaim
from xagent.shown import Shown
from xagent.state import Claim, Quotation, State
from xagent.store import Store

ANSWERED = 0.15
"""The score of a quotation from which a question counts as answered without a model, not in part."""


async def verify(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """Keep the quotations that are word for word in the store, and the claims that follow from them.

    Only then is a model asked, once for all claims (`xagent.entailment`): it sees evidence and
    statements, and not the draft as anything to be believed (after chain-of-verification, Dhuliawala
    et al. 2023, arXiv 2309.11495). Where it fails, the quotations stand without the claims.
    """
    store = await asyncio.to_thread(lambda: runtime.context.opened)
    grounded = await asyncio.to_thread(_grounded, state, store)
    if not any(claim.text for claim in grounded):
        return _judged(state, grounded, grounded)
    shown = Shown(state, runtime.stream_writer)
    try:
        kept = await supported(grounded, runtime.context, shown)
    except ModelError as error:
        kept = tuple(shown.claims)
        bare = [replace(claim, text="", disputed=False) for claim in grounded if claim not in kept]
        if bare:
            return _partial((*kept, *bare), str(error), "partial")
    return _judged(state, grounded, kept)


def _grounded(state: State, store: Store) -> tuple[Claim, ...]:
    """The claims with those of their quotations that stand in their document; none without any."""
    drafted = [_located(claim, state) for claim in state.draft]
    checked = [_standing(claim, store) for claim in (*drafted, *state.claims)]
    return tuple(claim for claim in checked if claim.quotations)


def _standing(claim: Claim, store: Store) -> Claim:
    return replace(claim, quotations=tuple(one for one in claim.quotations if stands(one, store)))


def _located(claim: DraftClaim, state: State) -> Claim:
    """The claim with its quotations where they are in the documents' own text."""
    found = []
    for evidence in claim.evidence:
        if not 1 <= evidence.passage <= len(state.evidence):
            continue
        passage = state.evidence[evidence.passage - 1]
        if span := locate(evidence.quote, passage.text):
            start, end = (passage.start + offset for offset in span)
            found.append(Quotation(passage, start, end, passage.text[span[0] : span[1]]))
    return Claim(claim.text.strip(), tuple(dict.fromkeys(found)), claim.disputed)


def stands(quotation: Quotation, store: Store) -> bool:
    """Whether the document, as the store holds it now, says this at this place."""
    said = store.catalog.quotation(quotation.passage.key, quotation.start, quotation.end)
    return bool(said) and said == quotation.text


def _judged(state: State, grounded: tuple[Claim, ...], kept: tuple[Claim, ...]) -> dict[str, object]:
    """The verdict on what is left."""
    if not state.hits:
        return {**_abstained("nothing was found"), "notice": "abstain_empty"}
    if not kept:
        proposed = state.draft or state.claims
        found_none = state.failure or "no evidence found answers the question"
        return _abstained("no claim could be verified" if proposed else found_none)
    if state.failure:
        return _partial(kept, state.failure, "partial")
    return _stated(state, grounded, kept) if kept[0].text else _quoted(kept)


def _stated(state: State, grounded: tuple[Claim, ...], kept: tuple[Claim, ...]) -> dict[str, object]:
    if len(kept) < max(len(grounded), len(state.draft)):
        reason = f"{len(kept)} of {len(state.draft)} claims could be verified"
        return _partial(_settled(kept), reason, "left_out")
    return _answered(_settled(kept), "every claim could be verified")


def _quoted(kept: tuple[Claim, ...]) -> dict[str, object]:
    if kept[0].quotations[0].score < ANSWERED:
        return _partial(kept, "the best sentence covers the question in part", "partial")
    return _answered(kept, "the best sentence covers the question")


def _settled(claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
    """A dispute needs two sides and two sources: what is left of one is a claim like any other."""
    sides = [claim for claim in claims if claim.disputed]
    sources = {quotation.passage.source for claim in sides for quotation in claim.quotations}
    if len(sides) > 1 and len(sources) > 1:
        return claims
    return tuple(replace(claim, disputed=False) for claim in claims)


def _answered(claims: tuple[Claim, ...], reason: str) -> dict[str, object]:
    return {"claims": claims, "verdict": "answered", "reason": reason, "notice": ""}


def _partial(claims: tuple[Claim, ...], reason: str, notice: str) -> dict[str, object]:
    return {"claims": claims, "verdict": "partial", "reason": reason, "notice": notice}


def _abstained(reason: str) -> dict[str, object]:
    return {"claims": (), "verdict": "abstained", "reason": reason, "notice": ""}
