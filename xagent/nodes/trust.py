"""What if nothing were checked? The draft at its word: for the graphs that others are measured against."""

from xagent.replies import DraftClaim
from xagent.state import Claim, Quotation, State


def trust(state: State) -> dict[str, object]:
    """The draft's claims as they are, their quotations marked as not verified."""
    if state.failure or not (state.draft or state.claims):
        reason = state.failure or "the model gives no answer"
        return {"claims": (), "verdict": "abstained", "reason": reason}
    claims = tuple(_believed(claim, state) for claim in state.draft) or state.claims
    return {"claims": claims, "verdict": "answered", "reason": "not verified"}


def _believed(claim: DraftClaim, state: State) -> Claim:
    cited = [one for one in claim.evidence if 1 <= one.passage <= len(state.evidence)]
    quotations = [_unverified(state, one.passage, one.quote) for one in cited]
    return Claim(claim.text.strip(), tuple(dict.fromkeys(quotations)), claim.disputed)


def _unverified(state: State, number: int, quote: str) -> Quotation:
    """The passage as a whole is the place; what it says there is the model's word."""
    shown = state.evidence[number - 1]
    original = next((hit.passage for hit in state.hits if hit.passage.key == shown.key), shown)
    return Quotation(original, original.start, original.end, quote, verified=False)
