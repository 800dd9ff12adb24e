"""What xagent says in each language: complete, filled in literally, and in the language it claims to be."""

import tomllib
from importlib.resources import files
from string import Formatter
from typing import Any, get_args

import pytest

from xagent.languages import detect, language
from xagent.messages import (
    Key,
    Voice,
    chosen_script,
    function_words,
    number_words,
    question_words,
    spoken,
    voice,
)

MESSAGES: dict[str, dict[str, Any]] = tomllib.loads(
    files("xagent").joinpath("messages.toml").read_text("utf-8")
)
KEYS = get_args(Key)
LISTS = {"question_words", "number_words", "function_words"}
PLACEHOLDERS = {"source_said": {"title", "language"}, "source_said_same": {"title"}}


def test_at_least_forty_languages() -> None:
    assert len(spoken()) >= 40
    assert set(spoken()) == set(MESSAGES)
    assert {language(code.partition("-")[0]).code for code in spoken()} == {
        code.partition("-")[0] for code in spoken()
    }


@pytest.mark.parametrize("code", MESSAGES)
def test_every_language_has_every_message(code: str) -> None:
    messages = MESSAGES[code]
    assert set(messages) == {*KEYS, *LISTS}
    for key in KEYS:
        assert messages[key].strip() == messages[key] != ""
        assert "\n" not in messages[key]
        placeholders = [name for _, name, _, _ in Formatter().parse(messages[key]) if name is not None]
        assert sorted(placeholders) == sorted(PLACEHOLDERS.get(key, set())), key


@pytest.mark.parametrize("code", MESSAGES)
def test_every_language_has_its_own_words(code: str) -> None:
    for key in LISTS:
        words = MESSAGES[code][key]
        assert words, key
        assert all(word.strip() == word != "" for word in words), key
        assert len(words) == len(set(words)), key
    english = MESSAGES["en"]
    if code != "en":
        assert not [key for key in KEYS if MESSAGES[code][key] == english[key] and len(english[key]) > 12]


@pytest.mark.parametrize("code", MESSAGES)
def test_messages_are_in_their_language(code: str) -> None:
    """The detector, without a hint, takes the longer ones for that language or one it is confused with."""
    known = language(code.partition("-")[0])
    for key in ("abstain", "abstain_empty", "partial", "left_out", "from_memory"):
        found = detect(MESSAGES[code][key])
        assert found.code in {known.code, *known.confusable}, (key, found)
        assert found.script in {*known.scripts, "Jpan", "Kore"}, (key, found)
    if known.code == "zh":
        scripts = {
            detect(MESSAGES[code][key]).script for key in ("abstain", "partial", "left_out", "from_memory")
        }
        assert scripts == {"Hant" if code == "zh-Hant" else "Hans"}


TITLES = [
    "{language}",
    "{0.__class__}",
    "{title.__init__.__globals__}",
    "{}",
    "{{",
    "}",
    "%s %(x)s",
    "\\1",
    "[bold]",
]


@pytest.mark.parametrize("code", MESSAGES)
def test_a_hostile_title_stays_as_it_is(code: str) -> None:
    speaker = Voice(code)
    for title in TITLES:
        assert title in speaker.say("source_said_same", title=title)
        said = speaker.say("source_said", title=title, language="LANGUAGE")
        assert title in said
        assert said.count("LANGUAGE") == 1


@pytest.mark.parametrize("code", MESSAGES)
def test_every_language_names_the_others(code: str) -> None:
    speaker = voice(code.partition("-")[0], "Hant" if code == "zh-Hant" else "")
    assert speaker.code == code
    names = {other: speaker.language_name(other) for other in ("en", "de", "ja", "sw", "zh", "yo")}
    assert all(names.values())
    assert len(set(names.values())) == len(names)
    assert speaker.language_name("und")
    assert speaker.language_name("ace")


@pytest.mark.parametrize(
    ("code", "script", "expected"),
    [
        ("de", "Latn", "de"),
        ("zh", "Hans", "zh"),
        ("zh", "Hant", "zh-Hant"),
        ("zh", "", "zh"),
        ("zh-Hant", "", "zh-Hant"),
        ("und", "Zyyy", "en"),
        ("", "", "en"),
        ("qu", "Latn", "en"),
        ("ja", "Hant", "ja"),
    ],
)
def test_the_voice_of_a_language(code: str, script: str, expected: str) -> None:
    assert voice(code, script) == Voice(expected)


def test_a_language_without_messages_borrows_those_of_one_it_is_confused_with() -> None:
    borrowed = {
        code: voice(code).code for code in ("gl", "be", "af", "lb", "nn", "bs", "mk") if code not in MESSAGES
    }
    assert borrowed
    for code, lender in borrowed.items():
        assert lender == "en" or lender in language(code).confusable
    assert set(borrowed.values()) != {"en"}


@pytest.mark.parametrize(
    ("asked", "own", "expected"),
    [
        ("", "Hant", "Hant"),
        ("", "Latn", "Latn"),
        ("zh", "Hant", "Hant"),
        ("zh-Hant", "Hans", "Hant"),
        ("ZH_hant_TW", "Latn", "Hant"),
        ("zh-HK", "Latn", "Hant"),
        ("zh-mo", "Latn", "Hant"),
        ("zh-Hans", "Hant", "Hans"),
        ("zh-CN", "Hant", "Hans"),
        ("Simplified Chinese", "Hant", "Hans"),
        ("Traditional Chinese", "Hans", "Hant"),
        ("繁體中文", "Hans", "Hant"),
        ("简体中文", "Hant", "Hans"),
        ("de", "Latn", "Latn"),
        ("mo", "Latn", "Latn"),
    ],
)
def test_the_chinese_script_that_is_asked_for(asked: str, own: str, expected: str) -> None:
    assert chosen_script(asked, own) == expected


def test_words_of_an_unknown_language_are_none() -> None:
    for words in (question_words, function_words, number_words):
        assert words("qu") == frozenset()
        assert words("en") != frozenset()
    assert question_words("en") <= function_words("en")
