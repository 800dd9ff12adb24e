"""The lexicon's files: a list of concepts, and for each language the words it has for them.

A line of a language's file is `KEY = word, word`, the commonest word first. A key is a line of
`concepts.txt`: an English lemma, a part of speech (n, v, a, r for adverbs, f for function words) and, where
it is ambiguous, a gloss, as in `bank n (money)`. CLDR's names are added to what the files have (names.py).
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from xagent.lexicon.names import is_name, names

Entries = Mapping[str, tuple[str, ...]]
"""The words for each concept, the commonest first."""

PREFIXES = "prefixes f"
"""The key of what a language writes on to the front of words, such as an article."""

_CONCEPTS = "concepts.txt"


class Line(NamedTuple):
    """A line of a language's file."""

    number: int
    """From 1."""
    key: str
    words: tuple[str, ...]


def concepts() -> tuple[str, ...]:
    """The keys of all concepts, the most useful first."""
    return tuple(_text(_CONCEPTS).splitlines())


def lines(language: str) -> list[Line]:
    """A language's file as it stands; nothing where there is none."""
    rows = (line.partition(" = ") for line in _text(f"{language}.txt").splitlines())
    return [Line(number, key, tuple(words.split(", "))) for number, (key, _, words) in enumerate(rows, 1)]


def entries(language: str) -> Entries:
    """All words known in a language; where it has no file, names alone."""
    known = {key: tuple(words.split(", ")) for key, words in _file(language).items()}
    return {**{key: (name,) for key, name in names(language).items()}, **known}


def words(concept: str, language: str) -> tuple[str, ...]:
    """A language's words for a concept; none where it has none."""
    if line := _file(language).get(concept):
        return tuple(line.split(", "))
    # Few queries have names in them, and CLDR takes longer to load than a file.
    name = names(language).get(concept) if is_name(concept) else None
    return (name,) if name else ()


@cache
def _file(language: str) -> Mapping[str, str]:
    lines = _text(f"{language}.txt").splitlines()
    return dict(line.split(" = ", 1) for line in lines if " = " in line)


@cache
def written() -> tuple[str, ...]:
    """The languages that have a file."""
    listed = {path.name for path in files("xagent.lexicon").iterdir()} - {_CONCEPTS}
    return tuple(sorted(name.removesuffix(".txt") for name in listed if name.endswith(".txt")))


def is_function(key: str) -> bool:
    """Whether a concept carries no subject matter: articles, pronouns, question words and their kin."""
    return key.endswith(" f") or " f (" in key


def _text(name: str) -> str:
    path = files("xagent.lexicon").joinpath(name)
    return path.read_text("utf-8") if path.is_file() else ""
