"""The question is translated where its own words find nothing strong, and nowhere else."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.runtime import Runtime

from xagent.agent import Agent
from xagent.bridging import MOST_LANGUAGES, Decision, decide, usable
from xagent.budget import Budget
from xagent.context import Context
from xagent.errors import BudgetSpent, UnknownName
from xagent.languages import Detection
from xagent.nodes.bridge import bridge
from xagent.rankings import Query
from xagent.replies import Translated
from xagent.reply_cache import FILE
from xagent.state import State
from xagent.testing import Fault, FaultKind, ModelServer, Request, agent_over

DOCUMENTS = {
    "ar.md": "# سد وادي نمار\n\nافتتح سد وادي نمار عام 1961، ويبلغ ارتفاعه أربعين مترًا.\n",
    "fa.md": "# کاروان‌سرای ده‌نمک\n\nکاروان‌سرای ده‌نمک در سال ۱۰۳۷ به دستور شاه عباس ساخته شد.\n",
    "fi.md": "# Särkijärven silta\n\nSärkijärven silta avattiin liikenteelle talvella 1938.\n",
    "he.md": "# מגדל המים בנחלים\n\nמגדל המים בנחלים הוקם בשנת 1929 בידי חלוצים מגליציה.\n",
    "hi.md": "# चंदनपुर की बावड़ी\n\nचंदनपुर की बावड़ी रानी मीनावती ने 1521 में बनवाई थी।\n",
    "ja.md": "# 霧ヶ沢の灯台\n\n霧ヶ沢の灯台は1887年に大工の杉本源蔵が建てた。\n",
    "sw.md": "# Daraja la Mtoni\n\nDaraja la Mtoni lilijengwa mwaka wa 1954 na mafundi kutoka Tanga.\n",
    "th.md": "# สะพานบ้านดอน\n\nสะพานบ้านดอนเปิดใช้เมื่อปี พ.ศ. 2478 โดยนายช่างชาวเหนือ\n",
    "tr.md": "# Karaçay değirmeni\n\nKaraçay değirmeni 1812 yılında Hacı Ömer Ağa tarafından kuruldu.\n",
    "yo.md": "# Afárá Òkè Ọ̀ṣun\n\nWọ́n kọ́ afárá Òkè Ọ̀ṣun ní ọdún 1931 láti ọwọ́ àwọn oníṣẹ́ ilé.\n",
    "zh.md": "# 青石渡口\n\n青石渡口的石桥由工匠周怀远于1764年主持修建。\n",
}
OWN = {
    "ar": "متى افتتح سد وادي نمار؟",
    "fa": "کاروان‌سرای ده‌نمک به دستور چه کسی ساخته شد؟",
    "fi": "Milloin Särkijärven silta avattiin liikenteelle?",
    "he": "מי הקים את מגדל המים בנחלים?",
    "hi": "चंदनपुर की बावड़ी किसने बनवाई थी?",
    "ja": "霧ヶ沢の灯台を建てたのは誰ですか。",
    "sw": "Daraja la Mtoni lilijengwa mwaka gani?",
    "th": "สะพานบ้านดอนเปิดใช้เมื่อปีใด",
    "tr": "Karaçay değirmeni kim tarafından kuruldu?",
    "yo": "Ọdún wo ni wọ́n kọ́ afárá Òkè Ọ̀ṣun?",
    "zh": "青石渡口的石桥是谁主持修建的？",
}
ELSEWHERE = {
    "ar": "كم عدد النجوم التي تظهر على علم البرازيل؟",
    "fa": "بلندترین آبشار جهان در کدام کشور قرار دارد؟",
    "fi": "Kuinka monta munaa harakka munii keväällä?",
    "he": "כמה ביצים מטיל העורב באביב?",
    "hi": "शतरंज की बिसात पर कितने खाने होते हैं?",
    "ja": "蜂はどうやって蜜を集めるのですか。",
    "sw": "Nyuki hukusanya asali kwa njia gani?",
    "th": "ผึ้งเก็บน้ำหวานจากดอกไม้อย่างไร",
    "tr": "Arılar balı hangi çiçeklerden toplar?",
    "yo": "Báwo ni oyin ṣe ń kó oyin jọ láti inú òdòdó?",
    "zh": "蜜蜂怎样从花里采集蜂蜜？",
}
SAID = {
    "sw": "Jibini hutengenezwaje kutokana na maziwa ya mbuzi?",
    "tr": "Keçi sütünden peynir nasıl yapılır?",
}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_over(tmp_path_factory.mktemp("bridging"), DOCUMENTS) as made:
        yield made


@pytest.fixture(autouse=True)
def forgotten(agent: Agent) -> None:
    """No test has the translations of another."""
    (agent.store.path / FILE).unlink(missing_ok=True)


def decided(agent: Agent, question: str, code: str, choice: str = "auto", *searched: str) -> Decision:
    return decide(choice, agent.store, question, code, searched or tuple(agent.store.languages()))


# When it pays


@pytest.mark.parametrize("code", OWN)
def test_strong_evidence_in_its_own_language_is_enough(agent: Agent, code: str) -> None:
    decision = decided(agent, OWN[code], code)
    assert decision.languages == ()
    assert "in its own language covers" in decision.because


@pytest.mark.parametrize("code", OWN)
def test_strong_evidence_counts_only_in_the_documents_that_are_searched(agent: Agent, code: str) -> None:
    others = [f"{other}.md" for other in OWN if other != code]
    for named, kept in ((others, False), ([f"{code}.md", *others], True)):
        searched = agent.store.languages_of(named)
        decision = decide("auto", agent.store, OWN[code], code, searched, documents=named)
        assert (decision.languages == ()) == kept


def test_documents_in_its_own_language_that_say_nothing_of_it_are_no_reason_not_to_translate(
    tmp_path: Path,
) -> None:
    texts = {name: DOCUMENTS[name] for name in ("ar.md", "tr.md", "zh.md")}
    other = "# Değirmen ekmeği\n\nKöy fırınında pişen ekmek mayasızdır ve üç gün taze kalır.\n"
    with agent_over(tmp_path, texts | {"ekmek.md": other}) as here:
        found = {
            named: decide("auto", here.store, OWN["tr"], "tr", ["tr", "ar", "zh"], documents=(named, "zh.md"))
            for named in ("tr.md", "ekmek.md")
        }
    assert found["tr.md"].languages == ()
    assert "zh" in found["ekmek.md"].languages


@pytest.mark.parametrize("code", ELSEWHERE)
def test_what_its_own_language_says_nothing_of_is_put_into_others(agent: Agent, code: str) -> None:
    decision = decided(agent, ELSEWHERE[code], code)
    assert len(decision.languages) == MOST_LANGUAGES
    assert code not in decision.languages
    assert "covers" in decision.because


def test_a_language_in_which_its_names_are_found_is_left_out(agent: Agent) -> None:
    question = "Who founded the Karaçay değirmeni mill of Hacı Ömer?"
    assert "tr" not in decided(agent, question, "en").languages
    assert "th" in decided(agent, question, "en").languages
    names = decided(agent, question, "en", "auto", "tr")
    assert names == Decision((), "what could be names in it is found in every other language")


def test_only_languages_that_are_searched_count(agent: Agent) -> None:
    assert decided(agent, ELSEWHERE["tr"], "tr", "auto", "tr", "fi", "sw").languages == ("fi", "sw")
    assert decided(agent, ELSEWHERE["tr"], "tr", "always", "tr").because == "no other language is searched"
    # Its own language is strong, but it is not searched.
    assert decided(agent, OWN["ja"], "ja", "auto", "fi", "sw").languages == ("fi", "sw")


def test_an_encoder_that_crosses_languages_needs_no_translation(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(agent.store.embedder), "crosslingual", True, raising=False)
    assert "finds across languages" in decided(agent, ELSEWHERE["th"], "th").because
    assert decided(agent, ELSEWHERE["th"], "th").languages == ()
    assert decided(agent, ELSEWHERE["th"], "th", "always").languages


def test_a_choice_is_kept_to(agent: Agent) -> None:
    assert decided(agent, ELSEWHERE["hi"], "hi", "never") == Decision((), "as asked for")
    assert len(decided(agent, OWN["hi"], "hi", "always").languages) == MOST_LANGUAGES
    with pytest.raises(UnknownName, match="auto, always, never"):
        decided(agent, OWN["hi"], "hi", "sometimes")


# What can be used


def translated(*pairs: tuple[str, str]) -> tuple[Translated, ...]:
    return tuple(Translated(language=code, text=text) for code, text in pairs)


def test_a_translation_is_in_its_language() -> None:
    given_ = translated(("sw", SAID["tr"]), ("tr", f" {SAID['tr']}\n"), ("tr", OWN["tr"]), ("fi", OWN["fi"]))
    assert usable(given_, ["sw", "tr"], "How is cheese made?") == {"tr": SAID["tr"]}
    assert usable(translated(("tr", "?!"), ("sw", "")), ["sw", "tr"], "") == {}
    assert usable(translated(("tr", SAID["tr"])), ["tr"], SAID["tr"]) == {}


@pytest.mark.parametrize("code", OWN)
@pytest.mark.parametrize("other", ["ar", "zh", "hi", "th", "en"])
def test_every_language_can_be_told_from_another(code: str, other: str) -> None:
    english = "When was the old stone bridge over the river finished by the builders?"
    assert usable(translated((code, ELSEWHERE[code])), [code], "q") == {code: ELSEWHERE[code]}
    if other != code:
        assert usable(translated((code, ELSEWHERE.get(other, english))), [code], "q") == {}


@given(st.lists(st.tuples(st.sampled_from(["sw", "tr", "xx", " tr "]), st.text(max_size=60))))
def test_nothing_a_model_says_gets_through_unasked(pairs: list[tuple[str, str]]) -> None:
    found = usable(translated(*pairs), ["tr"], "q")
    assert set(found) <= {"tr"}
    assert all(text.strip() == text and any(map(str.isalnum, text)) for text in found.values())


# The node


def run(agent: Agent, server: ModelServer, question: str, code: str, **choices: Any) -> dict[str, Any]:
    context = agent.context.but(model_url=server.url, model_name="fake", **choices)
    context.__dict__.pop("origin")
    state = State(question, query=question, question_language=Detection(code, "Zyyy", 1.0))
    return asyncio.run(bridge(state, Runtime(context=context)))


@pytest.mark.parametrize("code", ELSEWHERE)
def test_translations_are_searched_in_their_language_only(agent: Agent, code: str) -> None:
    with ModelServer() as server:
        update = run(agent, server, ELSEWHERE[code], code)
    assert len(server.requests) == 1
    assert server.requests[0].question == ELSEWHERE[code]
    queries = update["translations"]
    assert [one.language for one in queries] == server.requests[0].languages
    assert all(
        one == Query(one.text, one.language, "translation", frozenset({one.language})) for one in queries
    )
    assert update["bridging"].startswith(f"into {queries[0].language}, ")


def test_no_model_is_asked_where_it_does_not_pay(agent: Agent) -> None:
    with ModelServer() as server:
        update = run(agent, server, OWN["yo"], "yo")
        assert update["translations"] == ()
        assert update["bridging"].startswith("no: ")
        assert run(agent, server, ELSEWHERE["yo"], "yo", bridge="never")["bridging"] == "no: as asked for"
    assert not server.requests


def test_the_same_question_is_translated_once(agent: Agent) -> None:
    with ModelServer() as server:
        first = run(agent, server, ELSEWHERE["sw"], "sw")
        assert run(agent, server, ELSEWHERE["sw"], "sw") == first
        assert len(server.requests) == 1
        run(agent, server, ELSEWHERE["sw"], "sw", languages=("tr", "fi"))
        assert server.requests[1].languages == ["fi", "tr"]


_WRONG: list[FaultKind] = [
    "wrong language",
    "wrong shape",
    "malformed json",
    "empty",
    "prose",
    "truncated json",
]


@pytest.mark.parametrize("kind", [*_WRONG, "status 500", "status 401", "not json", "dropped", "injected"])
def test_a_model_that_fails_costs_the_translations_only(agent: Agent, kind: FaultKind) -> None:
    with ModelServer(faults=[kind]) as server:
        update = run(agent, server, ELSEWHERE["fi"], "fi")
    assert set(update) == {"bridging", "translations"}
    if kind in ("prose", "truncated json", "malformed json", "injected"):
        return
    assert all(one.language == "es" for one in update["translations"])
    assert update["bridging"].startswith(("failed: ", "into "))
    assert not (agent.store.path / FILE).exists()


def test_a_model_that_hangs_is_not_waited_for(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xagent.nodes.bridge.PATIENCE", 0.2)
    with ModelServer(faults=["hanging"]) as server:
        update = run(agent, server, ELSEWHERE["he"], "he")
    assert update["bridging"] == "failed: translating the question took too long"


@pytest.mark.parametrize("calls", range(1, 7))
def test_calls_are_left_to_answer(agent: Agent, calls: int) -> None:
    with ModelServer(faults=["empty"]) as server:
        update = run(agent, server, ELSEWHERE["hi"], "hi", max_calls=calls)
    assert len(server.requests) == max(0, min(2, calls - 2))
    assert update["bridging"].startswith("failed: ")


def test_a_step_aside_leaves_calls_tokens_and_time() -> None:
    budget = Budget(calls=3, tokens=1000, seconds=10)

    async def aside() -> None:
        async with budget.aside(5, "dreaming"):
            with pytest.raises(BudgetSpent), budget.request("bridge", 100, 600):
                pass
            with budget.request("bridge", 100, 100):
                pass
            with pytest.raises(BudgetSpent), budget.request("bridge", 10, 10):
                pass

    async def too_long() -> None:
        async with budget.aside(0.01, "dreaming"):
            await asyncio.sleep(5)

    asyncio.run(aside())
    with pytest.raises(BudgetSpent, match="dreaming took too long"):
        asyncio.run(too_long())
    with budget.request("answer", 100, 100):
        pass
    assert budget.calls_left == 1


# The graph


def asked(agent: Agent, server: ModelServer, graph: str = "qa", **choices: Any) -> Agent:
    made = Agent(agent.context.store, graph, model_url=server.url, model="fake", **choices)
    made.context.__dict__["opened"] = agent.store
    return made


def into(said: dict[str, str]) -> Callable[[Request], dict[str, object]]:
    return lambda _: {"translations": [{"language": code, "text": text} for code, text in said.items()]}


def test_evidence_is_found_that_only_the_translation_finds(agent: Agent) -> None:
    question = "באיזו שנה נפתח הגשר של הכפר הקטן בתאילנד?"
    with ModelServer({"Bridge": into({"th": "สะพานบ้านดอนเปิดใช้เมื่อใด"})}) as server:
        without = asked(agent, server, bridge="never", k=4).ask(question)
        answer = asked(agent, server, k=4).ask(question)
    assert "th.md" not in [one.source for one in without.passages]
    assert "th.md" in [one.source for one in answer.passages]
    assert "model:bridge" in answer.timings
    assert "model:bridge" not in without.timings
    assert answer.usage.model_calls == without.usage.model_calls + 1


@pytest.mark.parametrize("graph", ["qa", "consensus"])
def test_an_answer_does_not_depend_on_the_translations(agent: Agent, graph: str) -> None:
    for kind in ("status 500", "malformed json", "wrong language"):
        with ModelServer(faults=[Fault(kind, schema="Bridge")]) as server:
            answer = asked(agent, server, graph).ask(ELSEWHERE["ja"])
        assert answer.verdict in ("answered", "partial")
        assert answer.usage.model_calls <= Context.max_calls


def test_a_conversation_carries_no_translations_over(agent: Agent) -> None:
    with ModelServer() as server:
        talking = asked(agent, server)
        talking.ask(ELSEWHERE["tr"], conversation="bridging")
        server.requests.clear()
        answer = talking.ask(OWN["tr"], conversation="bridging")
    assert "Bridge" not in [request.schema for request in server.requests]
    assert answer.citations[0].source == "tr.md"


def test_a_store_that_cannot_keep_them_is_no_obstacle(agent: Agent) -> None:
    Path(agent.store.path / FILE).write_bytes(b"no database")
    with ModelServer() as server:
        assert run(agent, server, ELSEWHERE["th"], "th")["translations"]
