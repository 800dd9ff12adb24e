"""What the benchmarks count by: the graph that is measured against, and what two prompts have in common."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.corrective_rag import CorrectiveRag, Steps, rules
from benchmarks.cost import alike, conversations, kept
from benchmarks.overhead import served
from xagent.evaluation.samples import Sample
from xagent.testing import ModelServer, Request, agent_over

DOCUMENTS = {f"{n}.md": f"The river Rhine is {n} kilometres long." for n in range(1200, 1212)}
QUESTION = "How long is the Rhine?"


def calls(tmp_path: Path, server: ModelServer, k: int) -> Counter[str]:
    """What the corrective graph asks its model for, by the name of the reply."""
    with server, agent_over(tmp_path, DOCUMENTS) as agent:
        graph = CorrectiveRag(agent.store, server.url, k).graph()
        assert graph.invoke(Steps(question=QUESTION))["answer"]
    return Counter(request.schema for request in server.requests)


@pytest.mark.parametrize("k", [1, 3, 8])
def test_grading_each_passage_costs_four_calls_and_k(tmp_path: Path, k: int) -> None:
    made = calls(tmp_path, ModelServer(rules(lambda _: True)), k)
    assert made == {"Route": 1, "Relevance": k, "": 1, "Grounding": 1, "Usefulness": 1}
    assert made.total() == 4 + k


def test_where_nothing_is_relevant_it_searches_and_grades_once_more(tmp_path: Path) -> None:
    made = calls(tmp_path, ModelServer(rules(lambda _: False)), 3)
    assert made == {"Route": 1, "Relevance": 6, "Rewritten": 1, "": 1, "Grounding": 1, "Usefulness": 1}


def test_an_answer_that_is_not_grounded_is_written_once_more(tmp_path: Path) -> None:
    lenient = rules(lambda _: True)
    made = calls(tmp_path, ModelServer({**lenient, "Grounding": lambda _: {"grounded": False}}), 2)
    assert (made[""], made["Grounding"], made["Usefulness"]) == (2, 2, 1)


@given(st.binary(), st.binary(), st.binary())
def test_what_two_prompts_begin_with_alike(start: bytes, one: bytes, other: bytes) -> None:
    common = alike(start + one, start + other)
    assert common == alike(start + other, start + one) >= len(start)
    assert (start + one)[:common] == (start + other)[:common]
    assert (start + one)[common : common + 1] != (start + other)[common : common + 1] or common in (
        len(start + one),
        len(start + other),
    )


def test_what_is_kept_ends_at_the_question_and_counts_bytes() -> None:
    rule = "پہلے <question> ہے\n"
    fixed = f"{rule}مرحبا".encode()
    asked, longer = fixed + b"\n\n<question>a</question>", fixed + b"\n<passage>b\n\n<question>cd</question>"
    assert kept(asked, longer) == (1.0, len(fixed) / len(longer))
    assert kept(asked, f"{rule}<question>".encode())[0] == len(rule.encode()) / len(fixed)


def test_conversations_are_about_one_document_in_several_languages_or_one() -> None:
    asked = [
        ("a", "de", "x.md"),
        ("b", "th", "x.md"),
        ("c", "th", "x.md"),
        ("d", "fi", "y.md"),
        ("e", "fi", None),
    ]
    samples = [
        Sample(id=name, question=name, language=code, relevant=(source,) if source else ())
        for name, code, source in asked
    ]
    assert [[one.id for one in talk] for talk in conversations(samples)] == [["a", "b", "c"], ["b", "c"]]


def test_the_first_verdict_is_there_before_the_reply_ends() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "Entailment"}}
    request = Request({"messages": [], "response_format": form}, 0.0, first_byte=10.0, finished=30.0)
    request.content = '{"verdicts": [{"claim": 1, "supported": true}]}'
    found = served(request, letters=6)
    assert 10 < found.verdict < found.finished == 30
    request.content = '{"verdicts": []}'
    assert served(request, letters=6).verdict == 30
