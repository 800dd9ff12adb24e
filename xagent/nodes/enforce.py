"""Is every sentence in the reader's language? What is not is said again, or gives way to its source."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count

from langgraph.runtime import Runtime

from xagent.context import Context
from xagent.errors import ModelError
from xagent.instructions import in_language
from xagent.keeping import KeepTo
from xagent.prompts import statements_as_data
from xagent.replies import Restatement
from xagent.state import Claim, State
from xagent.statements import is_confused, wrong_parts

TRIES = 2
"""Times that what is in the wrong language is said again, before its quotation is all that is shown."""

Claims = tuple[Claim, ...]


async def enforce(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """Have the sentences said again that are in another language, all in one call, and check them again.

    Citations stay with their claims. A claim that is still not in the reader's language after that is
    replaced by its quotation, under a notice that is.
    """
    reader = Reader(state)
    claims, failure = state.claims, ""
    for _ in range(TRIES):
        if not reader.confused(claims):
            break
        try:
            claims = await _said_again(claims, reader, runtime.context)
        except ModelError as error:
            failure = str(error)
            break
    if not (wrong := reader.confused(claims)):
        return {"claims": claims}
    reason = failure or f"{len(wrong)} claims could not be put into the reader's language"
    quoted = [replace(claim, text="", disputed=False) if claim in wrong else claim for claim in claims]
    kept = tuple(claim for claim in quoted if claim.text or claim.quotations)
    if not kept:
        return {"claims": (), "verdict": "abstained", "reason": reason, "notice": ""}
    notice = state.notice if all(claim.text for claim in kept) else "wrong_language"
    return {"claims": kept, "verdict": "partial", "reason": reason, "notice": notice}


class Reader:
    """The language, and the script, that an answer must be in."""

    def __init__(self, state: State) -> None:
        self.language = state.answer_language
        self.script = state.script

    def confused(self, claims: Claims) -> list[Claim]:
        """The claims that are not all in it."""
        return [claim for claim in claims if is_confused(claim, self.language, self.script)]

    def parts(self, claim: Claim) -> list[tuple[int, int]]:
        """Where a claim is not in it."""
        return wrong_parts(claim, self.language, self.script)


async def _said_again(claims: Claims, reader: Reader, context: Context) -> Claims:
    """The claims with their wrong parts said again, where that keeps their numbers."""
    parts = [reader.parts(claim) for claim in claims]
    number = count(1)
    numbered = [[(next(number), start, end) for start, end in spans] for spans in parts]
    wrong = [
        (n, claim.text[start:end])
        for claim, spans in zip(claims, numbered, strict=True)
        for n, start, end in spans
    ]
    instruction = in_language(reader.language, reader.script)
    values = {"statements": statements_as_data(wrong), "instruction": instruction}
    keep = KeepTo(reader.language, ("text",), reader.script, strictly=True)
    reply = await context.ask("enforce", Restatement, values, keep=keep)
    again = {sentence.n: sentence.text.strip() for sentence in reply.sentences}
    return tuple(_replaced(claim, spans, again) for claim, spans in zip(claims, numbered, strict=True))


def _replaced(claim: Claim, spans: Sequence[tuple[int, int, int]], again: Mapping[int, str]) -> Claim:
    text = claim.text
    known = _numbers(" ".join([text, *(quotation.text for quotation in claim.quotations)]))
    for n, start, end in reversed(spans):
        said = again.get(n, "")
        if said and _numbers(said) <= known:
            text = text[:start] + said + text[end:]
    return replace(claim, text=text)


def _numbers(text: str) -> set[int]:
    """The numbers in a text, whatever digits they are written in: saying it again may add none."""
    return {int(digits) for digits in re.findall(r"\d+", text)}
