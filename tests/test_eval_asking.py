"""What a sample is asked as, and what is kept of its answer."""

from pathlib import Path

import pytest

from xagent.agent import Agent
from xagent.answer import Answer, ModelCall
from xagent.evaluation.asking import ask, asked, in_other_languages
from xagent.evaluation.records import Record
from xagent.evaluation.samples import Sample
from xagent.evaluation.scorers.language import right_language
from xagent.testing import Fault, ModelServer, agent_over

from .evaluation_records import records
from .evaluation_suites import QUESTIONS, TEXTS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("asking")
    agent_over(folder, {f"{code}.txt": text for code, text in TEXTS.items()}).close()
    return folder


def sample(code: str, **facts: object) -> Sample:
    question, gold = QUESTIONS[code]
    return Sample.model_validate(
        {"id": code, "question": question, "language": code, "answers": (gold,), **facts}
    )


def test_options_stand_below_the_question_by_letter() -> None:
    assert (
        asked(sample("ja", options=("1921年", "1388年")))
        == "白鷺灯台は何年に建てられましたか。\nA) 1921年\nB) 1388年"
    )
    assert asked(sample("th")) == QUESTIONS["th"][0]


@pytest.mark.parametrize(
    "question",
    ["هل أبيي إقليم تابع لـ A) جنوب السودان أو B) السودان؟", "阿卜耶伊是 A) 南苏丹 还是 B) 苏丹 的领土？"],
)
def test_options_that_are_in_the_question_are_not_put_twice(question: str) -> None:
    both = Sample(id="1", question=question, language="ar", options=("جنوب السودان", "السودان"))
    assert asked(both) == question
    more = both.model_copy(update={"options": (*both.options, "مصر")})
    assert asked(more).endswith("\nC) مصر")


async def test_a_record_keeps_what_the_model_was_sent_and_what_it_said(folder: Path) -> None:
    with ModelServer() as server, Agent(folder / "store", "qa", model_url=server.url) as agent:
        record = await ask(agent, sample("tr", documents=("tr.txt",)), "key", 1)
    assert record.answer
    assert (record.key, record.repeat, record.error) == ("key", 1, "")
    assert {passage.source for passage in record.answer.passages} == {"tr.txt"}
    assert [call.step for call in record.calls] == ["answer", "verify"]
    assert QUESTIONS["tr"][0] in record.calls[0].messages[-1][1]
    assert record.calls[0].reply.startswith("{")
    assert record.claims[0].citations == (1,)
    assert record.seconds > 0


async def test_an_answer_in_the_language_that_the_sample_names(folder: Path) -> None:
    with ModelServer() as server, Agent(folder / "store", "qa", model_url=server.url) as agent:
        record = await ask(agent, sample("fi", answer_language="ar"), "key")
    assert record.answer
    assert record.answer.language == "ar"
    assert not record.foreign
    assert record.sentences


async def test_what_is_in_the_wrong_language_is_marked(folder: Path) -> None:
    faults = [Fault("wrong language")]
    with (
        ModelServer(faults=faults) as server,
        Agent(folder / "store", "naive", model_url=server.url) as agent,
    ):
        record = await ask(agent, sample("th", documents=("th.txt",)), "key")
    assert record.answer
    assert [part.language for part in record.foreign] == ["en"]


async def test_a_failure_is_one_line(folder: Path) -> None:
    with (
        ModelServer(faults=["status 401"]) as server,
        Agent(folder / "store", "naive", model_url=server.url) as agent,
    ):
        record = await ask(agent, sample("en"), "key")
    assert record.answer is None
    assert "XAGENT_API_KEY" in record.error
    assert "\n" not in record.error


async def test_a_failure_keeps_what_the_model_was_sent_and_what_it_said(folder: Path) -> None:
    with (
        ModelServer(faults=[Fault("status 400", schema="Draft")]) as server,
        Agent(folder / "store", "translate", model_url=server.url) as agent,
    ):
        record = await ask(agent, sample("ja"), "key")
    assert record.answer is None
    assert "400" in record.error
    translated, *failed = record.calls
    assert translated.step == "translate"
    assert QUESTIONS["ja"][0] in translated.messages[-1][1]
    assert translated.reply.startswith("{")
    assert {call.step for call in failed} == {"answer"}


async def test_halves_of_a_character_are_kept_as_one(folder: Path) -> None:
    said = ModelCall(
        step="answer",
        messages=(),
        reply="\ud83d\ude00 \ud83d",
        prompt_tokens=1,
        completion_tokens=1,
        milliseconds=1,
    )

    async def halved(*_: object, **__: object) -> Answer:
        return an_answer().model_copy(update={"calls": (said,)})

    with Agent(folder / "store", "quote") as agent, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Agent, "aask", halved)
        record = await ask(agent, sample("en"), "key")
    assert record.calls[0].reply == "\N{GRINNING FACE} \N{REPLACEMENT CHARACTER}"
    assert Record.model_validate_json(record.model_dump_json()).calls == record.calls


def an_answer() -> Answer:
    return next(record.answer for record in records(3, ["en"]) if record.answer)


@pytest.mark.parametrize(
    ("wanted", "text", "foreign"),
    [
        ("zh-Hant", "這座燈塔由中村健一於1921年建造，至今仍在使用。", False),
        ("zh-Hant", "这座灯塔由中村健一于1921年建造，至今仍在使用。", True),
        ("he", "המגדלור נבנה בשנת 1921 על ידי המהנדס.", False),
        ("hi", "यह प्रकाशस्तंभ 1921 में बनाया गया था।", False),
        ("sw", "The lighthouse was built in 1921 by the engineer.", True),
    ],
)
def test_parts_in_another_language(wanted: str, text: str, foreign: bool) -> None:
    answer = an_answer().model_copy(update={"text": text})
    found, sentences = in_other_languages(answer, sample("en", answer_language=wanted))
    assert bool(found) == foreign
    assert sentences == 1


async def test_a_language_without_a_name_here_is_asked_in_and_not_judged(folder: Path) -> None:
    unknown = sample("fi", language="bem", question="Bushe itala lya kwa Hakurosan lyakuulilwe lisa mu 1921?")
    with Agent(folder / "store", "quote") as agent:
        record = await ask(agent, unknown, "key")
    assert record.answer
    assert not record.error
    assert not record.foreign
    assert record.sentences
    assert right_language(record) is None
