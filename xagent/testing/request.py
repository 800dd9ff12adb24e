"""A request to a fake model: what was asked, and how it went."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from xagent.testing import prompt
from xagent.testing.prompt import PromptPassage

Reply = str | Mapping[str, object] | BaseModel
"""What a model says: text, or what is sent as JSON."""


@dataclass(eq=False)
class Request:
    """One request that a fake model got. Times are those of `time.perf_counter`, in seconds.

    >>> with ModelServer() as server:
    ...     ask_your_agent(server.url)
    ...     assert [request.schema for request in server.requests] == ["Draft", "Entailment"]
    ...     assert server.requests[0].passages[0].language == "sw"
    """

    body: dict[str, object]
    """As sent."""
    started: float
    """When it had been read."""
    key: str = ""
    """The API key it came with."""
    first_byte: float | None = None
    """When the reply began."""
    finished: float | None = None
    """When the reply ended, or the client had left."""
    status: int = 0
    """The HTTP status of the reply; 0 while there is none."""
    content: str | None = None
    """What the model says, faults and all; None when it says nothing."""
    disconnected: bool = False
    """The client left before the reply ended."""
    faults: list[str] = field(default_factory=list)
    """The kinds of fault put into this reply; one that had nothing to spoil is not among them."""
    error: str = ""
    """Why the status is 500, where the rule or the script is to blame."""

    @property
    def schema(self) -> str:
        """The name of the reply asked for, such as 'Draft'; '' when none is."""
        return prompt.schema_name(self.body)

    @property
    def messages(self) -> list[dict[str, object]]:
        """As sent, in order."""
        return prompt.messages(self.body)

    @property
    def passages(self) -> list[PromptPassage]:
        """The passages it has as evidence."""
        return prompt.passages(self._said_by_user)

    @property
    def statements(self) -> dict[int, str]:
        """The numbered statements it has."""
        return prompt.statements(self._said_by_user)

    @property
    def question(self) -> str:
        """What is to be answered; '' when no question is marked."""
        return prompt.question(self._said_by_user)

    @property
    def language(self) -> str:
        """The code of the language to reply in; '' when the prompt does not say it as xagent does."""
        return prompt.answer_language(self._said_by_user)

    @property
    def languages(self) -> list[str]:
        """The codes of the languages to translate into, or to ask in, in order."""
        return prompt.languages_listed(self._said_by_user)

    @property
    def _said_by_user(self) -> list[str]:
        return prompt.texts(self.body, "user")
