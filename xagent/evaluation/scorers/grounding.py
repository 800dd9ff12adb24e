"""How much of what is said rests on evidence?"""

from xagent.evaluation.records import Record


def grounded(record: Record) -> float | None:
    """The share of the answer's claims that have a verified citation: a quotation found in its source.

    0 where there is an answer and no claim in it is known; None where it abstains, and claims nothing. That a
    quotation is really there does not say that the claim follows from it.
    """
    answer = record.answer
    if answer is None or answer.verdict == "abstained":
        return None
    verified = {citation.n for citation in answer.citations if citation.verified}
    held = sum(not verified.isdisjoint(claim.citations) for claim in record.claims)
    return held / len(record.claims) if record.claims else 0.0
