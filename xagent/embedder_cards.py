"""What is known of embedding models by name (embedders.toml): templates, length, languages, licence."""

import tomllib
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Literal, Self

BARE = "{text}"
"""The template that adds nothing."""


@dataclass(frozen=True, slots=True)
class EmbedderCard:
    """One model's properties; those of a model that nothing is known of, unless told otherwise."""

    names: tuple[str, ...] = ()
    """What its name may look like: capitals do not count, `*` is any text."""
    query: str = BARE
    passage: str = BARE
    dimension: int = 0
    """Components of a vector; 0 is unknown."""
    maximum: int = 0
    """Tokens that it reads; 0 is unknown."""
    licence: str = ""
    languages: Literal["english", "many", ""] = ""
    crosslingual: bool = False
    """Whether it puts a text and its translation near each other."""

    def for_query(self, text: str) -> str:
        """What is sent for a question."""
        return self.query.replace(BARE, text, 1)

    def for_passage(self, text: str) -> str:
        """What is sent for a passage."""
        return self.passage.replace(BARE, text, 1)

    def without_templates(self) -> Self:
        """The same model, given texts as they are."""
        return replace(self, query=BARE, passage=BARE)


UNKNOWN = EmbedderCard()
"""Of a model that is not in the list."""


def card_of(model: str) -> EmbedderCard:
    """What is known of the model of this name, with its organisation, its path or a tag, or without."""
    base = model.rstrip("/").rpartition("/")[2].casefold()
    fitting = [(len(name), card) for card in _cards() for name in card.names if fnmatchcase(base, name)]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else UNKNOWN


@cache
def _cards() -> tuple[EmbedderCard, ...]:
    rows = tomllib.loads(files("xagent").joinpath("embedders.toml").read_text("utf-8"))["embedder"]
    return tuple(EmbedderCard(**{**row, "names": tuple(row["names"])}) for row in rows)
