"""Where the lines of a chat come from: a person at a terminal, or a pipe."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from xagent.errors import XagentError
from xagent.terminal import one_line

if TYPE_CHECKING:
    from prompt_toolkit.completion import Completer
    from prompt_toolkit.output import Output

Completions = Callable[[str], Iterable[str]]
"""What a line could become, given how it begins."""


class Lines(Protocol):
    """Lines without anything that a terminal would act on."""

    interactive: bool
    """Whether a person types them and sees the answers."""

    def next(self) -> str | None:
        """The next line, without white space around it; None at the end."""


def interactive() -> bool:
    """Whether a person types and reads along."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def lines(completions: Completions) -> Lines:
    """What is typed where a person reads along, else what is piped in."""
    return Typed(completions) if interactive() else Piped()


class Piped:
    """Lines from standard input."""

    interactive = False

    def next(self) -> str | None:
        """The next line; None at the end."""
        line = sys.stdin.readline()
        return one_line(line) if line else None


class Typed:
    """Lines from a prompt with a history, and completion of what begins with a slash."""

    interactive = True

    def __init__(self, completions: Completions) -> None:
        # Not part of start-up; and its editing keys need a terminal.
        from prompt_toolkit import PromptSession
        from prompt_toolkit.application import create_app_session

        with create_app_session(output=_plain_output()):
            self.prompt: PromptSession[str] = PromptSession(
                completer=_completer(completions),
                # The names of conversations are read from the disk.
                complete_in_thread=True,
            )

    def next(self) -> str | None:
        """The next line; an empty one when Ctrl-C has cleared it, None at Ctrl-D."""
        try:
            return one_line(self.prompt.prompt("> "))
        except KeyboardInterrupt:
            return ""
        except EOFError:
            return None


def _plain_output() -> "Output | None":
    """For a terminal that knows no commands: what is made by default sends it some all the same."""
    from prompt_toolkit.output.plain_text import PlainTextOutput
    from prompt_toolkit.utils import is_dumb_terminal

    return PlainTextOutput(sys.stdout) if is_dumb_terminal() else None


def _completer(completions: Completions) -> "Completer":
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document

    class Whole(Completer):
        """Completes the line as a whole: some names have spaces."""

        def get_completions(self, document: Document, _: CompleteEvent) -> Iterator[Completion]:
            begun = document.text_before_cursor
            # A store that cannot be read is told of when a line is sent, not while it is typed.
            with suppress(XagentError):
                for line in completions(begun):
                    yield Completion(one_line(line), start_position=-len(begun))

    return Whole()
