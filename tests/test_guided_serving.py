"""Does decoding that is guided to a language keep to it, on vLLM itself, and what does it leave alone?

The model is too small to answer well: only the letters of what it says are looked at, and its shape.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import pytest
from openai import BadRequestError, OpenAI
from pydantic import Field

from benchmarks.guided_decoding import (
    NAMES,
    QUESTIONS,
    REPEAT,
    Asker,
    share_of_letters,
    share_of_words,
)
from tests.serving.choosing import only_vllm
from tests.serving.servers import Server
from xagent.budget import Budget
from xagent.capabilities import Capabilities
from xagent.guided.request import MOST
from xagent.keeping import KeepTo, pattern
from xagent.model import Model
from xagent.prompts import Prompt
from xagent.replies import Reply

pytest_plugins = ["tests.serving.fixtures"]
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

LANGUAGES = ("ar", "ru", "zh", "hi", "el", "th", "ja", "ko")
# Nothing in it is a name, which might stand in a text of any language.
PASSAGE = "the bridge over the river was opened in 1874, and it was rebuilt in 1921."
SCHEMA = {
    "type": "object",
    "properties": {"quote": {"type": "string", "maxLength": 40}, "text": {"type": "string", "maxLength": 40}},
    "required": ["quote", "text"],
    "additionalProperties": False,
}
FORM = {"type": "json_schema", "json_schema": {"name": "reply", "schema": SCHEMA}}


@pytest.fixture
def ask(server: Server) -> Iterator[Asker]:
    with OpenAI(base_url=server.base_url, api_key="none", timeout=300, max_retries=0) as client:
        yield Asker(client, server.model)


def questions(languages: Sequence[str], each: int) -> list[tuple[str, str]]:
    return [(question, language) for language in languages for question in QUESTIONS[language][:each]]


def shares(asked: Sequence[tuple[str, str]], replies: Sequence[str]) -> dict[str, float]:
    """By language, of the letters of its replies those in its script."""
    together: dict[str, list[str]] = {}
    for (_, language), reply in zip(asked, replies, strict=True):
        together.setdefault(language, []).append(reply)
    return {language: share_of_letters(texts, language) for language, texts in together.items()}


def in_its_text(ask: Asker, question: str, language: str) -> str:
    """A reply to the schema, nearly held to the language in the field `text`."""
    guide = {"xagent_language": language, "xagent_fields": "text", "xagent_strength": MOST}
    return ask(question, "", {"vllm_xargs": guide, "response_format": FORM, "max_tokens": 300})


@only_vllm
def test_letters_are_those_of_the_language_asked_for(ask: Asker) -> None:
    asked = questions(LANGUAGES, 4)
    found = shares(asked, ask.all(asked, max_tokens=32))
    assert min(found.values()) >= 0.99, found


@only_vllm
def test_without_the_guide_this_model_leaves_the_script(ask: Asker) -> None:
    """Else the test before would say nothing."""
    asked = questions(("zh", "ko", "th"), 6)
    found = shares(asked, ask.all([(question, "") for question, _ in asked], max_tokens=48))
    assert max(found.values()) < 0.9, found


@only_vllm
def test_german_has_more_of_its_own_function_words(ask: Asker) -> None:
    asked = questions(("de",), 6)
    without = ask.all([(question, "") for question, _ in asked], max_tokens=60)
    guided = ask.all(asked, max_tokens=60)
    assert share_of_words(guided, "de") > share_of_words(without, "de") + 0.1


@only_vllm
def test_a_guided_reply_is_still_of_its_schema_and_only_the_field_named_is_guided(ask: Asker) -> None:
    asked = [
        (f'"{PASSAGE}" {question} reply with a quote in english and a text.', language)
        for question, language in questions(LANGUAGES, 4)
    ]
    with ThreadPoolExecutor(len(asked)) as pool:
        replies = [json.loads(reply) for reply in pool.map(lambda one: in_its_text(ask, *one), asked)]
    assert len(replies) == 32
    assert all(set(reply) == {"quote", "text"} for reply in replies)
    assert all(len(text) <= 40 for reply in replies for text in reply.values())
    found = shares(asked, [reply["text"] for reply in replies])
    assert min(found.values()) >= 0.99, found
    assert share_of_letters([reply["quote"] for reply in replies], "en") > 0.6


@only_vllm
def test_names_in_the_question_are_written_at_least_as_often(ask: Asker) -> None:
    asked = [
        (REPEAT[language].format(name), name, language) for language in ("zh", "ja", "ko") for name in NAMES
    ]

    def kept(replies: Sequence[str]) -> int:
        return sum(name in reply for (_, name, _), reply in zip(asked, replies, strict=True))

    without = ask.all([(question, "") for question, _, _ in asked], max_tokens=32)
    guided = ask.all([(question, language) for question, _, language in asked], max_tokens=32)
    assert kept(guided) >= kept(without)
    assert kept(guided) > 0


@only_vllm
@pytest.mark.parametrize(
    ("guide", "told"),
    [
        ({"xagent_language": "klingon"}, "xagent_language"),
        ({"xagent_language": ""}, "xagent_language"),
        ({"xagent_language": "\u0000العربية"}, "xagent_language"),
        ({"xagent_language": "ar", "xagent_strength": -1}, "xagent_strength"),
        ({"xagent_language": "ar", "xagent_strength": 1e9}, "xagent_strength"),
    ],
)
def test_what_cannot_be_guided_is_refused_and_the_server_lives_on(
    ask: Asker, server: Server, guide: dict[str, object], told: str
) -> None:
    with pytest.raises(BadRequestError, match=told):
        ask(QUESTIONS["ar"][0], "", {"vllm_xargs": guide})
    assert server.get("/health")[0] == 200
    assert ask(QUESTIONS["ar"][0], "ar", {"max_tokens": 4})


@only_vllm
def test_requests_without_a_guide_are_left_alone_among_guided_ones(ask: Asker) -> None:
    english = ["Describe the sea.", "Why is the sky blue?", "Explain how coffee is made.", "Who wrote Faust?"]
    asked = questions(("ar", "zh", "th", "hi"), 4)
    mixed = [one for i, question in enumerate(english) for one in ((question, ""), *asked[4 * i : 4 * i + 4])]
    replies = ask.all(mixed, max_tokens=32)
    plain = [reply for (_, language), reply in zip(mixed, replies, strict=True) if not language]
    guided = [reply for (_, language), reply in zip(mixed, replies, strict=True) if language]
    assert all(share_of_letters([reply], "en") > 0.95 for reply in plain), plain
    assert min(shares(asked, guided).values()) >= 0.99


@only_vllm
@pytest.mark.parametrize("language", ["ar", "zh", "de"])
def test_no_strength_changes_nothing(ask: Asker, language: str) -> None:
    question = QUESTIONS[language][1]
    ask(question, "", {"max_tokens": 1})  # what is kept of a prompt is computed in another order
    none = {"xagent_language": language, "xagent_strength": 0}
    plain, guided = (ask(question, "", {"max_tokens": 24, "vllm_xargs": guide}) for guide in ({}, none))
    assert plain == guided


async def test_the_plug_in_is_found_where_it_is(server: Server) -> None:
    can = await Model(server.base_url, server.model).can()
    assert can.guided == (server.name == "vllm")
    assert can.patterns


SAY = {
    "ar": "أعد كتابة هذه الجملة بالعربية: the sea is calm today.",
    "ja": "次の文を日本語で書いてください：the sea is calm today.",
    "th": "เขียนประโยคนี้เป็นภาษาไทย: the sea is calm today.",
    "ru": "Скажи это по-русски: the sea is calm today.",
}


class Sentence(Reply):
    """A sentence said again."""

    text: Annotated[str, Field(max_length=60)]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Patterns of 60 characters: so small a model often goes on to the end of what it may write."""
    pattern.cache_clear()
    monkeypatch.setattr("xagent.keeping.LONGEST", 59)
    yield
    pattern.cache_clear()


async def repaired(model: Model) -> dict[str, str]:
    """The sentence as the model says it, held to each language."""

    async def one(language: str) -> str:
        asked = Prompt("enforce", "Reply with one JSON object.", SAY[language])
        keep = KeepTo(language, ("text",), strictly=True)
        return (await model.reply(asked, Sentence, Budget(4, 20_000, 200), keep=keep)).text

    return dict(zip(SAY, await asyncio.gather(*map(one, SAY)), strict=True))


@pytest.mark.usefixtures("short")
async def test_what_is_said_again_is_in_the_script_on_either_server(server: Server) -> None:
    """By the plug-in on vLLM, by a pattern on llama.cpp."""
    said = await repaired(Model(server.base_url, server.model))
    found = {language: share_of_letters([text], language) for language, text in said.items()}
    assert min(found.values()) >= 0.9, said


@only_vllm
@pytest.mark.usefixtures("short")
async def test_a_vllm_without_the_plug_in_keeps_to_a_pattern(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Capabilities("vLLM", patterns=True)
    monkeypatch.setattr("xagent.model.capabilities", lambda *_: plain)
    said = await repaired(Model(server.base_url, server.model))
    found = {language: share_of_letters([text], language) for language, text in said.items()}
    assert min(found.values()) >= 0.9, said
