"""What does the reader see? Statements with numbers, the sides of a dispute, quotations, a notice."""

from collections.abc import Sequence
from itertools import groupby

from xagent.messages import Key, Voice, voice
from xagent.state import Citation, Claim, Quotation, State, Turn
from xagent.statements import between, marked, numbers, one_paragraph

REMEMBERED = 20
"""Turns that a conversation keeps."""


def compose(state: State) -> dict[str, object]:
    """The answer's text in the reader's language, or in the nearest one that there are messages in."""
    speaker = voice(state.answer_language, state.script)
    claims = _in_order(state.claims)
    text = _text(state, claims, speaker)
    stated = any(claim.text for claim in claims)
    spoken = state.answer_language if stated else speaker.code.partition("-")[0]
    turn = Turn(state.question, text, spoken)
    return {
        "text": text,
        "claims": claims,
        "citations": tuple(_citation(n, quotation) for quotation, n in numbers(claims).items()),
        "answer_language": spoken,
        "history": (*state.history, turn)[-REMEMBERED:],
        "hits": (),  # done with, and most of what a checkpoint would keep
    }


def _in_order(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """Statements, then the sides of a dispute, then what is quoted only."""
    return tuple(sorted(claims, key=lambda claim: (not claim.text, claim.disputed)))


def _text(state: State, claims: Sequence[Claim], speaker: Voice) -> str:
    if state.verdict == "abstained":
        return speaker.say("abstain_empty" if state.notice == "abstain_empty" else "abstain")
    texts = dict(zip(claims, marked(claims), strict=True))
    plain = [texts[claim] for claim in claims if claim.text and not claim.disputed]
    disputed = [claim for claim in claims if claim.text and claim.disputed]
    quoted = [claim for claim in claims if not claim.text]
    blocks = [
        between(state.answer_language).join(plain),
        *([speaker.say("disagree")] if disputed else []),
        *(f"{_frame(claim.quotations[0], speaker)}\n{texts[claim]}" for claim in disputed),
        *([speaker.say(_lead(state))] if quoted and state.notice else []),
        *_quotations(quoted, numbers(claims), speaker),
        *([speaker.say(_trailing(state))] if state.notice in ("left_out", "from_memory") else []),
    ]
    return "\n\n".join(block for block in blocks if block)


def _lead(state: State) -> Key:
    return "wrong_language" if state.notice == "wrong_language" else "partial"


def _trailing(state: State) -> Key:
    return "from_memory" if state.notice == "from_memory" else "left_out"


def _quotations(claims: Sequence[Claim], number: dict[Quotation, int], speaker: Voice) -> list[str]:
    """Quotations under the title of their source."""
    cited = dict.fromkeys(quotation for claim in claims for quotation in claim.quotations)
    by_source = groupby(cited, key=lambda quotation: (quotation.passage.title, quotation.passage.language))
    return [_framed(list(group), number, speaker) for _, group in by_source]


def _framed(quotations: list[Quotation], number: dict[Quotation, int], speaker: Voice) -> str:
    quotes = "\n".join(f"“{one_paragraph(one.text)}” [{number[one]}]" for one in quotations)
    return f"{_frame(quotations[0], speaker)}\n{quotes}"


def _frame(quotation: Quotation, speaker: Voice) -> str:
    title, language = one_paragraph(quotation.passage.title), quotation.passage.language
    if language == speaker.code.partition("-")[0]:
        return speaker.say("source_said_same", title=title)
    return speaker.say("source_said", title=title, language=speaker.language_name(language))


def _citation(n: int, quotation: Quotation) -> Citation:
    passage = quotation.passage
    return Citation(
        n=n,
        source=passage.source,
        title=passage.title,
        language=passage.language,
        quote=quotation.text,
        start=quotation.start,
        end=quotation.end,
        verified=quotation.verified,
    )
