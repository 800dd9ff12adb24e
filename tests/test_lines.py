"""A chat at a terminal: a pseudo-terminal with a person's keys, and what appears on it."""

import codecs
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from xagent.agent import Agent
from xagent.chat import GREETING
from xagent.errors import StoreDamaged
from xagent.lines import Completions, Typed
from xagent.terminal import isolated
from xagent.testing import ModelServer, agent_over

LIGHTHOUSE = "بنى المهندس سليم الحداد منارة رأس السحاب عام 1911."
WHO = "من بنى منارة رأس السحاب؟"
TITLE = "منارة رأس السحاب"

# A terminal of its own, whose Ctrl-C is heeded even where the tests run in the background.
PROGRAM = """
import fcntl, signal, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.default_int_handler)
from xagent.cli import main
main()
"""
CTRL_C, CTRL_D = "\x03", "\x04"
READY = "\x1b[?2004h"  # what a prompt begins with: pasted text is to be marked
COLOUR = re.compile(r"\x1b\[[\d;]*(?:3[0-8]|4[0-8]|9[0-7])[;m]")


def none(_: str) -> Iterable[str]:
    return ()


@contextmanager
def typed(keys: str, completions: Completions = none) -> Iterator[Typed]:
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.send_text(keys)
        yield Typed(completions)


@pytest.fixture(autouse=True)
def with_editing_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")


def test_lines_are_read_until_ctrl_d() -> None:
    with typed(f"  {WHO} \r{CTRL_D}") as lines:
        assert [lines.next(), lines.next()] == [WHO, None]


def test_ctrl_c_clears_the_line() -> None:
    with typed(f"never mind{CTRL_C}{WHO}\r") as lines:
        assert [lines.next(), lines.next()] == ["", WHO]


def test_lines_typed_before_are_remembered() -> None:
    with typed(f"{WHO}\r/quit\r") as lines:
        assert [lines.next(), lines.next()] == [WHO, "/quit"]
        assert lines.prompt.history.get_strings() == [WHO, "/quit"]


def test_pasted_lines_are_one_question_without_commands_to_the_terminal() -> None:
    with typed("\x1b[200~सोनपुरा\nका \u202eपुल\x1b[31m?\x1b[201~\r") as lines:
        assert lines.next() == "सोनपुरा का पुल?"


def completed(begun: str, completions: Completions) -> list[str]:
    """What a line is made by each of its completions."""
    with typed("", completions) as lines:
        completer = lines.prompt.completer
        assert completer
        document = Document(begun)
        found = completer.get_completions(document, CompleteEvent())
        return [begun[: len(begun) + one.start_position] + one.text for one in found]


def test_a_completion_is_the_line_as_a_whole_and_commands_nothing() -> None:
    names = ["/resume ليل", "/resume n\x1b[2Jacht"]
    assert completed("/re", lambda _: names) == ["/resume ليل", "/resume nacht"]
    assert completed("/resume ل", lambda begun: [f"{begun}يل"]) == ["/resume ليل"]


def test_a_store_that_cannot_be_read_is_no_matter_while_typing() -> None:
    def damaged(_: str) -> Iterable[str]:
        raise StoreDamaged("gone")

    assert completed("/resume ", damaged) == []


class Screen:
    """A program at a pseudo-terminal."""

    def __init__(self, *arguments: str, term: str = "dumb") -> None:
        self.keyboard, terminal = os.openpty()
        environment = {**os.environ, "TERM": term, "PROMPT_TOOLKIT_NO_CPR": "1", "PYTHONIOENCODING": "utf-8"}
        self.program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "chat", *arguments],
            stdin=terminal, stdout=terminal, stderr=terminal, env=environment, start_new_session=True,
        )  # fmt: skip
        os.close(terminal)
        self.shown = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def type(self, keys: str) -> None:
        os.write(self.keyboard, keys.encode())

    def wait_for(self, text: str, seconds: float = 40) -> str:
        """What is shown up to and with `text`, since the last call."""
        until = time.monotonic() + seconds
        while text not in self.shown:
            left = until - time.monotonic()
            assert left > 0, f"{text!r} is not in {self.shown!r}"
            if select.select([self.keyboard], [], [], left)[0]:
                self._read()
        before, found, self.shown = self.shown.partition(text)
        return before + found

    def _read(self) -> None:
        try:
            read = os.read(self.keyboard, 4096)
        except OSError as ended:  # what Linux says when the other side is closed
            raise AssertionError(f"the program ended: {self.shown!r}") from ended
        self.shown += self._decoder.decode(read).replace("\r", "")

    def ended(self) -> int:
        """The exit code."""
        return self.program.wait(20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.program.kill()
        self.program.wait()
        os.close(self.keyboard)


def chat(store: Path, *arguments: str, term: str = "dumb") -> Screen:
    return Screen("--store", str(store), *arguments, term=term)


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    agent_over(tmp_path, {"manara.md": f"# {TITLE}\n\n{LIGHTHOUSE}\n"}).close()
    return tmp_path / "store"


@pytest.mark.integration
def test_a_conversation_at_a_terminal(store: Path) -> None:
    """The greeting, a right-to-left question, Ctrl-C during an answer and at the prompt, /quit."""
    with ModelServer() as server, chat(store, "--model-url", server.url, "--conversation", "ليل") as screen:
        greeting = screen.wait_for("\n> ")
        assert greeting.partition("\n")[2] == f"{GREETING}\nThis one is called {isolated('ليل')}.\n> "
        screen.type(f"{WHO}\r")
        answer = screen.wait_for("\n> ")
        assert "\x1b" not in greeting + answer
        assert f"\n{LIGHTHOUSE} [1]\n" in answer
        assert f"\n[1] {isolated(TITLE)} · العربية · {isolated('manara.md')} · 20-70 · " in answer

        server.delay = 30
        asked = len(server.requests)
        screen.type("ومتى؟\r")
        wait_until(lambda: len(server.requests) > asked)
        screen.type(CTRL_C)
        assert LIGHTHOUSE not in screen.wait_for("\ncancelled\n> ", 10)
        assert server.wait_until_idle(5)
        assert server.requests[-1].disconnected

        server.delay = 0
        screen.type("ليس هذا")
        time.sleep(0.5)  # or the interrupt may come before the prompt reads
        screen.type(CTRL_C)
        screen.wait_for("> ")
        screen.type(f"{WHO}\r")
        assert f"\n{LIGHTHOUSE} [1]\n" in screen.wait_for("\n> ")
        screen.type("/quit\r")
        assert screen.ended() == 0


def test_the_end_of_a_conversation_that_goes_on_is_shown(store: Path) -> None:
    with Agent(store, "quote") as agent:
        for n in "123":
            agent.ask(f"{WHO} {n}", conversation="ليل")
    with chat(store, "--graph", "quote", "--resume", term="xterm-256color") as screen:
        shown = screen.wait_for(READY)
        turns = [
            f"> {isolated(f'{WHO} {n}')}\n  {isolated(f'بحسب «{TITLE}»: “{LIGHTHOUSE}” [1]')}\n" for n in "23"
        ]
        assert f"going on with {isolated('ليل')}\n{''.join(turns)}{READY}" in shown
        assert not COLOUR.search(shown)
        screen.type("/sor\x08urces\r")
        screen.wait_for("xagent: nothing has been answered yet: ask something first")
        screen.wait_for(READY)
        screen.type(CTRL_D)
        assert screen.ended() == 0
