"""A reranker's order is taken where it is whole; whatever goes wrong with it leaves the search's order."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.runtime import Runtime

from xagent import decisions as decided
from xagent.agent import Agent
from xagent.context import Context
from xagent.errors import ReplyError, UnknownName
from xagent.languages import Detection
from xagent.listwise import STEP, WINDOW, _windows, completed
from xagent.nodes.rerank import rerank
from xagent.nodes.retrieve import retrieve
from xagent.state import State
from xagent.testing import Fault, FaultKind, ModelServer, Reply, Request, Rule, agent_over, combined
from xagent.testing.rules import decisions, entailment

ENDPOINTS = ["/v1/rerank", "/v1/decisions"]
TOWERS = {
    "ar": "يقع برج النسيم في وسط السوق القديم، ويعرفه الناس جميعًا.",
    "fa": "برج نسیم در میانهٔ بازار قدیم است و همه آن را می‌شناسند.",
    "fi": "Tuulitorni seisoo vanhan torin laidalla, ja kaikki tuntevat sen.",
    "he": "מגדל הרוח עומד בלב השוק הישן, וכולם מכירים אותו.",
    "hi": "हवा मीनार पुराने बाज़ार के बीच में है और सब उसे जानते हैं।",
    "ja": "風の塔は古い市場の真ん中にあり、誰もが知っている。",
    "sw": "Mnara wa Upepo uko katikati ya soko la zamani, na kila mtu anaujua.",
    "th": "หอลมตั้งอยู่กลางตลาดเก่า และทุกคนรู้จักดี",
    "tr": "Rüzgâr Kulesi eski çarşının ortasındadır ve onu herkes tanır.",
    "yo": "Ilé-ìṣọ́ Afẹ́fẹ́ wà ní àárín ọjà àtijọ́, gbogbo ènìyàn sì mọ̀ ọ́n.",
    "zh": "风塔位于老市场的中央，人人都认识它。",
}
QUESTION = "Where is the tower of the winds?"


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    documents = {f"{code}.md": text for code, text in TOWERS.items()}
    with agent_over(tmp_path_factory.mktemp("reranking"), documents) as made:
        yield made


@pytest.fixture
def state(agent: Agent) -> State:
    """After retrieve: a passage in each language."""
    asked = State(QUESTION, query=QUESTION, question_language=Detection("en", "Latn", 1.0))
    found: dict[str, Any] = retrieve(asked, Runtime(context=agent.context.but()))
    hits = tuple(found["hits"])
    assert len(hits) == len(TOWERS)
    return State(QUESTION, query=QUESTION, question_language=Detection("en", "Latn", 1.0), **found)


def context(agent: Agent, server: ModelServer, by: str, **choices: Any) -> Context:
    usual = {"model_url": server.url, "model_name": "fake", "rerank": by, "rerank_url": server.url}
    made = agent.context.but(**(usual | choices))
    made.__dict__.pop("origin")
    return made


def run(agent: Agent, state: State, server: ModelServer, by: str, **choices: Any) -> dict[str, Any]:
    return asyncio.run(rerank(state, Runtime(context=context(agent, server, by, **choices))))


def order(update: dict[str, Any]) -> list[str]:
    return [hit.passage.language for hit in update["hits"]]


def first(code: str) -> dict[str, Rule]:
    """The passage in this language answers, and no other does."""

    def places(request: Request) -> list[int]:
        documents = request.body.get("documents")
        texts = documents if isinstance(documents, list) else [one.text for one in request.passages]
        return [n for n, text in enumerate(texts) if TOWERS[code][:12] in text]

    def scores(request: Request) -> Reply:
        (best,) = places(request)
        return {"results": [{"index": n, "relevance_score": float(n == best)} for n in range(len(TOWERS))]}

    def probabilities(request: Request) -> Reply:
        (best,) = places(request)
        answers = [{"type": "predicate", "name": f"p{n + 1}", "probability": 0.9 if n == best else 0.1}
                   for n in range(len(TOWERS))]  # fmt: skip
        return {"answers": answers, "model": "fake"}

    return {
        "Rerank": scores,
        "Decisions": lambda request: (
            decisions(request, {"Entailment": entailment}) if request.statements else probabilities(request)
        ),
        "Ranking": lambda request: {"ranking": [places(request)[0] + 1]},
    }


@pytest.mark.parametrize("by", ["endpoint", "model", "decisions"])
@pytest.mark.parametrize("code", TOWERS)
def test_what_answers_comes_first_in_every_language(agent: Agent, state: State, by: str, code: str) -> None:
    before = [hit.passage.language for hit in state.hits]
    with ModelServer(first(code), endpoints=ENDPOINTS) as server:
        update = run(agent, state, server, by)
    assert order(update) == [code, *(other for other in before if other != code)]
    assert update["evidence"][0].language == code
    assert update["reranking"].startswith("by ")
    assert len(server.requests) == 1


def test_none_changes_nothing(agent: Agent, state: State) -> None:
    with ModelServer() as server:
        assert run(agent, state, server, "none") == {"reranking": ""}
        one = State(QUESTION, hits=state.hits[:1])
        assert run(agent, one, server, "model") == {"reranking": ""}
        with pytest.raises(UnknownName, match="endpoint, model, decisions"):
            run(agent, state, server, "best")
    assert not server.requests


# The endpoint


def results(change: Callable[[list[dict[str, object]]], object]) -> dict[str, Rule]:
    """Scores in the order of the documents, after a change."""
    scored: list[dict[str, object]] = [{"index": n, "relevance_score": n / 100} for n in range(len(TOWERS))]
    return {"Rerank": lambda _: {"results": change(scored)}}


_BAD: dict[str, Callable[[list[dict[str, object]]], object]] = {
    "too few": lambda scored: scored[1:],
    "too many": lambda scored: [*scored, {"index": len(scored), "relevance_score": 0.5}],
    "doubled": lambda scored: [*scored[1:], scored[1]],
    "below the range": lambda scored: [*scored[1:], {"index": -1, "relevance_score": 0.5}],
    "beyond the range": lambda scored: [*scored[1:], {"index": 99, "relevance_score": 0.5}],
    "not a number": lambda scored: [*scored[1:], {"index": 0, "relevance_score": float("nan")}],
    "endless": lambda scored: [*scored[1:], {"index": 0, "relevance_score": float("inf")}],
    "a word": lambda scored: [*scored[1:], {"index": 0, "relevance_score": "high"}],
    "no score": lambda scored: [*scored[1:], {"index": 0}],
    "nothing": lambda scored: [],
    "another shape": lambda scored: {"index": 0},
}


@pytest.mark.parametrize("bad", _BAD)
def test_scores_are_one_number_for_each_passage(agent: Agent, state: State, bad: str) -> None:
    with ModelServer(results(_BAD[bad]), endpoints=ENDPOINTS) as server:
        update = run(agent, state, server, "endpoint")
    assert set(update) == {"reranking"}
    assert update["reranking"].startswith("left as it was: ")
    with ModelServer(results(list), endpoints=ENDPOINTS) as server:
        assert order(run(agent, state, server, "endpoint")) == [h.passage.language for h in state.hits][::-1]


_KINDS: list[FaultKind] = ["status 500", "status 401", "status 429", "not json", "empty", "wrong shape"]


@pytest.mark.parametrize("by", ["endpoint", "model", "decisions"])
@pytest.mark.parametrize("kind", _KINDS)
def test_a_reranker_that_fails_leaves_the_order(agent: Agent, state: State, by: str, kind: FaultKind) -> None:
    with ModelServer(faults=[kind], endpoints=ENDPOINTS) as server:
        update = run(agent, state, server, by)
    assert set(update) == {"reranking"}
    assert update["reranking"].startswith("left as it was: ")
    assert "\n" not in update["reranking"]


@pytest.mark.parametrize("by", ["endpoint", "model", "decisions"])
def test_a_reranker_that_hangs_is_not_waited_for(
    agent: Agent, state: State, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("rerank_endpoint", "listwise", "decisions"):
        monkeypatch.setattr(f"xagent.{module}.PATIENCE", 0.3)
    with ModelServer(faults=["hanging"], endpoints=ENDPOINTS) as server:
        update = run(agent, state, server, by)
    assert set(update) == {"reranking"}


def test_where_the_endpoint_is_and_what_it_is_called(agent: Agent, state: State) -> None:
    with ModelServer(endpoints=ENDPOINTS) as server:
        assert (
            run(agent, state, server, "endpoint", rerank_key="k")["reranking"] == f"by fake at {server.url}"
        )
        assert server.requests[0].key == "k"
        assert server.requests[0].body["query"] == QUESTION
        assert (
            "no reranker is configured" in run(agent, state, server, "endpoint", rerank_url="")["reranking"]
        )
        wrong = run(agent, state, server, "endpoint", rerank_model="other")["reranking"]
        assert "answered 404: is its URL right?" in wrong
    gone = run(agent, state, server, "endpoint", rerank_model="fake")["reranking"]
    assert gone.startswith("left as it was: no reranker answers at http://127.0.0.1")


# The model


@given(st.lists(st.integers(-3, 30)), st.integers(1, 25))
def test_an_order_has_each_place_once(ranking: list[int], count: int) -> None:
    known = list(dict.fromkeys(number for number in ranking if 1 <= number <= count))
    if not known:
        with pytest.raises(ReplyError):
            completed(ranking, count)
        return
    places = completed(ranking, count)
    assert sorted(places) == list(range(count))
    assert [place + 1 for place in places[: len(known)]] == known
    assert places[len(known) :] == sorted(places[len(known) :])


@given(st.integers(2, 100), st.integers(-2, 5))
def test_windows_end_at_the_front(count: int, calls: int) -> None:
    windows = list(_windows(count, calls))
    assert len(windows) <= max(0, calls)
    assert not windows or windows[-1] == (0, min(count, WINDOW))
    for (start, end), (before, until) in pairwise(windows):
        assert start - before == STEP
        assert start < until <= end


def many(count: int) -> tuple[list[Any], dict[str, Rule]]:
    """Passages, and a model that finds those of even number better."""
    from xagent.passages import Passage

    made = [Passage(n, f"{n}.md", "", "", "tr", "Latn", 0, 9, f"belge {n:03}") for n in range(count)]

    def rank(request: Request) -> Reply:
        odd = {one.id: int(one.text.split()[1]) % 2 for one in request.passages}
        return {"ranking": sorted(odd, key=lambda number: odd[number])}

    return made, {"Ranking": rank}


def test_the_best_go_from_window_to_window(agent: Agent) -> None:
    from xagent.listwise import by_listing

    passages, rule = many(40)
    with ModelServer(rule) as server:
        found = asyncio.run(by_listing(context(agent, server, "model"), QUESTION, passages))
    assert len(server.requests) == 2
    assert sorted(found.places) == list(range(40))
    assert [place % 2 for place in found.places[:15]] == [0] * 15
    assert found.places[30:] == tuple(range(30, 40))
    assert found.by == "fake, 2 of 2 windows"


def test_windows_after_one_that_failed_are_given_up(agent: Agent) -> None:
    from xagent.listwise import by_listing

    passages, rule = many(30)
    with ModelServer(rule, faults=[Fault("status 401")]) as server:
        server.faults = []
        made = context(agent, server, "model")
        asked: Iterator[Rule] = iter([rule["Ranking"], lambda _: {"ranking": []}, lambda _: {"ranking": []}])

        def in_turn(request: Request) -> Reply:
            return next(asked)(request)

        server.rule = in_turn
        found = asyncio.run(by_listing(made, QUESTION, passages))
    assert found.by.startswith("fake, 1 of 2 windows, then the model's order names none")
    assert found.places[:10] == tuple(range(10))
    assert sorted(found.places) == list(range(30))


@pytest.mark.parametrize("calls", [1, 2])
@pytest.mark.parametrize("by", ["model", "decisions"])
def test_no_call_that_the_answer_needs_is_spent(agent: Agent, state: State, by: str, calls: int) -> None:
    with ModelServer(endpoints=ENDPOINTS) as server:
        assert set(run(agent, state, server, by, max_calls=calls)) == {"reranking"}
    assert not server.requests


# Decisions


def answers(change: Callable[[list[dict[str, object]]], Sequence[object]]) -> dict[str, Rule]:
    given_: list[dict[str, object]] = [
        {"type": "predicate", "name": f"p{n + 1}", "probability": n / 100} for n in range(len(TOWERS))
    ]
    return {"Decisions": lambda _: {"answers": change(given_), "model": "fake"}}


@pytest.mark.parametrize(
    "change",
    [
        lambda given_: given_[1:],
        lambda given_: [*given_[1:], {"type": "predicate", "name": "p1", "probability": float("nan")}],
        lambda given_: [*given_[1:], {"type": "predicate", "name": "p1", "probability": 1.5}],
        lambda given_: [*given_[1:], {"type": "predicate", "name": "p99", "probability": 0.5}],
        lambda given_: [*given_[1:], {"type": "predicate", "name": "p2", "probability": 0.5}],
        lambda given_: ["p1"],
        lambda given_: [],
    ],
)
def test_probabilities_are_one_for_each_passage(
    agent: Agent, state: State, change: Callable[[list[dict[str, object]]], Sequence[object]]
) -> None:
    with ModelServer(answers(change), endpoints=ENDPOINTS) as server:
        update = run(agent, state, server, "decisions")
    assert update == {
        "reranking": "left as it was: the server did not give one probability for each question"
    }


def test_a_refusal_comes_last(agent: Agent, state: State) -> None:
    with ModelServer(
        answers(lambda given_: [*given_[:-1], {"type": "refusal", "name": f"p{len(TOWERS)}"}]),
        endpoints=ENDPOINTS,
    ) as server:
        update = run(agent, state, server, "decisions")
    before = [hit.passage.language for hit in state.hits]
    # What has no probability is as likely as the first, which comes before it.
    assert order(update) == [*reversed(before[1:-1]), before[0], before[-1]]


@pytest.mark.parametrize("served", [False, True])
def test_without_decisions_the_model_lists(
    agent: Agent, state: State, served: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decided, "_MISSING", (404, 501, 500))
    faults = [Fault("status 500", schema="Decisions")]
    with ModelServer(first("yo"), faults=faults, endpoints=ENDPOINTS if served else []) as server:
        made = context(agent, server, "decisions")
        first_, second = (asyncio.run(rerank(state, Runtime(context=made))) for _ in range(2))
    assert first_["reranking"] == "by fake, 1 of 1 windows; the server has no /v1/decisions"
    assert order(first_)[0] == order(second)[0] == "yo"
    # A server that only looks as if it had them is asked once.
    kept = [request.schema for request in server.requests]
    assert kept == (["Decisions"] if served else []) + ["Ranking", "Ranking"]


# The graph


@pytest.mark.parametrize("by", ["endpoint", "model", "decisions"])
@pytest.mark.parametrize("graph", ["qa", "consensus"])
def test_an_answer_shows_what_it_took(
    agent: Agent, by: str, graph: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ModelServer(first("sw"), endpoints=ENDPOINTS) as server:
        monkeypatch.setenv("XAGENT_RERANK_URL", server.url)
        made = Agent(agent.context.store, graph, model_url=server.url, rerank=by, bridge="never")
        made.context.__dict__["opened"] = agent.store
        answer = made.ask(QUESTION)
    assert answer.passages[0].language == "sw"
    assert answer.timings["rerank"] > 0
    assert ("model:rerank" in answer.timings) == (by != "endpoint")
    assert answer.usage.model_calls <= Context.max_calls


def test_a_follow_up_keeps_what_was_read_before_in_its_place(agent: Agent) -> None:
    with ModelServer(first("he")) as server:
        made = Agent(agent.context.store, "qa", model_url=server.url, rerank="model", bridge="never")
        made.context.__dict__["opened"] = agent.store
        made.ask(QUESTION, conversation="towers")
        server.rule = combined(first("zh"))
        made.ask(QUESTION, conversation="towers")
    drafts = [r for r in server.requests if r.schema in ("Draft", "ReasonedDraft")]
    assert drafts[0].passages[0].language == "he"
    shared = len(drafts[0].passages)
    assert [p.text for p in drafts[1].passages][:shared] == [p.text for p in drafts[0].passages]
