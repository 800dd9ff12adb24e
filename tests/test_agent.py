"""The Python API: every way to ask gives the same answer, the same errors, and only what a source says."""

import asyncio
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from threading import Event, Thread

import pytest

import xagent
from xagent.agent import Agent
from xagent.answer import Answer
from xagent.errors import (
    EmptyQuestion,
    QuestionTooLong,
    StoreMissing,
    UnknownLanguage,
    UnknownName,
    XagentError,
)
from xagent.evaluation.samples import Sample
from xagent.events import Stage, Started
from xagent.messages import Voice, voice
from xagent.registry import load
from xagent.testing import agent_over

LIGHTHOUSE = "The Varnholm lighthouse was built in 1874 by the engineer Ida Brandt."
KLOSTER = "Das Kloster Quellingen wurde im Jahr 1203 von Abt Konrad gegründet."
DOCUMENTS = {
    "lighthouse.md": f"# The Varnholm lighthouse\n\n{LIGHTHOUSE}\n",
    "kloster.md": f"# Das Kloster Quellingen\n\n{KLOSTER}\n",
}
WHEN = "When was the Varnholm lighthouse built by the engineer Ida Brandt?"
WANN = "Wann wurde das Kloster Quellingen von Abt Konrad gegründet?"
NODES = ["detect", "retrieve", "quote", "verify", "compose"]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_over(tmp_path_factory.mktemp("agent"), DOCUMENTS) as made:
        yield made


def timeless(answer: Answer) -> dict[str, object]:
    return answer.model_dump(exclude={"timings"})


# Ways to ask


def test_ask(agent: Agent) -> None:
    answer = agent.ask(WHEN)
    assert answer.text == f"According to “The Varnholm lighthouse”:\n“{LIGHTHOUSE}” [1]"
    assert (answer.verdict, answer.language, answer.graph, answer.model) == ("answered", "en", "quote", None)
    assert [(c.n, c.source, c.quote, c.verified) for c in answer.citations] == [
        (1, "lighthouse.md", LIGHTHOUSE, True)
    ]
    assert list(answer.timings) == NODES


async def test_aask_and_ask_inside_a_running_loop(agent: Agent) -> None:
    expected = timeless(await agent.aask(WHEN))
    assert timeless(agent.ask(WHEN)) == expected
    assert timeless(await asyncio.to_thread(agent.ask, WHEN)) == expected


async def test_many_questions_at_once(agent: Agent) -> None:
    answers = await asyncio.gather(*(agent.aask(question) for question in [WHEN, WANN] * 8))
    assert [answer.question for answer in answers] == [WHEN, WANN] * 8
    assert {answer.language for answer in answers[::2]} == {"en"}
    assert {answer.citations[0].quote for answer in answers[1::2]} == {KLOSTER}


def test_several_threads(agent: Agent) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(agent.ask, [WHEN, WANN] * 8))
    assert {answer.citations[0].quote for answer in answers[::2]} == {LIGHTHOUSE}
    assert {answer.citations[0].quote for answer in answers[1::2]} == {KLOSTER}


def test_stream_tells_of_each_node_and_ends_with_the_answer(agent: Agent) -> None:
    *stages, answer = agent.stream(WHEN)
    assert isinstance(answer, Answer)
    assert timeless(answer) == timeless(agent.ask(WHEN))
    assert [stage.node for stage in stages if isinstance(stage, Stage)] == NODES
    updates = [set(stage.update) for stage in stages if isinstance(stage, Stage)]
    assert {"question_language", "answer_language", "query"} <= updates[0]
    assert updates[1:] == [
        {"hits", "evidence"},
        {"claims"},
        {"claims", "verdict", "reason", "notice"},
        {"text", "claims", "citations", "answer_language", "history", "hits"},
    ]
    assert {stage.node: stage.milliseconds for stage in stages if isinstance(stage, Stage)} == answer.timings


async def test_astream(agent: Agent) -> None:
    *stages, answer = [event async for event in agent.astream(WHEN)]
    assert [stage.node for stage in stages if isinstance(stage, Stage)] == NODES
    assert isinstance(answer, Answer)
    assert timeless(answer) == timeless(agent.ask(WHEN))


def test_a_stream_may_be_left_early(agent: Agent) -> None:
    for event in agent.stream(WHEN):
        assert event == Started("detect")
        break
    for n, _ in enumerate(agent.stream(WHEN)):
        if n == 3:
            break
    assert agent.ask(WANN).citations[0].quote == KLOSTER


async def test_an_asynchronous_stream_may_be_left_early(agent: Agent) -> None:
    events = agent.astream(WHEN)
    assert await anext(events) == Started("detect")
    await events.aclose()  # type: ignore[attr-defined]
    assert (await agent.aask(WANN)).citations[0].quote == KLOSTER


async def test_a_question_may_be_cancelled(agent: Agent) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(agent.aask(WHEN), timeout=0.001)
    assert (await agent.aask(WHEN)).verdict == "answered"


def test_search(agent: Agent) -> None:
    hits = agent.search("Varnholm lighthouse", k=1)
    assert [hit.passage.source for hit in hits] == ["lighthouse.md"]
    assert {hit.passage.language for hit in agent.search(WHEN, languages=["German"])} == {"de"}
    assert not agent.search(WHEN, languages=["Yoruba"])


# Errors


@pytest.mark.parametrize(
    ("question", "language", "expected"),
    [
        ("", "", EmptyQuestion),
        (" \n\t", "", EmptyQuestion),
        ("?! 🙂", "", EmptyQuestion),
        ("a" * 20_001, "", QuestionTooLong),
        (WHEN, "Klingonish", UnknownLanguage),
        (WHEN, "\x1b[31m", UnknownLanguage),
    ],
)
async def test_errors_are_the_same_however_one_asks(
    agent: Agent, question: str, language: str, expected: type[XagentError]
) -> None:
    with pytest.raises(expected) as asked:
        agent.ask(question, language=language)
    with pytest.raises(expected) as streamed:
        list(agent.stream(question, language=language))
    with pytest.raises(expected) as awaited:
        await agent.aask(question, language=language)
    with pytest.raises(expected) as astreamed:
        [event async for event in agent.astream(question, language=language)]
    told = {str(raised.value) for raised in (asked, streamed, awaited, astreamed)}
    assert len(told) == 1
    assert "\n" not in told.pop()
    if not language:
        with pytest.raises(expected):
            agent.search(question)


async def test_a_missing_store_is_the_same_error_however_one_asks(tmp_path: Path) -> None:
    with Agent(tmp_path / "none") as agent:
        for one in (lambda: agent.ask(WHEN), lambda: list(agent.stream(WHEN)), lambda: agent.search(WHEN)):
            with pytest.raises(StoreMissing, match="xagent ingest"):
                one()
        with pytest.raises(StoreMissing, match="xagent ingest"):
            await agent.aask(WHEN)
        assert not (tmp_path / "none").exists()


def test_what_cannot_be_chosen_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"no graph is called 'nope'; there are: .*quote"):
        Agent(tmp_path, "nope")
    with pytest.raises(UnknownLanguage):
        Agent(tmp_path, languages=["qqq"])


def test_a_fault_in_a_node_reaches_the_caller(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise EmptyQuestion("from within")

    monkeypatch.setattr("xagent.nodes.retrieve.search", broken)
    with pytest.raises(EmptyQuestion, match="from within"):
        agent.ask(WHEN)
    with pytest.raises(EmptyQuestion, match="from within"):
        list(agent.stream(WHEN))


# Opening and closing


def test_an_agent_is_used_again_after_it_was_closed(tmp_path: Path) -> None:
    agent = agent_over(tmp_path, DOCUMENTS)
    first = timeless(agent.ask(WHEN))
    for _ in range(3):
        agent.close()
        agent.close()
        assert timeless(agent.ask(WHEN)) == first
    agent.close()
    assert agent.ingest([tmp_path / "documents"], root=tmp_path / "documents").unchanged == 2
    with agent:
        assert agent.search(WHEN)
    assert timeless(agent.ask(WHEN)) == first
    agent.close()


def test_closing_waits_for_what_is_being_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = agent_over(tmp_path, DOCUMENTS)
    agent.close()
    begun, go_on = Event(), Event()
    opened = vars(Agent)["store"].fget

    def slow(self: Agent) -> object:
        begun.set()
        assert go_on.wait(10)
        return opened(self)

    monkeypatch.setattr(Agent, "store", property(slow))
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(agent.ask, WHEN)
        assert begun.wait(10)
        closing = Thread(target=agent.close)
        closing.start()
        go_on.set()
        assert answer.result(10).verdict == "answered"
        closing.join(10)
        assert not closing.is_alive()
    agent.close()


@pytest.mark.integration
def test_a_program_that_never_closes_its_agent_ends(tmp_path: Path) -> None:
    with agent_over(tmp_path, DOCUMENTS):
        pass
    program = f"from xagent import Agent; print(Agent({str(tmp_path / 'store')!r}).ask({WHEN!r}).verdict)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=40
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "answered\n", "")


def test_a_store_without_documents_says_so_in_the_readers_language(tmp_path: Path) -> None:
    with Agent(tmp_path / "store") as agent:
        (tmp_path / "empty").mkdir()
        agent.ingest([tmp_path / "empty"])
        for code, question in {"en": WHEN, "de": WANN, "ja": "灯台はいつ建てられましたか。"}.items():
            answer = agent.ask(question)
            assert answer.text == voice(code).say("abstain_empty")
            assert (answer.verdict, answer.citations, answer.passages) == ("abstained", (), ())
        assert not agent.search(WHEN)


def test_the_public_names() -> None:
    assert {name: getattr(xagent, name).__name__ for name in xagent.__all__} == {n: n for n in xagent.__all__}
    assert re.match(r"\d+\.\d+", str(xagent.__version__))
    with pytest.raises(AttributeError, match="no attribute 'Agnet'"):
        _ = xagent.Agnet


# Languages


@pytest.mark.parametrize("asked", ["fr", "fra", "French", "français", "fr-CA", "FR"])
def test_the_language_asked_for_by_code_or_name(agent: Agent, asked: str) -> None:
    answer = agent.ask(WHEN, language=asked)
    assert answer.language == "fr"
    assert answer.text.startswith(
        voice("fr").say("source_said", title="The Varnholm lighthouse", language="anglais")
    )


@pytest.mark.parametrize(
    ("question", "asked", "expected"),
    [
        (WHEN, "zh-Hant", "zh-Hant"),
        (WHEN, "zh_TW", "zh-Hant"),
        (WHEN, "Traditional Chinese", "zh-Hant"),
        (WHEN, "繁體中文", "zh-Hant"),
        (WHEN, "zh", "zh"),
        (WHEN, "中文", "zh"),
        (WHEN, "zh-Hans", "zh"),
        ("燈塔是什麼時候建造的？", "", "zh-Hant"),
        ("燈塔是什麼時候建造的？", "zh", "zh-Hant"),
        ("燈塔是什麼時候建造的？", "zh-CN", "zh"),
        ("灯塔是什么时候建造的？", "", "zh"),
    ],
)
def test_chinese_in_either_script(agent: Agent, question: str, asked: str, expected: str) -> None:
    answer = agent.ask(question, language=asked)
    assert answer.language == "zh"
    assert is_framed_by(Voice(expected), answer)


def test_a_language_without_messages_is_answered_in_a_near_one(agent: Agent) -> None:
    answer = agent.ask(WHEN, language="Quechua")
    assert answer.language == "en"
    assert is_framed_by(Voice("en"), answer)


def is_framed_by(speaker: Voice, answer: Answer) -> bool:
    """Whether the text, but for quotations, is just what this voice says."""
    if answer.verdict == "abstained":
        return answer.text == speaker.say("abstain" if answer.passages else "abstain_empty")
    frames = {speaker.say("source_said_same", title=c.title) for c in answer.citations} | {
        speaker.say("source_said", title=c.title, language=speaker.language_name(c.language))
        for c in answer.citations
    }
    quotes = {f"“{' '.join(c.quote.split())}” [{c.n}]" for c in answer.citations}
    lines = [line for line in answer.text.split("\n") if line]
    return quotes <= set(lines) <= frames | quotes | {speaker.say("partial")}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """The sample that comes with xagent: 110 texts in 18 languages."""
    suite = load("evals", "sample").suite
    with Agent(tmp_path_factory.mktemp("sample") / "store") as made:
        made.ingest([suite.data / "texts"], root=suite.data / "texts")
        yield made


def questions(code: str) -> list[Sample]:
    """Of a language, one answered in it, one not answered, and two answered in another."""
    kinds: dict[bool | None, list[Sample]] = {True: [], False: [], None: []}
    suite = load("evals", "sample").suite
    for one in suite.load(suite.data, ""):
        if one.language == code:
            kinds[one.evidence_language == code if one.answerable else None].append(one)
    return [*kinds[True][:1], *kinds[None][:1], *kinds[False][:2]]


LANGUAGES = [
    "ar", "de", "en", "es", "fa", "fi", "fr", "hi", "it", "ja",
    "ko", "pt", "ru", "sw", "th", "tr", "vi", "yo", "zh",
]  # fmt: skip


@pytest.mark.parametrize("code", LANGUAGES)
def test_answers_and_abstentions_are_in_the_readers_language(sample: Agent, code: str) -> None:
    for question in questions(code):
        answer = sample.ask(question.question)
        assert (answer.question_language.code, answer.language) == (code, code), question
        assert is_framed_by(voice(code), answer), answer.text
        assert_verified(sample, answer)


@pytest.mark.parametrize("code", LANGUAGES)
def test_evidence_in_the_readers_language_is_framed_in_it_and_found(sample: Agent, code: str) -> None:
    """Finnish has no text in the sample: its readers get those of others."""
    spoken = voice(code)
    answer = sample.ask("Okavango Delta Botswana flood between June and August", language=code)
    assert answer.verdict != "abstained"
    said = spoken.say("source_said", title="The Okavango Delta", language=spoken.language_name("en"))
    same = spoken.say("source_said_same", title="The Okavango Delta")
    titles = {citation.title for citation in answer.citations}
    assert is_framed_by(spoken, answer)
    if "The Okavango Delta" in titles:
        assert (same if code == "en" else said) in answer.text.split("\n")


# What is quoted is there


def assert_verified(agent: Agent, answer: Answer) -> None:
    """Every quotation is the document's text at its place, read from the database itself."""
    connection = sqlite3.connect(agent.store.path / "catalog.db")
    texts = dict(connection.execute("SELECT file || part, text FROM documents"))
    connection.close()
    for citation in answer.citations:
        assert citation.verified
        assert texts[citation.source][citation.start : citation.end] == citation.quote
        assert citation.quote


def change_text(agent: Agent, old: str, new: str) -> None:
    """Edit documents behind the store's back."""
    connection = sqlite3.connect(agent.store.path / "catalog.db")
    with connection:
        connection.execute("UPDATE documents SET text = replace(text, ?, ?)", (old, new))
    connection.close()


def test_quotations_stand_in_the_documents(agent: Agent) -> None:
    for question in (WHEN, WANN):
        assert_verified(agent, agent.ask(question))


def test_a_document_changed_behind_the_stores_back_is_never_misquoted(tmp_path: Path) -> None:
    with agent_over(tmp_path, DOCUMENTS) as agent:
        assert agent.ask(WHEN).citations
        change_text(agent, "built in 1874", "built in 1999")
        changed = agent.ask(WHEN)
        assert "1874" not in changed.model_dump_json()
        assert_verified(agent, changed)


def test_a_document_changed_while_it_is_quoted_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with agent_over(tmp_path, DOCUMENTS) as agent:
        for event in agent.stream(WHEN):
            if isinstance(event, Stage) and event.node == "quote":
                break
        state = [event for event in agent.stream(WHEN) if isinstance(event, Stage) and event.node == "quote"]
        ((quotation,),) = (claim.quotations for claim in state[0].update["claims"])
        change_text(agent, "built in 1874", "built in 1999")
        from xagent.nodes import verify
        from xagent.state import State

        assert not verify.stands(quotation, agent.store)
        monkeypatch.setattr("xagent.nodes.quote._best", lambda sentences, most: [quotation])
        # The compiled graph looks its helpers up when it runs.
        answer = agent.ask(WHEN)
        assert (answer.verdict, answer.reason) == ("abstained", "no claim could be verified")
        assert (answer.citations, answer.text) == ((), voice("en").say("abstain"))
        assert State(WHEN).verdict == "abstained"


def test_a_title_with_braces_is_only_a_title(tmp_path: Path) -> None:
    title = "The {language} of {0.__class__} {title.__init__.__globals__} {} {{ }}"
    row = {"title": title, "text": LIGHTHOUSE}
    with agent_over(tmp_path, {"rows.jsonl": json.dumps(row) + "\n"}) as agent:
        for language in ("", "de", "ja"):
            answer = agent.ask(WHEN, language=language)
            assert title in answer.text
            assert answer.citations[0].title == title


def test_hits_as_data_are_plain(agent: Agent) -> None:
    for hit in agent.search(WHEN):
        assert json.loads(json.dumps(hit.as_dict()))["text"] == hit.passage.text
        assert asdict(hit)["passage"]["key"] == hit.passage.key
