"""What the benchmarks count by: the graph that is measured against, and what two prompts have in common."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.corrective_rag import CorrectiveRag, Steps, rules
from benchmarks.cost import alike, conversations, kept
from benchmarks.language_gap import measured
from benchmarks.overhead import served
from benchmarks.xrag_shaped import LANGUAGES, Fact, facts, write
from xagent.evaluation.samples import Sample
from xagent.languages import detect
from xagent.registry import load
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


def test_the_xrag_shaped_questions_have_each_two_english_articles_that_answer_and_six_that_do_not(
    tmp_path: Path,
) -> None:
    xrag = load("evals", "xrag").suite
    data = write(tmp_path / "xrag.jsonl")
    samples = list(xrag.load(data, "multilingual"))
    texts = {document.id: document for document in xrag.corpus(data, "multilingual")}
    assert Counter(sample.language for sample in samples) == dict.fromkeys(LANGUAGES, len(facts()))
    for sample in samples:
        found = Counter(texts[name].language for name in sample.documents)
        assert (found, sample.evidence_language) == ({"en": 5, sample.language: 3}, "en")
        assert len(sample.relevant) == 2


@pytest.mark.parametrize("fact", facts(), ids=lambda fact: fact.id)
def test_what_is_said_of_a_fact_is_in_its_language_and_proved_by_its_text(fact: Fact) -> None:
    assert all(said.quote in fact.source.read_text("utf-8") for said in fact.statements)
    for code in ("en", *LANGUAGES):
        assert fact.answers[code] in fact.statements[0].texts[code]
        assert {detect(said.texts[code], ("en", *LANGUAGES)).code for said in fact.statements} == {code}


def test_a_model_that_always_forgets_the_language_is_read_in_english_unless_that_is_put_right(
    tmp_path: Path,
) -> None:
    lines = write(tmp_path / "all.jsonl").read_text("utf-8").splitlines(keepends=True)
    data = tmp_path / "xrag.jsonl"
    data.write_text("".join(lines[:2]), "utf-8")
    naive, qa = (measured(graph, 1.0, data, repeat=1, seed=7) for graph in ("naive", "qa"))
    assert (naive.erred, naive.english, naive.figures["right_language"].mean) == (1, 1, 0)
    assert (qa.erred, qa.english, qa.figures["right_language"].mean) == (1, 0, 1)
    assert qa.calls > naive.calls == 1
