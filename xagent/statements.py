"""Claims as sentences with the numbers of their citations, and the language they are in."""

import re
from collections.abc import Sequence

from xagent.confusion import confused
from xagent.state import Claim, Quotation
from xagent.terminal import one_line

_UNSPACED = frozenset({"zh", "ja"})
_FORGED = re.compile(r"\s*[\[【［]\s*\d+(?:\s*[,،、]\s*\d+)*\s*[\]】］]")


def numbers(claims: Sequence[Claim]) -> dict[Quotation, int]:
    """Quotations by the number they are cited with, from 1, in the order they are first cited."""
    cited = dict.fromkeys(quotation for claim in claims for quotation in claim.quotations)
    return {quotation: n for n, quotation in enumerate(cited, start=1)}


def marked(claims: Sequence[Claim]) -> list[str]:
    """The text of each claim with its citations: `... [1][3]`."""
    number = numbers(claims)
    marks = ["".join(f"[{number[one]}]" for one in claim.quotations) for claim in claims]
    return [f"{_said(claim)} {mark}".strip() for claim, mark in zip(claims, marks, strict=True)]


def _said(claim: Claim) -> str:
    """The claim's text, harmless, without numbers in brackets: those are the model's, not citations."""
    return one_paragraph(_FORGED.sub("", one_line(claim.text)))


def between(code: str) -> str:
    """What separates sentences in a language."""
    return "" if code in _UNSPACED else " "


def one_paragraph(text: str) -> str:
    """On one line: a line of a hostile source could pass for one of ours."""
    return " ".join(text.split())


def is_confused(claim: Claim, code: str, script: str) -> bool:
    """Whether a part of the claim is in another language than it should be in."""
    return bool(wrong_parts(claim, code, script))


def wrong_parts(claim: Claim, code: str, script: str) -> list[tuple[int, int]]:
    """Where the claim's text is in another language. Its sources' titles may stand in it as they are."""
    if code == "und":
        return []
    titles = [quotation.passage.title for quotation in claim.quotations]
    return [(part.start, part.end) for part in confused(claim.text, code, script=script, names=titles)]
