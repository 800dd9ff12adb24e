"""What xagent says itself, in the reader's language; the sentences are in messages.toml."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Literal

from xagent.languages import language

Key = Literal[
    "source_said", "source_said_same", "abstain", "abstain_empty", "partial", "wrong_language",
    "sources", "answer_in", "disagree", "left_out", "from_memory", "verified", "unverified",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Voice:
    """The messages of one language."""

    code: str
    """The language they are in: another than was asked for when that has none."""

    def say(self, key: Key, **values: str) -> str:
        """The message `key` with its placeholders filled in."""
        template = _messages()[self.code][key]
        assert isinstance(template, str)
        # format() would read a field of a hostile title, such as {title.__class__}, as code.
        return "".join(
            literal + (values[name] if name is not None else "")
            for literal, name, _, _ in Formatter().parse(template)
        )

    def language_name(self, code: str) -> str:
        """What the language `code` is called in this one, after CLDR; else its name in English."""
        known = _language_names(self.code)
        if code == "und":
            return known.get(code) or _language_names("en")[code]
        return known.get(code) or language(code).name


@cache
def _language_names(code: str) -> dict[str, str]:
    from babel import Locale
    from babel.core import UnknownLocaleError

    try:
        return dict(Locale.parse(code, sep="-").languages)
    except UnknownLocaleError:
        return {}


@cache
def _messages() -> dict[str, dict[str, str | list[str]]]:
    return tomllib.loads(files("xagent").joinpath("messages.toml").read_text("utf-8"))


def spoken() -> tuple[str, ...]:
    """The languages that have messages."""
    return tuple(_messages())


def voice(code: str, script: str = "") -> Voice:
    """The messages in a language, else in one its readers are likely to read, else in English.

    `script` tells Chinese in traditional characters from simplified.
    """
    if code == "zh" and script == "Hant":
        return Voice("zh-Hant")
    near = language(code).confusable if code not in ("", "und") else frozenset[str]()
    for candidate in (code, *sorted(near)):
        if candidate in _messages():
            return Voice(candidate)
    return Voice("en")


_TRADITIONAL = re.compile(r"[-_](hant|tw|hk|mo)(?![a-z])|traditional|繁", re.IGNORECASE)
_SIMPLIFIED = re.compile(r"[-_](hans|cn|sg|my)(?![a-z])|simplified|简", re.IGNORECASE)


def chosen_script(asked: str, own: str) -> str:
    """The Chinese script that the language asked for names, as zh-TW does; else the question's `own`."""
    if _TRADITIONAL.search(asked):
        return "Hant"
    return "Hans" if _SIMPLIFIED.search(asked) else own


def question_words(code: str) -> frozenset[str]:
    """The words a question adds, which an answer has not."""
    return _words(code, "question_words")


def function_words(code: str) -> frozenset[str]:
    """The words that carry no subject matter: question words and the commonest words of running text."""
    return question_words(code) | _words(code, "function_words")


def number_words(code: str) -> frozenset[str]:
    """The words and phrases that ask for a number, an amount or a date."""
    return _words(code, "number_words")


@cache
def _words(code: str, key: str) -> frozenset[str]:
    listed = _messages().get(code, {}).get(key, [])
    return frozenset(listed) if isinstance(listed, list) else frozenset()
