"""Is it right? Scorers of one answer each, from 0 to 1."""

import unicodedata
from collections.abc import Iterable

from xagent.answer import Answer


def normalised(text: str) -> str:
    """`text` as it is compared: compatibility forms, case and runs of white space made alike."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def quotes_contain(answer: Answer, golds: Iterable[str]) -> float:
    """1 when a quotation of the answer has one of the gold answers in it."""
    quotes = [normalised(citation.quote) for citation in answer.citations]
    return float(any(normalised(gold) in quote for gold in golds for quote in quotes))


def abstains(answer: Answer) -> float:
    """1 when the answer is that the evidence does not say."""
    return float(answer.verdict == "abstained")


def mean(scores: Iterable[float]) -> float:
    """The average; 0 of nothing."""
    listed = list(scores)
    return sum(listed) / len(listed) if listed else 0.0
