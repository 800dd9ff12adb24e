"""A conversation as Markdown: questions, answers, and the sources word for word."""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from xagent.terminal import clean, one_line

if TYPE_CHECKING:
    from xagent.answer import AnswerCitation
    from xagent.session import Exchange, Session

# Headings, emphasis, code, links, tags, entities, tables, strike-through, mathematics.
_MARKUP = re.compile(r"[\\#`*_\[\]<>&|~$]")
# Lists and rules: only where a line begins.
_BEGINNING = re.compile(r"^([-+=]|\d+(?=[.)]))", re.MULTILINE)
_BREAK = re.compile(r"(?<!\n)\n(?!\n)")


def markdown(session: "Session") -> str:
    """The conversation as a Markdown text. Of what was said before this chat, the sources are not known."""
    parts = [f"# {_line(session.name)}"]
    for turn in session.earlier:
        parts += [f"## {_line(turn.question)}", escaped(turn.answer)]
    for exchange in session.exchanges:
        parts += [f"## {_line(exchange.answer.question)}", escaped(exchange.answer.text), *_sources(exchange)]
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, line by line: a document's words are no markup, links or HTML."""
    lines = [line.strip() for line in clean(text).strip().split("\n")]
    literal = [_BEGINNING.sub(_escape_beginning, _MARKUP.sub(r"\\\g<0>", line)) for line in lines]
    # Two spaces keep a line break that would else be a space.
    return _BREAK.sub("  \n", "\n".join(literal))


def _escape_beginning(match: re.Match[str]) -> str:
    begun = match.group()
    return f"{begun}\\" if begun.isdecimal() else f"\\{begun}"


def _line(text: str) -> str:
    return escaped(one_line(text))


def _sources(exchange: "Exchange") -> Iterator[str]:
    if exchange.answer.citations:
        yield f"### {_line(exchange.speaker.say('sources'))}"
    for citation in exchange.answer.citations:
        yield _line(place(citation, exchange))
        yield "\n".join(f"> {line}" for line in escaped(citation.quote).split("\n"))


def place(
    citation: "AnswerCitation", exchange: "Exchange", apart: Callable[[str], str] = lambda text: text
) -> str:
    """A source in one line: number, title, language, file, characters, and whether it was verified.

    `apart` sets the title and the file's name apart from the words around them.
    """
    speaker = exchange.speaker
    mark = speaker.say("verified" if citation.verified else "unverified")
    language = speaker.language_name(citation.language)
    title, source = apart(one_line(citation.title)), apart(one_line(citation.source))
    return f"[{citation.n}] {title} · {language} · {source} · {citation.start}-{citation.end} · {mark}"
