"""A suite of our own from questions to scores, and what a bad line in it is told."""

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from xagent import runner
from xagent.answer import Answer, AnswerCitation, QuestionLanguage, Usage
from xagent.errors import InputError, UnknownName
from xagent.report import Scores, show_scores, summarise
from xagent.runner import Row, Sample, Suite, run_suite
from xagent.scoring import abstains, mean, normalised, quotes_contain
from xagent.state import Verdict

LIGHTHOUSE = "The Varnholm lighthouse was built in 1874 by Ida Brandt."
KLOSTER = "Das Kloster Quellingen wurde 1203 von Abt Konrad gegründet."
DOCUMENTS = {
    "en/lighthouse.md": f"# The Varnholm lighthouse\n\n{LIGHTHOUSE}\n",
    "de/kloster.md": f"# Das Kloster Quellingen\n\n{KLOSTER}\n",
}


def row(id_: str, language: str, question: str, answer: str = "", source: str = "") -> dict[str, Any]:
    return {
        "id": id_,
        "language": language,
        "question": question,
        "answers": [answer] if answer else [],
        "source": source or None,
        "evidence_language": source[:2] or None,
    }


ROWS = [
    row("1", "en", "When was the Varnholm lighthouse built by Ida Brandt?", "1874", "en/lighthouse.md"),
    row("2", "de", "Wann wurde das Kloster Quellingen von Abt Konrad gegründet?", "1203", "de/kloster.md"),
    row("3", "de", "Wann wurde das Kloster Quellingen von Abt Konrad gegründet?", "1999", "de/kloster.md"),
    row("4", "de", "Wer gewann die Fußballweltmeisterschaft?"),
]


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    for name, text in DOCUMENTS.items():
        path = tmp_path / "texts" / name
        path.parent.mkdir(parents=True)
        path.write_text(text, "utf-8")
    questions = tmp_path / "questions.jsonl"
    questions.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in ROWS), "utf-8")
    return Suite("own", tmp_path / "texts", questions)


@pytest.fixture
def run(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(runner, "load", lambda kind, name: SimpleNamespace(suite=suite))
    return run_suite


def test_a_suite_from_questions_to_scores(run: Any) -> None:
    scores = run("own")
    assert scores == Scores(
        suite="own",
        graph="quote",
        samples=4,
        same_contains=0.6667,
        cross_contains=0.0,
        abstain_right=1.0,
        abstain_wrong=0.0,
        by_pair={"de>de": {"n": 2, "contains": 0.5}, "en>en": {"n": 1, "contains": 1.0}},
    )
    assert json.loads(json.dumps(scores.as_dict())) == scores.as_dict()


@pytest.mark.parametrize(("limit", "expected"), [(0, 4), (1, 1), (3, 3), (99, 4)])
def test_a_limit(run: Any, limit: int, expected: int) -> None:
    assert run("own", limit=limit).samples == expected


def test_unknown_names() -> None:
    with pytest.raises(UnknownName, match=r"there are: .*sample"):
        run_suite("nope")
    with pytest.raises(UnknownName, match=r"there are: .*quote"):
        run_suite("sample", graph="nope", limit=1)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "Invalid JSON"),
        ("", "Invalid JSON"),
        ("[]", "object"),
        (json.dumps({**ROWS[0], "question": 3}), "question: Input should be a valid string"),
        (json.dumps({**ROWS[0], "answers": ["ok", 7]}), "answers, 1: Input should be a valid string"),
        (json.dumps({**ROWS[0], "wrong": 1}), "wrong: Extra inputs"),
        (json.dumps({k: v for k, v in ROWS[0].items() if k != "language"}), "language: Field required"),
    ],
)
def test_a_bad_line_is_told_by_file_and_line(suite: Suite, line: str, told: str) -> None:
    good = json.dumps(ROWS[0])
    suite.questions.write_text(f"{good}\n{line}\n{good}\n", "utf-8")
    with pytest.raises(InputError) as raised:
        list(suite.samples())
    assert str(raised.value).startswith(f"{suite.questions}, line 2")
    assert told in str(raised.value)
    assert "()" not in str(raised.value)


def test_a_line_ends_at_a_line_feed_only(suite: Suite) -> None:
    question = "one\u2028two\x85three\x0cfour"
    suite.questions.write_text(json.dumps({**ROWS[0], "question": question}, ensure_ascii=False), "utf-8")
    assert [sample.question for sample in suite.samples()] == [json.loads(json.dumps(question))]


def test_questions_that_cannot_be_read(suite: Suite) -> None:
    suite.questions.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"questions\.jsonl cannot be read"):
        list(suite.samples())
    suite.questions.unlink()
    with pytest.raises(InputError, match=r"questions\.jsonl cannot be read"):
        list(suite.samples())


def test_a_sample_does_not_change() -> None:
    sample = Sample.model_validate(ROWS[0])
    with pytest.raises(ValidationError):
        sample.id = "2"


# Scores


def answer(*quotes: str, verdict: Verdict = "answered") -> Answer:
    return Answer(
        question="?",
        question_language=QuestionLanguage(code="en", script="Latn", confidence=1),
        language="en",
        text="",
        verdict=verdict,
        reason="",
        citations=tuple(
            AnswerCitation(
                n=n, source="s", title="t", language="en", quote=quote, start=0, end=len(quote), verified=True
            )
            for n, quote in enumerate(quotes, start=1)
        ),
        passages=(),
        usage=Usage(),
        timings={},
        graph="quote",
        model=None,
    )


@pytest.mark.parametrize(
    ("quotes", "golds", "expected"),
    [
        (["built in 1874."], ["1874"], 1),
        (["nothing", "Built  In\n1874"], ["built in 1874"], 1),
        (["STRASSE"], ["straße"], 1),
        (["ｆｕｌｌ width"], ["full"], 1),
        (["cafe\u0301"], ["café"], 1),
        (["built in 1874"], ["1999", "1874"], 1),
        (["built in 1874"], ["1999"], 0),
        ([], ["1874"], 0),
        (["built in 1874"], [], 0),
    ],
)
def test_quotes_contain(quotes: list[str], golds: list[str], expected: float) -> None:
    assert quotes_contain(answer(*quotes), golds) == expected


def test_normalised() -> None:
    assert normalised("  ＡＢ\n\u3000ß ﬁ ") == "ab ss fi"


def test_abstains() -> None:
    verdicts: tuple[Verdict, ...] = ("answered", "partial", "abstained")
    assert [abstains(answer(verdict=verdict)) for verdict in verdicts] == [0, 0, 1]


def test_mean() -> None:
    assert mean([]) == 0
    assert mean([1, 0, 0, 1]) == 0.5


@dataclass(frozen=True)
class Case:
    language: str
    evidence: str | None
    gold: str
    answer: Answer


def scored(*cases: Case) -> Scores:
    return summarise(
        "suite",
        "quote",
        [
            Row(
                Sample(
                    id=str(n),
                    question="?",
                    language=case.language,
                    answers=(case.gold,),
                    source=case.evidence and f"{case.evidence}/x.md",
                    evidence_language=case.evidence,
                ),
                case.answer,
            )
            for n, case in enumerate(cases)
        ],
    )


MIXED = (
    Case("en", "en", "1874", answer("in 1874")),
    Case("en", "en", "1874", answer(verdict="abstained")),
    Case("de", "en", "1874", answer("in 1874", verdict="partial")),
    Case("de", "fr", "1874", answer(verdict="abstained")),
    Case("de", "fr", "1874", answer("in 1999")),
    Case("ja", None, "", answer(verdict="abstained")),
    Case("ja", None, "", answer("something")),
    Case("ja", None, "", answer("something", verdict="partial")),
)


def test_what_is_averaged_over_what() -> None:
    scores = scored(*MIXED)
    assert (scores.same_contains, scores.cross_contains) == (0.5, 0.3333)
    assert scores.abstain_right == pytest.approx(1 / 3)
    assert scores.abstain_wrong == 0.5
    assert scores.by_pair == {
        "de>en": {"n": 1, "contains": 1.0},
        "de>fr": {"n": 2, "contains": 0.0},
        "en>en": {"n": 2, "contains": 0.5},
    }


def test_scores_of_nothing() -> None:
    scores = scored()
    assert (scores.samples, scores.same_contains, scores.abstain_right, scores.by_pair) == (0, 0, 0, {})


def test_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    show_scores(scored(*MIXED))
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "suite, graph quote, 8 samples",
        "question > evidence  samples  contains",
        "de>en                1        1.00",
        "de>fr                2        0.00",
        "en>en                2        0.50",
        "quotations contain the answer, same language      0.500",
        "quotations contain the answer, across languages   0.333",
        "abstained where the documents do not say          0.333",
        "abstained where a document in the language says   0.500",
    ]
