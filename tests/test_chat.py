"""The conversation as a whole transcript: what is piped in, and all that comes out."""

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from xagent.agent import Agent
from xagent.chat import GREETING, chat
from xagent.errors import StoreMissing, UnknownLanguage
from xagent.testing import agent_over

LIGHTHOUSE = "The Varnholm lighthouse was built in 1874 by the engineer Ida Brandt."
KLOSTER = "Das Kloster Quellingen wurde im Jahr 1203 von Abt Konrad gegründet."
WHEN = "When was the Varnholm lighthouse built by the engineer Ida Brandt?"
WANN = "Wann wurde das Kloster Quellingen von Abt Konrad gegründet?"

ANSWER = f"""\
According to “The Varnholm lighthouse”:
“{LIGHTHOUSE}” [1]

Sources
[1] The Varnholm lighthouse · English · lighthouse.md · 27-96 · verified

"""
ANTWORT = f"""\
Laut „Das Kloster Quellingen“:
“{KLOSTER}” [1]

Quellen
[1] Das Kloster Quellingen · Deutsch · kloster.md · 26-93 · geprüft

"""

Conversation = Callable[..., tuple[str, str]]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    documents = {
        "lighthouse.md": f"# The Varnholm lighthouse\n\n{LIGHTHOUSE}\n",
        "kloster.md": f"# Das Kloster Quellingen\n\n{KLOSTER}\n",
    }
    with agent_over(tmp_path_factory.mktemp("chat"), documents) as made:
        yield made


@pytest.fixture
def converse(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Conversation:
    """Chat with what is piped in; give standard output and standard error."""

    def run(typed: str, language: str = "") -> tuple[str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        chat(agent, language)
        said = capsys.readouterr()
        return said.out, said.err

    return run


def test_questions_are_answered_each_in_its_language(converse: Conversation) -> None:
    assert converse(f"{WHEN}\n\n   \n{WANN}\n") == (ANSWER + ANTWORT, "")


@pytest.mark.parametrize("ending", ["/quit\n", "  /quit  \n", "", "\n"])
def test_the_end_of_input_or_quit_ends_it(converse: Conversation, ending: str) -> None:
    left = f"{WANN}\n" if ending.strip() else ""
    assert converse(f"{WHEN}\n{ending}{left}") == (ANSWER, "")


def test_nothing_is_asked_of_an_empty_conversation(converse: Conversation) -> None:
    assert converse("") == ("", "")


def test_a_question_that_cannot_be_asked_does_not_end_it(converse: Conversation) -> None:
    out, err = converse(f"?!\n{'a' * 5000}\n{WHEN}\n")
    assert out == ANSWER
    first, second = err.splitlines()
    assert first == "xagent: the question is empty: write what you want to know"
    assert second.startswith("xagent: the question has 5,000 characters, 4,000 at most are read")


def test_a_language_asked_for_is_kept_to(converse: Conversation) -> None:
    out, _ = converse(f"{WANN}\n{WHEN}\n", "zh-Hant")
    assert out.count("來源\n") == 2
    assert out.startswith("根據《Das Kloster Quellingen》（德文）：\n")


def test_a_language_that_does_not_exist_ends_it(converse: Conversation) -> None:
    with pytest.raises(UnknownLanguage):
        converse(f"{WHEN}\n{WHEN}\n", "Klingonish")


def test_a_missing_store_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{WHEN}\n"))
    with Agent(tmp_path / "none") as agent, pytest.raises(StoreMissing):
        chat(agent)
    assert capsys.readouterr() == ("", "")


def test_what_was_spoken_decides_what_a_word_is(agent: Agent, converse: Conversation) -> None:
    """ "1203?" is in no language: it is answered in the language of the question before."""
    out, _ = converse(f"{WANN}\n1874?\n")
    assert out.startswith(ANTWORT)
    said = out.removeprefix(ANTWORT)
    assert said.startswith(("Laut „", "Die vorliegenden", "Das Folgende", "Möglicherweise")), said
    assert agent.ask("1874?").language == "en"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_is_greeted_and_prompted(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = iter([WHEN, "/quit"])
    prompts: list[str] = []

    def prompt(text: str) -> str:
        prompts.append(text)
        return next(typed)

    monkeypatch.setattr(sys, "stdin", _Terminal())
    monkeypatch.setattr("prompt_toolkit.prompt", prompt)
    chat(agent)
    assert capsys.readouterr().out == f"{GREETING}\n{ANSWER}"
    assert prompts == ["> ", "> "]


def test_end_of_file_at_the_prompt_ends_it(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def prompt(text: str) -> str:
        raise EOFError

    monkeypatch.setattr(sys, "stdin", _Terminal())
    monkeypatch.setattr("prompt_toolkit.prompt", prompt)
    chat(agent)
    assert capsys.readouterr().out == f"{GREETING}\n"
