"""The choices of a run, as plain values, and the store they lead to."""

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from xagent.store import DEFAULT_FOLDER, Store


@dataclass
class Context:
    """What a run may choose. Plain values, so that Studio can show them as a form."""

    store: str = DEFAULT_FOLDER
    """The folder of the store."""
    embedder: str = ""
    """The encoder the store is made with; empty for the one it was made with."""
    embedder_url: str = ""
    """Where the encoder is served, when it is not built in."""
    embedder_key: str = dataclasses.field(default="", repr=False)
    """The key its server asks for."""
    languages: tuple[str, ...] = ()
    """Languages of the evidence to search; empty for all."""
    conversation: tuple[str, ...] = ()
    """Languages spoken so far, the latest first."""
    k: int = 40
    """Passages to retrieve."""
    max_quotes: int = 3
    """Quotations in an answer, at most."""

    @cached_property
    def opened(self) -> Store:
        """The store, opened when first needed."""
        return Store.open(Path(self.store), self.embedder, self.embedder_url, self.embedder_key)

    def but(self, **choices: object) -> Self:
        """These choices with some changed, sharing the open store."""
        changed = dataclasses.replace(self, **choices)  # type: ignore[arg-type]
        changed.__dict__["opened"] = self.opened
        return changed

    def close(self) -> None:
        """Close the store, if it was opened."""
        if "opened" in self.__dict__:
            self.opened.close()
            del self.__dict__["opened"]
