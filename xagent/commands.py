"""What a chat is told to do: lines that begin with a slash."""

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from xagent.display import set_apart, show_hits
from xagent.errors import InputError
from xagent.languages import known_languages
from xagent.languages import language as known_language
from xagent.registry import load, names
from xagent.session import Session
from xagent.terminal import console, one_line
from xagent.transcript import markdown, place

LISTED = 20
"""Conversations that `/resume` lists, at most."""

Run = Callable[[Session, str], None]


@dataclass(frozen=True, slots=True)
class Command:
    """One thing to be told to do."""

    name: str
    argument: str
    """What is written after it: nothing, `[OPTIONAL]` or `NEEDED`."""
    meaning: str
    run: Run
    completions: Callable[[Session], Iterator[str]] = lambda _: iter(())
    """What could be written after it."""

    @property
    def usage(self) -> str:
        """How it is written."""
        return f"{self.name} {self.argument}".strip()

    def obey(self, session: Session, argument: str) -> None:
        """Do it. Raises InputError when the argument is missing, or is too much."""
        if argument and not self.argument:
            raise InputError(f"{self.name} takes nothing after it")
        if self.argument and not argument and not self.argument.startswith("["):
            raise InputError(f"something is missing: {self.usage}")
        self.run(session, argument)


def obey(session: Session, line: str) -> bool:
    """Do what a line that begins with a slash says; False when the chat is to end.

    Raises InputError, and what asking and searching raise.
    """
    name, *rest = line.split(maxsplit=1)
    command = _command(name.lower())
    command.obey(session, "".join(rest))
    return command.run is not _quit


def _command(name: str) -> Command:
    known = {command.name: command for command in COMMANDS}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
        raise InputError(
            f"there is no command {name[:40]}: the nearest is {near} (a question may begin with //)"
        )
    return known[name]


def completions(session: Session, begun: str) -> Iterator[str]:
    """The lines that what was typed could become."""
    name, space, argument = begun.partition(" ")
    if not begun.startswith("/"):
        return
    for command in COMMANDS:
        if not space and command.name.startswith(name):
            yield command.name
        elif space and command.name == name:
            for possible in command.completions(session):
                if possible.casefold().startswith(argument.casefold()):
                    yield f"{name} {possible}"


def _say(text: str) -> None:
    """Print what has been cleaned part by part: to clean the whole would take the isolates out."""
    console().print(text, soft_wrap=True)


def _apart(text: str) -> str:
    return set_apart(one_line(text))


def shortened(text: str, length: int = 80) -> str:
    """The beginning of a text, on one line."""
    line = one_line(text)
    return _apart(line if len(line) <= length else f"{line[:length].rstrip()} …")


def _help(_: Session, __: str) -> None:
    width = max(len(command.usage) for command in COMMANDS)
    for command in COMMANDS:
        _say(f"{command.usage:<{width}}  {command.meaning}")
    _say("A question that begins with a slash is written with two: //")


def _sources(session: Session, _: str) -> None:
    if not session.exchanges:
        raise InputError("nothing has been answered yet: ask something first")
    last = session.exchanges[-1]
    if not last.answer.citations:
        _say("the last answer has no sources")
    for citation in last.answer.citations:
        _say(place(citation, last, set_apart))
        _say(f"    {_apart(f'“{one_line(citation.quote)}”')}")


def _language(session: Session, asked: str) -> None:
    if asked:
        session.speak("" if asked.casefold() == "off" else asked)
    if not session.language:
        _say("answers are in the language of the question")
        return
    fixed = known_language(session.language)
    own = "" if fixed.name == fixed.autonym else f" ({_apart(fixed.autonym)})"
    _say(f"answers are in {fixed.name}{own}; /language off ends that")


def _languages(_: Session) -> Iterator[str]:
    yield "off"
    for known in known_languages():
        yield from dict.fromkeys((known.code, known.name, known.autonym))


def _graph(session: Session, name: str) -> None:
    if name:
        session.run_on(name)
        _say(f"answers are from the graph {name}")
        return
    width = max(map(len, names("graphs")))
    for known in names("graphs"):
        mark = "*" if known == session.agent.graph else " "
        _say(f"{mark} {known:<{width}}  {_summary(known)}")


def _summary(graph: str) -> str:
    """What a graph's file says of it first."""
    said = (load("graphs", graph).__doc__ or "").strip()
    return one_line(said.partition("\n")[0])


def _search(session: Session, query: str) -> None:
    hits = session.agent.search(query)
    if not hits:
        _say("nothing was found")
    show_hits(hits)


def _save(session: Session, file: str) -> None:
    _write(session, file, "x")


def _save_over(session: Session, file: str) -> None:
    _write(session, file, "w")


def _write(session: Session, file: str, mode: Literal["x", "w"]) -> None:
    if not session.exchanges and not session.earlier:
        raise InputError("there is nothing to save yet: ask something first")
    try:
        with Path(file).expanduser().open(mode, encoding="utf-8", newline="\n") as opened:
            opened.write(markdown(session))
    except FileExistsError as error:
        raise InputError(f"{file} is there already: /save! {file} writes over it") from error
    except (OSError, RuntimeError) as error:
        raise InputError(f"{file} cannot be written: {getattr(error, 'strerror', error)}") from error
    _say(f"saved in {_apart(file)}")


def _new(session: Session, _: str) -> None:
    session.begin()
    _say(f"a new conversation: {_apart(session.name)}")


def _resume(session: Session, name: str) -> None:
    if name:
        session.resume(name)
        show_resumed(session)
        return
    listed = list(islice(session.kept(), LISTED))
    if not listed:
        _say("no conversation is kept in this store yet")
    for kept in listed:
        turns = f"{len(kept.turns)} turn{'' if len(kept.turns) == 1 else 's'}"
        _say(f"{_apart(kept.name)} · {turns} · {shortened(kept.turns[-1].question)}")


def _conversations(session: Session) -> Iterator[str]:
    yield from session.agent.conversations()[:LISTED]


def show_resumed(session: Session) -> None:
    """Which conversation goes on, and how it ended: its last two turns, shortened."""
    _say(f"going on with {_apart(session.name)}")
    for turn in session.earlier[-2:]:
        _say(f"> {shortened(turn.question)}")
        _say(f"  {shortened(turn.answer, 160)}")


def _quit(session: Session, _: str) -> None:
    """Nothing is left to do: `obey` says that the chat ends."""


COMMANDS = (
    Command("/help", "", "lists the commands", _help),
    Command("/sources", "", "shows the sources of the last answer, word for word", _sources),
    Command("/language", "[CODE|NAME|off]", "fixes the language of the answers", _language, _languages),
    Command(
        "/graph", "[NAME]", "answers with another graph; lists them", _graph, lambda _: iter(names("graphs"))
    ),
    Command("/search", "QUERY", "shows what would be retrieved", _search),
    Command("/save", "FILE", "writes the conversation to a new Markdown file", _save),
    Command("/save!", "FILE", "the same, over a file that is there", _save_over),
    Command("/new", "", "begins a new conversation", _new),
    Command("/resume", "[NAME]", "goes on with another conversation; lists them", _resume, _conversations),
    Command("/quit", "", "ends the chat", _quit),
)
"""All there are, as `/help` lists them."""
