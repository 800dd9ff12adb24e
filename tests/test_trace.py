"""One line for each step, whatever it did, and also when it failed."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from xagent.agent import Agent
from xagent.errors import EndpointError, StoreDamaged
from xagent.events import Stage
from xagent.languages import Detection
from xagent.passages import Passage
from xagent.registry import load_graph, names
from xagent.replies import DraftClaim
from xagent.retrieval import Hit
from xagent.state import Claim
from xagent.testing import ModelServer, agent_over
from xagent.trace import described


def line(node: str, milliseconds: float = 12.4, **update: Any) -> str:
    return described(Stage(node, milliseconds, update))


def hit(code: str) -> Hit:
    return Hit(Passage(1, "a.md", "A", "", code, "Latn", 0, 1, "x"), 1.0)


CLAIM = Claim("Said.", ())
DRAFT = DraftClaim(evidence=(), text="Said.")


@pytest.mark.parametrize(
    ("node", "update", "said"),
    [
        (
            "detect",
            {"question_language": Detection("de", "Latn", 0.987), "answer_language": "de"},
            "German, 99% sure",
        ),
        (
            "detect",
            {"question_language": Detection("ar", "Arab", 1.0), "answer_language": "zh"},
            "Arabic, 100% sure; to be answered in Chinese",
        ),
        (
            "detect",
            {"question_language": Detection("und", "Zyyy", 0.0), "answer_language": "und"},
            "not recognised",
        ),
        (
            "detect",
            {"question_language": Detection("und", "Zyyy", 0.0), "answer_language": "sw"},
            "not recognised; to be answered in Swahili",
        ),
        ("contextualize", {"query": "متى بُني الجسر؟"}, "متى بُني الجسر؟"),
        ("retrieve", {"hits": ()}, "0 passages"),
        ("retrieve", {"hits": (hit("de"),)}, "1 passage: 1 de"),
        ("retrieve", {"hits": (hit("sw"), hit("de"), hit("de"))}, "3 passages: 2 de, 1 sw"),
        ("pivot", {"pivot": "english", "because": "It helps."}, "english: It helps."),
        ("answer", {"draft": (DRAFT,)}, "1 claim"),
        ("answer", {"draft": (), "attempts": 1}, "0 claims"),
        ("answer", {"draft": (), "failure": "the budget\nis spent"}, "the budget is spent"),
        ("quote", {"claims": (CLAIM,)}, "1 quotation"),
        ("quote", {"claims": (CLAIM, CLAIM)}, "2 quotations"),
        (
            "verify",
            {"claims": (CLAIM, CLAIM), "reason": "every claim could be verified"},
            "2 claims kept: every claim could be verified",
        ),
        ("trust", {"claims": (), "reason": "not verified"}, "0 claims kept: not verified"),
        ("reword", {"rewordings": ("one", "二")}, "one · 二"),
        ("reword", {"failure": "no"}, "no"),
        ("enforce", {"claims": ()}, "in the language to answer in"),
        ("enforce", {"claims": (), "reason": "no words"}, "no words"),
        ("vote", {"draft": (DRAFT,), "agreement": 0.6667}, "1 claim, 67% agree"),
        ("somebody's own", {"anything": 1}, ""),
    ],
)
def test_what_a_step_did(node: str, update: dict[str, Any], said: str) -> None:
    expected = f"{node:<14}{said}{'  ' if said else ''}(12 ms)"
    assert line(node, **update) == expected


@pytest.mark.parametrize("graph", names("graphs"))
def test_a_step_that_failed_is_told_of(graph: str) -> None:
    for node in load_graph(graph).nodes:
        assert line(node, 1234.5) == f"{node:<14}failed  (1,234 ms)"


def test_a_hostile_text_cannot_write_a_line() -> None:
    for text in ("a\nverify  9 claims kept", "a\x1b[2J\u202eb", "a\r\u2028b" * 50):
        shown = (
            line("contextualize", query=text)
            + line("reword", rewordings=(text,))
            + line("answer", failure=text)
        )
        assert shown.isprintable()


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_over(tmp_path_factory.mktemp("trace"), {"a.md": "The bridge was built in 1874."}) as agent:
        yield agent


async def lines(stored: Agent, graph: str, url: str, heard: list[str]) -> None:
    agent = Agent(stored.context.store, graph, model_url=url, model="fake")
    agent.context.__dict__["opened"] = stored.store
    async for event in agent.astream("When was the bridge built?"):
        if isinstance(event, Stage):
            heard.append(described(event))


@pytest.mark.parametrize("graph", names("graphs"))
async def test_every_step_of_every_graph_has_its_line(stored: Agent, graph: str) -> None:
    heard: list[str] = []
    with ModelServer() as model:
        await lines(stored, graph, model.url, heard)
    assert len(heard) >= 5
    assert not [one for one in heard if "failed" in one or "\n" in one]


async def test_the_error_of_a_step_is_not_lost(stored: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    with ModelServer(faults=["status 401"]) as model, pytest.raises(EndpointError, match="XAGENT_API_KEY"):
        await lines(stored, "qa", model.url, heard)
    assert "failed" in heard[-1]

    def broken(*_: object, **__: object) -> None:
        raise StoreDamaged("the store is damaged")

    monkeypatch.setattr("xagent.nodes.retrieve.search", broken)
    with pytest.raises(StoreDamaged, match="the store is damaged"):
        await lines(stored, "quote", "", heard)
    assert heard[-1].startswith("retrieve      failed")
    await asyncio.sleep(0)
