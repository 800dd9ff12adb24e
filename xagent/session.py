"""What a chat is about: its agent, the language of its answers, the conversation, what it has said so far."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING

from xagent.display import show_events
from xagent.errors import UnknownName
from xagent.languages import language as known_language
from xagent.messages import Voice, chosen_script, voice
from xagent.terminal import one_line

if TYPE_CHECKING:
    from xagent.agent import Agent
    from xagent.answer import Answer
    from xagent.state import Turn


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer, and the language that was asked for: it may name a script."""

    answer: "Answer"
    language: str

    @property
    def speaker(self) -> Voice:
        """The messages that the answer is framed in."""
        script = chosen_script(self.language, self.answer.question_language.script)
        return voice(self.answer.language, script)


@dataclass(frozen=True, slots=True)
class Kept:
    """A conversation in the store."""

    name: str
    turns: tuple["Turn", ...]


class Session:
    """One chat over one agent. Raises UnknownLanguage, and StoreErrors when there is no store to ask.

    Without a name a new conversation begins; with one, that of this name goes on, or begins. New ones are
    called by the local time: in seconds, which a person can type, or in microseconds where programs may
    begin several at once.
    """

    def __init__(
        self, agent: "Agent", language: str = "", name: str = "", *, microseconds: bool = False
    ) -> None:
        self.agent = agent
        self._time = "%Y-%m-%d %H.%M.%S" + (".%f" if microseconds else "")
        self.language = ""
        self.name = ""
        self.earlier: tuple[Turn, ...] = ()
        """What was said before this chat went on with the conversation."""
        self.exchanges: list[Exchange] = []
        """What has been said in it since, with sources."""
        _ = agent.store  # a chat without a store ends before it begins
        self.speak(language)
        called = one_line(name)
        self.go_on(called) if called else self.begin()

    def speak(self, language: str) -> None:
        """Answer in this language from now on; if empty, in the question's. Raises UnknownLanguage."""
        if language:
            known_language(language)
        # As it was written, since it may name a script.
        self.language = language

    def run_on(self, graph: str) -> None:
        """Answer with another graph from now on. Raises UnknownName."""
        self.agent.use(graph)

    def begin(self) -> None:
        """Begin a new conversation."""
        now = datetime.now().astimezone().strftime(self._time)
        # The hour that is lost to summer time comes twice in autumn.
        names = (now if n == 1 else f"{now} ({n})" for n in count(1))
        self.name = next(name for name in names if not self.agent.turns(name))
        self.earlier, self.exchanges = (), []

    def go_on(self, name: str) -> None:
        """Go on with a conversation, or begin one of this name."""
        self.earlier, self.exchanges = self.agent.turns(name), []
        self.name = name

    def resume(self, name: str) -> None:
        """Go on with a conversation there is. Raises UnknownName."""
        if not self.agent.turns(name):
            raise UnknownName(f"no conversation is called {name!r}: /resume lists them")
        self.go_on(name)

    def kept(self) -> Iterator[Kept]:
        """The conversations in the store, the latest first."""
        for name in self.agent.conversations():
            # Of a question that was cancelled, a name without a turn may stay behind.
            if turns := self.agent.turns(name):
                yield Kept(name, turns)

    def ask(self, question: str) -> None:
        """Ask, and draw the answer as it comes; what raises, Ctrl-C too, ends the run and adds nothing."""
        events = self.agent.stream(question, language=self.language, conversation=self.name)
        with closing(events) as running:  # type: ignore[type-var]
            self.exchanges.append(Exchange(show_events(running, self.language), self.language))
