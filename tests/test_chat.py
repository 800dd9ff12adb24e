"""The conversation as a whole transcript: what is piped in, and all that comes out."""

import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, tzinfo
from pathlib import Path

import pytest

from xagent.agent import Agent
from xagent.chat import chat
from xagent.cli import main
from xagent.commands import COMMANDS, completions
from xagent.errors import StoreDamaged, StoreMissing, UnknownLanguage
from xagent.events import Started
from xagent.session import Session
from xagent.testing import Line, ModelServer, Request, ScriptedModel, agent_over

LIGHTHOUSE = "The Varnholm lighthouse was built in 1874 by the engineer Ida Brandt."
KLOSTER = "Das Kloster Quellingen wurde im Jahr 1203 von Abt Konrad gegründet."
WHEN = "When was the Varnholm lighthouse built by the engineer Ida Brandt?"
WANN = "Wann wurde das Kloster Quellingen von Abt Konrad gegründet?"

ANSWER = f"""\
According to “The Varnholm lighthouse”:
“{LIGHTHOUSE}” [1]

Sources
[1] The Varnholm lighthouse · English · lighthouse.md · 27-96 · verified

"""
ANTWORT = f"""\
Laut „Das Kloster Quellingen“:
“{KLOSTER}” [1]

Quellen
[1] Das Kloster Quellingen · Deutsch · kloster.md · 26-93 · geprüft

"""
ABSTENTION = "The documents here do not say. Try other words, or add documents that cover the question.\n\n"

# A document, a question and all that is said to it, in the language of both.
NATIVE = {
    "ar": (
        "# منارة رأس السحاب\n\nبنى المهندس سليم الحداد منارة رأس السحاب عام 1911.\n",
        "من بنى منارة رأس السحاب؟",
        """\
بحسب «منارة رأس السحاب»:
“بنى المهندس سليم الحداد منارة رأس السحاب عام 1911.” [1]

المصادر
[1] منارة رأس السحاب · العربية · ar.md · 20-70 · جرى التحقّق منه

""",
    ),
    "he": (
        "# המגדלור של נמל ארגמן\n\nהמגדלור של נמל ארגמן נבנה בשנת 1926 בידי האדריכלית רות שמעוני.\n",
        "מתי נבנה המגדלור של נמל ארגמן?",
        """\
לפי "המגדלור של נמל ארגמן":
“המגדלור של נמל ארגמן נבנה בשנת 1926 בידי האדריכלית רות שמעוני.” [1]

מקורות
[1] המגדלור של נמל ארגמן · עברית · he.md · 24-86 · מאומת

""",
    ),
    "fa": (
        "# پل نوآباد\n\nپل نوآباد هر سال در آغاز بهار بازسازی می‌شود.\n",
        "پل نوآباد در کدام فصل بازسازی می‌شود؟",
        """\
به نقل از «پل نوآباد»:
“پل نوآباد هر سال در آغاز بهار بازسازی می‌شود.” [1]

منابع
[1] پل نوآباد · فارسی · fa.md · 13-58 · تأییدشده

""",
    ),
    "hi": (
        "# सोनपुरा का पुल\n\nसोनपुरा का पुल 1952 में इंजीनियर मीरा देशपांडे ने बनवाया था।\n",
        "सोनपुरा का पुल किसने बनवाया था?",
        """\
“सोनपुरा का पुल” के अनुसार:
“सोनपुरा का पुल 1952 में इंजीनियर मीरा देशपांडे ने बनवाया था।” [1]

स्रोत
[1] सोनपुरा का पुल · हिन्दी · hi.md · 18-78 · सत्यापित

""",
    ),
    "th": (
        "# หอนาฬิกาบ้านดอนแก้ว\n\nหอนาฬิกาบ้านดอนแก้วสร้างโดยช่างสมชายในปี 2468\n",
        "ใครสร้างหอนาฬิกาบ้านดอนแก้ว",
        """\
ตามที่ระบุใน “หอนาฬิกาบ้านดอนแก้ว”:
“หอนาฬิกาบ้านดอนแก้วสร้างโดยช่างสมชายในปี 2468” [1]

แหล่งที่มา
[1] หอนาฬิกาบ้านดอนแก้ว · ไทย · th.md · 23-68 · ตรวจสอบแล้ว

""",
    ),
    "zh": (
        "# 云栖桥\n\n云栖桥由工程师林若兰于1934年设计。\n",
        "云栖桥是谁设计的？",
        """\
据《云栖桥》：
“云栖桥由工程师林若兰于1934年设计。” [1]

来源
[1] 云栖桥 · 中文 · zh.md · 7-26 · 已核实

""",
    ),
    "sw": (
        "# Daraja la Mtopanga\n\nDaraja la Mtopanga lilijengwa mwaka 1958 na mhandisi Asha Juma.\n",
        "Daraja la Mtopanga lilijengwa mwaka gani?",
        """\
Kulingana na “Daraja la Mtopanga”:
“Daraja la Mtopanga lilijengwa mwaka 1958 na mhandisi Asha Juma.” [1]

Vyanzo
[1] Daraja la Mtopanga · Kiswahili · sw.md · 22-85 · imethibitishwa

""",
    ),
    "tr": (
        "# Karadere köprüsü\n\nKaradere köprüsünü 1937 yılında mühendis Nermin Aksoy yaptırdı.\n",
        "Karadere köprüsünü kim yaptırdı?",
        """\
“Karadere köprüsü” adlı kaynağa göre:
“Karadere köprüsünü 1937 yılında mühendis Nermin Aksoy yaptırdı.” [1]

Kaynaklar
[1] Karadere köprüsü · Türkçe · tr.md · 20-83 · doğrulandı

""",
    ),
}
DOCUMENTS = {
    "lighthouse.md": f"# The Varnholm lighthouse\n\n{LIGHTHOUSE}\n",
    "kloster.md": f"# Das Kloster Quellingen\n\n{KLOSTER}\n",
} | {f"{code}.md": document for code, (document, _, _) in NATIVE.items()}

Conversation = Callable[..., tuple[str, str]]
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with documents and a store of them."""
    root = tmp_path_factory.mktemp("chat")
    agent_over(root, DOCUMENTS).close()
    return root


@pytest.fixture
def agent(folder: Path) -> Iterator[Agent]:
    """An agent without conversations."""
    for file in folder.joinpath("store").glob("conversations*"):
        file.unlink()
    with Agent(folder / "store", "quote") as made:
        yield made


@pytest.fixture
def converse(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Conversation:
    """Chat with what is piped in; give standard output and standard error."""

    def run(typed: str, language: str = "", **choices: str | bool) -> tuple[str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        chat(agent, language, **choices)  # type: ignore[arg-type]
        said = capsys.readouterr()
        return said.out, said.err

    return run


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run `xagent chat` in this process; give its exit code, standard output and standard error."""

    def run(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["xagent", "chat", "--graph", "quote", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode()), "ascii"))
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return ended.value.code, *capsys.readouterr()

    return run


def program(store: Path, typed: str, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    """`xagent chat` as a program of its own, in an environment that knows no UTF-8."""
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from xagent.cli import main; main()",
            "chat",
            "--graph",
            "quote",
            "--store",
            str(store),
            *arguments,
        ],
        input=typed.encode(),
        capture_output=True,
        env={**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii:strict"},
        check=False,
        timeout=50,
    )


# Questions


@pytest.mark.parametrize("code", NATIVE)
def test_a_question_is_answered_in_its_language(converse: Conversation, code: str) -> None:
    _, question, answer = NATIVE[code]
    assert converse(f"{question}\n") == (answer, "")


def test_each_question_is_answered_in_its_own_language(converse: Conversation) -> None:
    asked = [*(question for _, question, _ in NATIVE.values()), WANN, "", "   ", WHEN]
    answers = [*(answer for _, _, answer in NATIVE.values()), ANTWORT, ANSWER]
    assert converse("\n".join(asked) + "\n") == ("".join(answers), "")


@pytest.mark.parametrize("ending", ["/quit\n", "  /quit  \n", "/QUIT\n", "", "\n"])
def test_the_end_of_input_or_quit_ends_it(converse: Conversation, ending: str) -> None:
    left = f"{WANN}\n" if ending.strip() else ""
    assert converse(f"{WHEN}\n{ending}{left}") == (ANSWER, "")


def test_nothing_is_asked_of_an_empty_conversation(converse: Conversation, agent: Agent) -> None:
    assert converse("") == ("", "")
    assert agent.conversations() == []


def test_a_question_that_cannot_be_asked_does_not_end_it(converse: Conversation) -> None:
    out, err = converse(f"?!\n{'a' * 25_000}\n{WHEN}\n")
    assert out == ANSWER
    first, second = err.splitlines()
    assert first == "xagent: the question is empty: write what you want to know"
    assert second.startswith("xagent: the question has 25,000 characters, 20,000 at most are read")


def test_two_slashes_begin_a_question_that_begins_with_one(converse: Conversation, agent: Agent) -> None:
    assert converse(f"//{WHEN}\n//quit\n") == (ANSWER + ABSTENTION, "")
    assert [turn.question for turn in agent.turns(agent.conversations()[0])] == [f"/{WHEN}", "/quit"]


def test_commands_to_the_terminal_in_a_question_are_taken_out(converse: Conversation, agent: Agent) -> None:
    assert converse(f"\x1b]0;owned\x07\u202e{WHEN}\x1b[2J\u2069\n") == (ANSWER, "")
    assert agent.turns(agent.conversations()[0])[0].question == WHEN


def test_joiners_that_words_are_spelt_with_reach_the_question(converse: Conversation, agent: Agent) -> None:
    _, question, _ = NATIVE["fa"]
    converse(f"{question}\n")
    assert "\u200c" in question
    assert agent.turns(agent.conversations()[0])[0].question == question


def test_a_missing_store_ends_it_before_the_first_question(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with Agent(tmp_path / "none", "quote") as agent, pytest.raises(StoreMissing):
        chat(agent)
    assert capsys.readouterr() == ("", "")
    code, out, err = command("--store", str(tmp_path / "none"))
    assert (code, out) == (1, "")
    assert err.startswith(f"xagent: there is no store at {tmp_path / 'none'}: make one with")
    assert err.count("\n") == 1


# The language of the answers


def test_a_language_asked_for_is_kept_to(converse: Conversation) -> None:
    out, _ = converse(f"{WANN}\n{WHEN}\n", "zh-Hant")
    assert out.count("來源\n") == 2
    assert out.startswith("根據《Das Kloster Quellingen》（德文）：\n")


def test_a_language_that_does_not_exist_ends_it(converse: Conversation) -> None:
    with pytest.raises(UnknownLanguage):
        converse(f"{WHEN}\n{WHEN}\n", "Klingonish")


def test_what_was_spoken_decides_what_a_word_is(agent: Agent, converse: Conversation) -> None:
    """ "1203?" is in no language: it is answered in the language of the question before."""
    out, _ = converse(f"{WANN}\n1874?\n")
    assert out.startswith(ANTWORT)
    said = out.removeprefix(ANTWORT)
    assert said.startswith(("Laut „", "Die vorliegenden", "Das Folgende", "Möglicherweise")), said
    assert agent.ask("1874?").language == "en"


def test_a_language_is_fixed_and_let_go(converse: Conversation) -> None:
    fixed = ANSWER.replace(
        "According to “The Varnholm lighthouse”:", "据《The Varnholm lighthouse》（英语）："
    )
    fixed = fixed.replace("Sources", "来源").replace("English", "英语").replace("verified", "已核实")
    assert converse(
        f"/language 中文\n{WHEN}\n/language\n/language OFF\n{WHEN}\n/language Xyzzyx\n{WANN}\n"
    ) == (
        f"answers are in Chinese (中文); /language off ends that\n{fixed}"
        f"answers are in Chinese (中文); /language off ends that\n"
        f"answers are in the language of the question\n{ANSWER}{ANTWORT}",
        "xagent: No language is called 'Xyzzyx'; `xagent languages --all` lists them.\n",
    )


# Commands


def test_help_lists_every_command(converse: Conversation) -> None:
    out, err = converse("/help\n")
    assert [line.split()[0] for line in out.splitlines()[:-1]] == [command.name for command in COMMANDS]
    assert (out.splitlines()[-1], err) == ("A question that begins with a slash is written with two: //", "")


@pytest.mark.parametrize(
    ("typed", "near"),
    [("/sorces", "/sources"), ("/lang", "/language"), ("/exit", "/quit"), ("/помощь", "/"), ("/مصادر", "/")],
)
def test_an_unknown_command_is_one_line_that_names_the_nearest(
    converse: Conversation, typed: str, near: str
) -> None:
    out, err = converse(f"{typed} abc\n{WHEN}\n")
    assert out == ANSWER
    assert err.startswith(f"xagent: there is no command {typed}: the nearest is {near}")
    assert err.count("\n") == 1


def test_what_a_command_lacks_or_has_too_much_is_said(converse: Conversation) -> None:
    typed = "/search\n/save\n/quit now\n/new topic\n/sources\n/save there.md\n"
    assert converse(typed) == (
        "",
        "xagent: something is missing: /search QUERY\n"
        "xagent: something is missing: /save FILE\n"
        "xagent: /quit takes nothing after it\n"
        "xagent: /new takes nothing after it\n"
        "xagent: nothing has been answered yet: ask something first\n"
        "xagent: there is nothing to save yet: ask something first\n",
    )


def test_sources_are_shown_word_for_word_with_their_place(converse: Conversation) -> None:
    _, question, answer = NATIVE["ar"]
    assert converse(f"{WHEN}\n{question}\n/sources\nWho won the cup in 1994?\n/sources\n") == (
        f"{ANSWER}{answer}"
        "[1] منارة رأس السحاب · العربية · ar.md · 20-70 · جرى التحقّق منه\n"
        "    “بنى المهندس سليم الحداد منارة رأس السحاب عام 1911.”\n"
        f"{ABSTENTION}the last answer has no sources\n",
        "",
    )


def test_search_shows_what_is_there(converse: Conversation) -> None:
    out, err = converse("/search 云栖桥\n/search ?!\n")
    assert out.startswith("1. 云栖桥 · zh · zh.md · 7-26\n   score ")
    assert err == "xagent: the question is empty: write what you want to know\n"


def test_graphs_are_listed_and_changed(converse: Conversation, agent: Agent) -> None:
    out, err = converse(f"/graph\n/graph qa\n{WHEN}\n/graph qoute\n/graph quote\n{WHEN}\n")
    listed, _, said = out.partition("answers are from the graph qa\n")
    assert [line[:9] for line in listed.splitlines() if line.startswith("*")] == ["* quote  "]
    assert re.search(r"^  qa +Answers with a model: claims that are verified", listed, re.MULTILINE)
    assert said == f"answers are from the graph quote\n{ANSWER}"
    needs_model, no_graph = err.splitlines()
    assert needs_model.startswith("xagent: this graph needs a language model: start one")
    assert no_graph.startswith("xagent: no graph is called 'qoute'; there are: closed_book,")
    assert agent.graph == "quote"


def test_completions_are_of_commands_and_of_what_they_take(agent: Agent) -> None:
    agent.ask(WHEN, conversation="Das Gespräch")
    session = Session(agent)
    assert list(completions(session, "/s")) == ["/sources", "/search", "/save", "/save!"]
    assert list(completions(session, "/graph Q")) == ["/graph qa", "/graph quote"]
    assert list(completions(session, "/resume das")) == ["/resume Das Gespräch"]
    assert list(completions(session, "/language हि")) == ["/language हिन्दी"]
    for begun in ("", "When", "//", " /", "/new ", "/nothing "):
        assert list(completions(session, begun)) == []


# Conversations


def test_a_conversation_is_saved_as_markdown(
    converse: Conversation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    out, err = converse(f"{WHEN}\n/language he\n{WANN}\n/save گفتگو.md\n/save گفتگو.md\n", conversation="شب")
    assert out.endswith("saved in گفتگو.md\n")
    assert err == "xagent: گفتگو.md is there already: /save! گفتگو.md writes over it\n"
    assert (tmp_path / "گفتگو.md").read_bytes().decode() == (
        "# شب\n\n"
        f"## {WHEN}\n\n"
        "According to “The Varnholm lighthouse”:  \n"
        f"“{LIGHTHOUSE}” \\[1\\]\n\n"
        "### Sources\n\n"
        "\\[1\\] The Varnholm lighthouse · English · lighthouse.md · 27-96 · verified\n\n"
        f"> {LIGHTHOUSE}\n\n"
        f"## {WANN}\n\n"
        'לפי "Das Kloster Quellingen" (שפה: גרמנית):  \n'
        f"“{KLOSTER}” \\[1\\]\n\n"
        "### מקורות\n\n"
        "\\[1\\] Das Kloster Quellingen · גרמנית · kloster.md · 26-93 · מאומת\n\n"
        f"> {KLOSTER}\n"
    )


def test_what_was_said_before_is_saved_without_its_sources(converse: Conversation, tmp_path: Path) -> None:
    converse(f"{WHEN}\n", conversation="two parts")
    file = tmp_path / "saved.md"
    file.write_text("old", "utf-8")
    out, err = converse(f"/save! {file}\n", conversation="two parts")
    assert (out, err) == (f"saved in {file}\n", "")
    assert file.read_text("utf-8").startswith(f"# two parts\n\n## {WHEN}\n\nAccording to")
    assert "lighthouse.md" not in file.read_text("utf-8")


def test_a_file_that_cannot_be_written_is_one_line(converse: Conversation, tmp_path: Path) -> None:
    for file in (tmp_path, tmp_path / "none" / "saved.md", "~nobody-here/saved.md"):
        out, err = converse(f"{WHEN}\n/save! {file}\n")
        assert out == ANSWER
        assert re.fullmatch(r"xagent: [^\n]+ cannot be written: [^\n]+\n", err)


def test_a_new_conversation_knows_nothing_of_the_old(converse: Conversation, agent: Agent) -> None:
    out, _ = converse(f"{WANN}\n/new\n{WHEN}\n/resume\n")
    said = re.fullmatch(
        re.escape(ANTWORT) + r"a new conversation: ([\d. -]+)\n" + re.escape(ANSWER) + "(.*)", out, re.S
    )
    assert said
    latest, first = agent.conversations()
    assert said[1] == latest != first
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d\.\d{6}", first)
    assert said[2] == f"{latest} · 1 turn · {WHEN}\n{first} · 1 turn · {WANN}\n"
    assert [turn.question for turn in agent.turns(first)] == [WANN]


def test_a_conversation_begun_at_the_same_time_has_another_name(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Stopped":
            return cls(2026, 11, 21, 14, 3, 22)

    monkeypatch.setattr("xagent.session.datetime", Stopped)
    for name in ("2026-11-21 14.03.22", "2026-11-21 14.03.22 (2)", "2026-11-21 14.03.22 (3)"):
        session = Session(agent)
        assert session.name == name
        agent.ask(WHEN, conversation=name)


def test_resume_goes_on_by_name(converse: Conversation, agent: Agent) -> None:
    converse(f"{WANN}\n", conversation="das Kloster")
    assert converse(f"/resume das Kloster\n{WHEN}\n/resume das Schloss\n") == (
        f"going on with das Kloster\n> {WANN}\n  Laut „Das Kloster Quellingen“: “{KLOSTER}” [1]\n{ANSWER}",
        "xagent: no conversation is called 'das Schloss': /resume lists them\n",
    )
    assert [turn.question for turn in agent.turns("das Kloster")] == [WANN, WHEN]


def test_resume_without_a_conversation_says_so_and_begins_one(converse: Conversation, agent: Agent) -> None:
    assert converse("/resume\n") == ("no conversation is kept in this store yet\n", "")
    none = "xagent: no conversation is kept in this store yet: this is a new one\n"
    assert converse(f"{WHEN}\n", resume=True) == (ANSWER, none)
    assert converse(f"{WANN}\n", resume=True) == (ANTWORT, "")
    assert [len(agent.turns(name)) for name in agent.conversations()] == [2]


@pytest.mark.integration
def test_a_second_process_goes_on_where_the_first_ended(agent: Agent, folder: Path) -> None:
    """Also: pipes are UTF-8 whatever the locale, and nothing but plain text."""
    asked = "".join(f"{question}\n" for _, question, _ in NATIVE.values())
    first = program(folder / "store", f"\ufeff{asked}")
    assert first.stdout.decode() == "".join(answer for _, _, answer in NATIVE.values())
    second = program(folder / "store", f"{WANN}\n1874?\n", "--resume")
    said = second.stdout.decode()
    assert said.startswith(ANTWORT)
    assert not said.endswith(ABSTENTION)  # a number alone is answered in the language spoken before
    assert [(done.returncode, done.stderr) for done in (first, second)] == [(0, b"")] * 2
    (name,) = agent.conversations()
    assert [turn.language for turn in agent.turns(name)] == [*NATIVE, "de", "de"]


def test_damaged_conversations_are_one_clear_line(agent: Agent, command: Command, folder: Path) -> None:
    file = folder / "store" / "conversations.sqlite"
    file.write_bytes(b"no database at all " * 1000)
    with pytest.raises(StoreDamaged):
        chat(agent)
    code, out, err = command("--store", str(folder / "store"), typed=f"{WHEN}\n")
    assert (code, out) == (1, "")
    said = f"xagent: the conversations in {re.escape(str(file))} cannot be read [^\n]+: move the file away\n"
    assert re.fullmatch(said, err)


def test_a_conversation_is_named_on_the_command_line(agent: Agent, command: Command, folder: Path) -> None:
    for typed in (WHEN, WANN):
        arguments = ("--store", str(folder / "store"), "--conversation", "  mazungumzo \x1b[31m ")
        assert command(*arguments, typed=f"{typed}\n")[0] == 0
    assert [turn.question for turn in agent.turns("mazungumzo")] == [WHEN, WANN]
    assert command("--store", str(folder / "store"), "--resume", typed=f"{WHEN}\n")[1:] == (ANSWER, "")
    assert len(agent.turns("mazungumzo")) == 3


# With a model


@pytest.fixture
def served(agent: Agent) -> Iterator[tuple[Agent, ModelServer]]:
    """An agent with a model that rewrites follow-ups."""

    def standalone(request: Request) -> dict[str, object]:
        return {"question": "Which engineer built the Varnholm lighthouse?"}

    with (
        ModelServer({"Standalone": standalone}) as server,
        Agent(agent.context.store, "qa", model_url=server.url) as made,
    ):
        yield made, server


def test_a_follow_up_is_understood(
    served: tuple[Agent, ModelServer], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    agent, server = served
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{WHEN}\nand who built it?\n"))
    chat(agent, conversation="lighthouse")
    assert capsys.readouterr().out.count(f"{LIGHTHOUSE} [1]\n") == 2
    (asked,) = [request for request in server.requests if request.schema == "Standalone"]
    assert WHEN in str(asked.body)
    assert asked.question == "and who built it?"
    assert server.requests[-2].question == "Which engineer built the Varnholm lighthouse?"
    assert len(agent.turns("lighthouse")) == 2


def test_what_a_model_says_cannot_command_the_terminal(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "The lighthouse \x1b[31mwas\u202e built by the engineer.\x1b]0;owned\x07"
    claim = {"evidence": [{"passage": 1, "quote": LIGHTHOUSE}], "text": text, "disputed": False}
    verdict = {"claim": 1, "supported": True}
    script: list[Line] = [("Draft", {"claims": [claim]}), ("Entailment", {"verdicts": [verdict]})]
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{WHEN}\n/sources\n"))
    with ScriptedModel(script) as model, Agent(agent.context.store, "qa", model_url=model.url) as scripted:
        chat(scripted)
    assert capsys.readouterr().out == (
        "The lighthouse was built by the engineer. [1]\n\nSources\n"
        "[1] The Varnholm lighthouse · English · lighthouse.md · 27-96 · verified\n"
        f"    “{LIGHTHOUSE}”\n\n"
        "[1] The Varnholm lighthouse · English · lighthouse.md · 27-96 · verified\n"
        f"    “{LIGHTHOUSE}”\n"
    )


def test_a_model_that_fails_is_one_line_and_the_next_question_is_answered(
    served: tuple[Agent, ModelServer], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    agent, server = served
    server.faults = ["status 401"]
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{WHEN}\n/graph quote\n{WHEN}\n"))
    chat(agent)
    said = capsys.readouterr()
    assert said.out == f"answers are from the graph quote\n{ANSWER}"
    assert said.err == f"xagent: the model server at {server.url} refuses the key: set XAGENT_API_KEY\n"


def test_a_question_that_is_cancelled_leaves_nothing_and_ends_its_request(
    served: tuple[Agent, ModelServer],
) -> None:
    agent, server = served
    session = Session(agent, name="cancelled")
    session.ask(WHEN)
    server.delay = 20
    asked = len(server.requests)
    with closing(agent.stream("Who built it?", conversation="cancelled")) as events:  # type: ignore[type-var]
        while next(events) != Started("contextualize"):
            pass
        until = time.monotonic() + 20
        while len(server.requests) == asked and time.monotonic() < until:
            time.sleep(0.02)
    assert server.wait_until_idle(5)
    assert server.requests[-1].disconnected
    server.delay = 0
    session.ask("Who built it?")
    assert [turn.question for turn in agent.turns("cancelled")] == [WHEN, "Who built it?"]
