"""Is everything the reader sees in the reader's language? Quotations stay as their sources have them."""

from itertools import groupby

from xagent.messages import Voice, chosen_script, voice
from xagent.state import Citation, State


def enforce(state: State) -> dict[str, object]:
    """Say the answer in the reader's language, or in the nearest one that there are messages in."""
    speaker = voice(state.answer_language, chosen_script(state.language, state.question_language.script))
    return {"text": _text(state, speaker), "answer_language": speaker.code.partition("-")[0]}


def _text(state: State, speaker: Voice) -> str:
    if state.verdict == "abstained":
        return speaker.say("abstain" if state.hits else "abstain_empty")
    lead = [speaker.say("partial")] if state.verdict == "partial" else []
    by_source = groupby(state.citations, key=lambda citation: (citation.title, citation.language))
    return "\n\n".join([*lead, *(_framed(list(group), speaker) for _, group in by_source)])


def _framed(citations: list[Citation], speaker: Voice) -> str:
    quotes = "\n".join(f"“{_unwrapped(citation.quote)}” [{citation.n}]" for citation in citations)
    return f"{_frame(citations[0], speaker)}\n{quotes}"


def _frame(citation: Citation, speaker: Voice) -> str:
    if citation.language == speaker.code.partition("-")[0]:
        return speaker.say("source_said_same", title=_unwrapped(citation.title))
    name = speaker.language_name(citation.language)
    return speaker.say("source_said", title=_unwrapped(citation.title), language=name)


def _unwrapped(text: str) -> str:
    """On one line: a line of a hostile source could pass for one of ours."""
    return " ".join(text.split())
