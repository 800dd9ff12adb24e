"""The terminal conversation: a question or a command a line, until the end of input or /quit."""

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from xagent.commands import completions, obey, show_resumed
from xagent.display import set_apart
from xagent.errors import XagentError
from xagent.lines import Lines, interactive, lines
from xagent.session import Session
from xagent.terminal import console, one_line

if TYPE_CHECKING:
    from xagent.agent import Agent

GREETING = "Ask in any language. /help lists the commands, /quit ends the conversation."


def chat(agent: "Agent", language: str = "", *, resume: bool = False, conversation: str = "") -> None:
    """Hold a conversation that is kept in the store: a new one, the latest, or the one of this name.

    What goes wrong with one line is told in one line, and the next is read. Raises what keeps the chat from
    beginning: StoreError, UnknownLanguage.
    """
    session = Session(agent, language, conversation, microseconds=not interactive())
    none_kept = resume and not conversation and not _resumed(session)
    source = lines(partial(completions, session))
    if source.interactive:
        _greet(session)
    if none_kept:
        _complain("no conversation is kept in this store yet: this is a new one")
    _converse(session, source)


def _resumed(session: Session) -> bool:
    """Go on with the latest conversation; False when there is none."""
    for kept in islice(session.kept(), 1):
        session.go_on(kept.name)
    return bool(session.earlier)


def _greet(session: Session) -> None:
    console().print(GREETING, style="dim")
    if session.earlier:
        show_resumed(session)
    else:
        console().print(f"This one is called {set_apart(one_line(session.name))}.", style="dim")


def _converse(session: Session, source: Lines) -> None:
    while True:
        try:
            line = source.next()
            if line is None or (line and not _heed(session, line)):
                return
        except XagentError as error:
            _complain(str(error))
        except KeyboardInterrupt:
            if not source.interactive:
                raise
            # Whatever was being written, the prompt begins on a line of its own.
            console().print("\ncancelled", style="dim")


def _heed(session: Session, line: str) -> bool:
    """Answer a question or do what a command says; False when the chat is to end."""
    if line.startswith("/") and not line.startswith("//"):
        return obey(session, line)
    session.ask(line.removeprefix("/"))
    console().print()
    return True


def _complain(message: str) -> None:
    console(stderr=True).print(f"xagent: {one_line(message)}", soft_wrap=True)
