"""Does it say that the documents do not answer, when they do not, and only then?

A pair, to be shown together as NoMIRACL does (Thakur et al. 2024, arXiv 2312.11361): its hallucination rate
is 1 - `abstains_rightly`, its error rate `abstains_wrongly`.
"""

from xagent.evaluation.records import Record


def abstains_rightly(record: Record) -> float | None:
    """1 when it abstains where the documents do not answer; None where they do. The more, the better."""
    return None if record.sample.answerable else _abstains(record)


def abstains_wrongly(record: Record) -> float | None:
    """1 when it abstains where the documents do answer; None where they do not. The less, the better."""
    return _abstains(record) if record.sample.answerable else None


def _abstains(record: Record) -> float | None:
    return None if record.answer is None else float(record.answer.verdict == "abstained")
