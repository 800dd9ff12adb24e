"""The terminal conversation: a question a line, until the end of input or /quit."""

import sys
from collections import deque
from typing import TYPE_CHECKING

from xagent.display import show_answer
from xagent.errors import EmptyQuestion, QuestionTooLong
from xagent.terminal import console, one_line

if TYPE_CHECKING:
    from xagent.agent import Agent

GREETING = "Ask in any language. /quit ends the conversation."


def chat(agent: "Agent", language: str = "") -> None:
    """Read questions and answer each. A question that cannot be asked does not end the conversation."""
    spoken: deque[str] = deque(maxlen=5)
    screen = console()
    if sys.stdin.isatty():
        screen.print(GREETING, style="dim")
    while (line := _next_line()) is not None and line.strip() != "/quit":
        if not line.strip():
            continue
        try:
            answer = agent.ask(line, language=language, conversation=tuple(spoken))
        except (EmptyQuestion, QuestionTooLong) as error:
            console(stderr=True).print(f"xagent: {one_line(str(error))}", soft_wrap=True)
            continue
        show_answer(answer, language)
        screen.print()
        spoken.appendleft(answer.language)


def _next_line() -> str | None:
    """The next line typed or piped in; None at the end."""
    if not sys.stdin.isatty():
        return sys.stdin.readline() or None
    # Not part of start-up; and its editing keys need a terminal.
    from prompt_toolkit import prompt

    try:
        return prompt("> ")
    except EOFError:
        return None
