"""A panel of judges: what it sees, how it votes, how far it agrees."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xagent.errors import EndpointError, InputError
from xagent.evaluation import judge
from xagent.evaluation.agreement import cohen_kappa, fleiss_kappa
from xagent.evaluation.figures import figures
from xagent.evaluation.judge import Judge, judged, panel
from xagent.evaluation.runner import Outcome, Plan, run_suite, unwatched
from xagent.evaluation.statistics import Estimate
from xagent.evaluation.votes import JUDGED, with_votes
from xagent.testing import Fault, ModelServer, Request

from .evaluation_suites import QUESTIONS, install, suite

VERDICTS = st.lists(st.booleans(), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    folder = tmp_path_factory.mktemp("judged")
    with pytest.MonkeyPatch.context() as patch:
        install(patch, suite(folder))
        yield run_suite(Plan("own", graph="quote", limit=1, out=folder / "run"), unwatched)


@pytest.fixture(autouse=True)
def no_votes(outcome: Outcome) -> None:
    (outcome.run.path / "judgements.jsonl").unlink(missing_ok=True)


def judging(verdict: bool) -> ModelServer:
    return ModelServer({"Judgement": lambda request: {"correct": verdict}})


def vote(outcome: Outcome, *servers: ModelServer) -> dict[str, Any]:
    return judged(outcome.run, outcome.records, panel([f"{server.url}#fake" for server in servers]), 4)


def verdicts(outcome: Outcome) -> Estimate:
    return figures(outcome.records, with_votes(outcome.run, outcome.suite)).overall[JUDGED]


def test_a_judge_sees_question_references_and_answer_and_no_language(outcome: Outcome) -> None:
    with judging(True) as server:
        found = vote(outcome, server)
    assert found["votes_failed"] == 0
    assert (verdicts(outcome).mean, verdicts(outcome).n) == (1.0, len(QUESTIONS))
    sent = [str(request.body["messages"]) for request in server.requests]
    for question, gold in QUESTIONS.values():
        assert any(question in text and f'<statement id="1">{gold}</statement>' in text for text in sent)
    assert not any("Finnish" in text or "Answer in" in text for text in sent)


def test_votes_are_kept_and_failed_ones_asked_for_again(outcome: Outcome) -> None:
    with judging(False) as server:
        server.faults = [Fault("status 400", times=2)]
        failed = vote(outcome, server)
        assert (failed["votes_failed"], "answered 400" in failed["votes_failed_because"]) == (2, True)
        asked = len(server.requests)
        found = vote(outcome, server)
        assert (found["votes_failed"], verdicts(outcome).mean) == (0, 0.0)
        assert len(server.requests) == asked + 2
        vote(outcome, server)
        assert len(server.requests) == asked + 2
    lines = (outcome.run.path / "judgements.jsonl").read_text("utf-8").splitlines()
    assert sum(bool(json.loads(line)["error"]) for line in lines) == 2


def test_the_majority_decides(outcome: Outcome) -> None:
    def by_number(request: Request) -> dict[str, bool]:
        return {"correct": "1874" in str(request.body) or "1652" in str(request.body)}

    with judging(True) as one, judging(False) as two, ModelServer({"Judgement": by_number}) as three:
        for server, name in ((one, "yes"), (two, "no"), (three, "some")):
            server.model = name
        judges = panel([f"{server.url}#{server.model}" for server in (one, two, three)])
        found: dict[str, Any] = judged(outcome.run, outcome.records, judges, 4)
    assert found["judges"] == ["yes", "no", "some"]
    assert verdicts(outcome).mean == pytest.approx(2 / 6, abs=1e-4)
    assert found["agreement_of_judges"] == pytest.approx(-0.35, abs=1e-4)


def test_a_judge_without_a_key_of_its_own_gets_that_of_the_server_started_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(judge, "key_of", lambda url: f"key of {url}")
    monkeypatch.delenv("XAGENT_JUDGE_KEY", raising=False)
    keys: list[str] = []

    def lists(_: str, key: str) -> list[str]:
        keys.append(key)
        return ["qwen"]

    monkeypatch.setattr(judge, "served_models", lists)
    for own in ("", "sk-own"):
        monkeypatch.setenv("XAGENT_JUDGE_KEY", own)
        assert Judge.of("http://127.0.0.1:8000/v1").model.name == "qwen"
    assert keys == ["key of http://127.0.0.1:8000/v1", "sk-own"]


def test_a_judge_is_a_url() -> None:
    with pytest.raises(InputError, match="a judge is URL#MODEL"):
        panel(["qwen"])
    with pytest.raises(EndpointError, match="no model server answers"):
        panel(["http://127.0.0.1:9/v1"])


def test_two_judges_of_one_name() -> None:
    with pytest.raises(InputError, match="two judges have one name"):
        panel(["http://127.0.0.1:9/v1#qwen", "http://127.0.0.2:9/v1#qwen"])


@given(VERDICTS)
def test_judges_who_say_the_same_agree_wholly(verdicts: list[bool]) -> None:
    expected = None if len(set(verdicts)) == 1 else pytest.approx(1.0)
    assert cohen_kappa(verdicts, verdicts) == expected
    assert fleiss_kappa([[one] * 3 for one in verdicts]) == expected


def test_kappa_as_worked_by_hand() -> None:
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: 0.7 agreed, 0.5 by chance.
    pairs = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    assert cohen_kappa([a for a, _ in pairs], [b for _, b in pairs]) == pytest.approx(0.4)
    # Three judges: agreed (1 + 1/3 + 1/3 + 1) / 4 = 2/3; half of the verdicts are yes, so 1/2 by chance.
    items = [[True] * 3, [True, True, False], [True, False, False], [False] * 3]
    assert fleiss_kappa(items) == pytest.approx(1 / 3)
    assert cohen_kappa([], []) is None
    assert fleiss_kappa([[True]]) is None
