"""Which languages there are, and which one a text is in. Unknown is an answer: the code is then 'und'."""

import math
import os
import re
import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

from xagent import writing
from xagent.detectors import ALL, NO_LANGUAGE, TOP, expected, pool
from xagent.errors import UnknownLanguage
from xagent.writing import script_of

__all__ = ["Detection", "Language", "detect", "detect_spans", "known_languages", "language", "script_of"]

UNKNOWN = "und"


@dataclass(frozen=True, slots=True)
class Language:
    """A language people write."""

    code: str
    """ISO 639-1 where there is one, else ISO 639-3."""
    name: str
    """In English."""
    autonym: str
    """In the language itself, as it is written in running text."""
    scripts: tuple[str, ...]
    """ISO 15924, the usual one first."""
    direction: Literal["ltr", "rtl"]
    """Of its usual script."""
    confusable: frozenset[str]
    """Codes of the languages it is mistaken for in short texts."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What language a text is in."""

    code: str
    """As in `Language.code`; 'und' when unknown."""
    script: str
    """ISO 15924; 'Zyyy' when there is no letter."""
    confidence: float
    """Probability that `code` is right, 0 to 1; 0 when unknown."""
    alternatives: tuple[tuple[str, float], ...] = ()
    """Other codes and their probabilities, best first."""


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("xagent").joinpath("languages.toml").read_text(encoding="utf-8"))


@cache
def _registry() -> dict[str, Language]:
    confusable: dict[str, set[str]] = {code: set() for code in _data()["languages"]}
    for group in _data()["confusable"]["groups"]:
        for code in group.split():
            confusable[code].update(set(group.split()) - {code})
    return {
        code: Language(
            code, name, autonym, tuple(scripts.split()), _direction(scripts), frozenset(confusable[code])
        )
        for code, (name, autonym, scripts) in _data()["languages"].items()
    }


def _direction(scripts: str) -> Literal["ltr", "rtl"]:
    return "rtl" if scripts[:4] in ("Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm") else "ltr"


@cache
def _names() -> dict[str, str]:
    """Codes by every code and name accepted, folded."""
    named = dict(pair.split(":") for pair in _data()["three_letters"]["codes"].split())
    for code, known in _registry().items():
        named |= {_fold(known.name): code, _fold(known.autonym): code}
    named |= {_fold(alias): code for alias, code in _data()["aliases"].items()}
    return named | {code: code for code in _registry()}


def _fold(name: str) -> str:
    return writing.sample(name).strip().casefold()


def known_languages() -> tuple[Language, ...]:
    """Every language xagent has a name for, by code; the detectors know most of them."""
    return tuple(_registry().values())


def language(code_or_name: str) -> Language:
    """The language with this code ('de', 'deu', 'pt-BR', 'zh-Hans') or name ('German', 'Deutsch').

    Raises UnknownLanguage, whose message names the nearest there are.
    """
    asked = _fold(code_or_name)
    code = _names().get(asked) or _names().get(re.split("[-_]", asked, maxsplit=1)[0])
    if code is None:
        raise UnknownLanguage(f"No language is called {code_or_name!r}; {_meant(asked)}")
    return _registry()[code]


@lru_cache(maxsize=64)  # the search takes 20 ms, and an evaluation asks for the same few again and again
def _meant(asked: str) -> str:
    import difflib

    near = dict.fromkeys(_names()[name] for name in difflib.get_close_matches(asked, _names(), n=3))
    meant = ", ".join(f"{_registry()[code].name} ({code})" for code in near)
    return f"did you mean {meant}?" if near else "`xagent languages --all` lists them."


_LIFT = 3.0  # nats a candidate gains: about 20 to 1, which a clear sentence in another language outweighs
_LEAST_FOR_A_WORD = 0.5  # a word alone is often a name, or a word of several languages
_LEAST = 0.15  # below this a guess among two hundred languages is no answer
_LONG = 120  # characters: a text of two lines speaks for itself
_SHORT = 3  # letters: a shorter text in a script of many languages could be any of them

_TOKEN = re.compile(r"[!-~²³]+")  # ASCII only: a Chinese text is one token up to the next space
_NO_LANGUAGE = re.compile(
    r"[=_\\<>{}|^~²³@#]|://|www\.|\w\.(?:com|org|net|io|de|html?|pdf|py|js|txt|jpg|png)\b"
)
_WORD = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f\u0900-\u0dff'’ʼ·]+[^\W\d_]*)*")


def detect(text: str, candidates: Collection[str] = (), *, using: str | None = None) -> Detection:
    """The language and script of `text`, whatever str that is.

    fastText and py3langid are pooled log-linearly (Genest and Zidek 1986), then weighed against the script,
    the letters and the function words (xagent/cues.toml). `candidates` are codes of languages likely here:
    they decide short texts, while a clear text in another language keeps its own. `using` is 'core' or
    'lingua'; by default what the environment variable XAGENT_DETECTOR says, else 'core'.

    Raises MissingExtra when lingua is asked for and not installed, UnknownName for another detector.
    """
    using = using or os.environ.get("XAGENT_DETECTOR", "core")
    return _detect(writing.sample(text), frozenset(candidates), using)


def detect_spans(
    text: str, spans: Iterable[tuple[int, int]], candidates: Collection[str] = (), *, using: str | None = None
) -> list[Detection]:
    """One detection for each (start, end) span of `text`; what its neighbours are in helps a short one."""
    parts = [text[start:end] for start, end in spans]
    alone = [detect(part, candidates, using=using) for part in parts]
    return [
        found if found.confidence > 0.8 else detect(part, {*candidates, *_around(alone, index)}, using=using)
        for index, (part, found) in enumerate(zip(parts, alone, strict=True))
    ]


def _around(found: list[Detection], index: int) -> set[str]:
    beside = found[max(index - 2, 0) : index] + found[index + 1 : index + 3]
    return {neighbour.code for neighbour in beside if neighbour.confidence > 0.8}


def _language_only(sample: str) -> str:
    """`sample` without what is in no language: addresses, formulas, code, lone surrogates, NULs."""
    text = sample.encode("utf-8", "ignore").decode("utf-8").replace("\0", " ")
    if not _NO_LANGUAGE.search(text):
        return text
    return _TOKEN.sub(lambda token: " " if _NO_LANGUAGE.search(token[0]) else token[0], text)


@lru_cache(maxsize=2048)
def _detect(sample: str, candidates: frozenset[str], using: str) -> Detection:
    text = _language_only(sample)
    counts = writing.script_counts(text)
    if sum(counts.values()) <= 1:
        return Detection(UNKNOWN, script_of(sample), 0.0)
    script = writing.dominant_script(counts, text)
    writers = _written_in(script)
    if script in ("Hans", "Hant"):
        found = _ranked(_han(text), candidates, script)
        return replace(found, script="Jpan") if found.code == "ja" else found
    if len(writers) == 1:
        return Detection(next(iter(writers)), script, 0.99)
    own = writing.only_script(text, script) if len(counts) > 1 else text
    return _by_statistics(own, script, candidates, using)


@cache
def _written_in(script: str) -> frozenset[str]:
    return frozenset(known.code for known in _registry().values() if script in known.scripts)


def _by_statistics(text: str, script: str, candidates: frozenset[str], using: str) -> Detection:
    words = [word for word in _WORD.findall(text.lower()) if word not in writing.cues().international]
    if sum(map(len, words)) < _SHORT or not (writers := _written_in(script)):
        return Detection(UNKNOWN, script, 0.0)
    plain = text.lower() if text.isupper() else text
    if len(plain) >= _LONG and using == "core" and (sure := expected(plain, candidates & writers)):
        return Detection(sure[0], script, sure[1])
    # In a longer text a candidate wins only where the detectors think it likely themselves.
    decided = not candidates or len(plain) >= _LONG
    scores = pool(plain, writers, using, quick=decided, top=TOP if decided else ALL)
    writing.weigh(scores, words)
    return _ranked(scores, candidates, script, _LEAST if len(words) > 1 else _LEAST_FOR_A_WORD)


def _han(text: str) -> dict[str, float]:
    # Japanese without kana is at most a name or a headline.
    return {"zh": 0.0, "ja": 2.0 * writing.japanese_signs(text) - 2.5 - 0.1 * len(text)}


def _ranked(
    scores: dict[str, float], candidates: frozenset[str], script: str, least: float = _LEAST
) -> Detection:
    lifted = {code: score + _LIFT * (code in candidates) for code, score in scores.items()}
    top = max(lifted.values())
    odds = {code: math.exp(score - top) for code, score in lifted.items()}
    total = sum(odds.values())
    first, *rest = sorted(((code, share / total) for code, share in odds.items()), key=lambda pair: -pair[1])
    if first[0] == NO_LANGUAGE or first[1] < least:
        return Detection(
            UNKNOWN, script, 0.0, tuple(pair for pair in (first, *rest)[:3] if pair[0] != NO_LANGUAGE)
        )
    return Detection(first[0], script, first[1], tuple(pair for pair in rest[:4] if pair[0] != NO_LANGUAGE))
