"""Each kind of loss is told from the others, in every language."""

import pytest

from tests.evaluation_records import TEXTS, call, record
from xagent.evaluation.records import Record
from xagent.evaluation.report.losses import LOSSES, called, counted, lost

EXPECTED = {
    "right": "none",
    "silent": "none",
    "retrieval": "retrieval",
    "reading": "reading",
    "verification": "verification",
    "language": "language",
    "abstained": "verification",
    "unfounded": "abstention",
    "failed": None,
}


def without_draft(outcome: str, asked: str = "fi") -> Record:
    return record(1, asked, "ar", outcome).model_copy(update={"calls": ()})


@pytest.mark.parametrize("asked", TEXTS)
@pytest.mark.parametrize("outcome", EXPECTED)
def test_an_answer_was_lost_where_it_first_went_wrong(outcome: str, asked: str) -> None:
    assert lost(record(1, asked, "zh", outcome)) == EXPECTED[outcome]


def test_an_abstention_was_lost_in_reading_where_the_model_drafted_nothing() -> None:
    abstained = record(1, "yo", "ja", "abstained")
    assert lost(abstained.model_copy(update={"calls": (call("answer", '{"claims": []}'),)})) == "reading"


def test_a_draft_that_is_no_json_is_taken_as_it_stands() -> None:
    for text, loss in ((TEXTS["th"].sentence, "verification"), (TEXTS["th"].wrong, "reading")):
        said = record(1, "th", "sw", "abstained").model_copy(update={"calls": (call("answer", text),)})
        assert lost(said) == loss


def test_only_the_draft_of_the_step_answer_counts() -> None:
    said = record(1, "tr", "hi", "reading")
    recalled = call("recall", TEXTS["tr"].sentence)
    assert lost(said.model_copy(update={"calls": (recalled, *said.calls)})) == "reading"


def test_any_draft_counts_where_there_were_several() -> None:
    said = record(1, "he", "en", "reading")
    right_before = record(1, "he", "en", "verification").calls[0]
    assert lost(said.model_copy(update={"calls": (right_before, *said.calls)})) == "verification"


def test_without_a_model_a_relevant_passage_that_was_found_was_lost_in_reading() -> None:
    assert lost(without_draft("reading")) == "reading"
    assert lost(without_draft("retrieval")) == "retrieval"


def test_retrieval_is_not_blamed_where_no_document_is_known_to_be_relevant() -> None:
    said = record(1, "sw", "fi", "retrieval")
    unknown = said.sample.model_copy(update={"relevant": ()})
    assert lost(said.model_copy(update={"sample": unknown})) == "reading"


def test_retrieval_is_not_blamed_where_the_graph_searches_for_nothing() -> None:
    said = record(1, "tr", "ja", "retrieval")
    assert said.answer is not None
    timings = {"detect": 1.0, "recall": 800.0}
    by_heart = said.answer.model_copy(update={"passages": (), "citations": (), "timings": timings})
    assert lost(said.model_copy(update={"answer": by_heart})) == "reading"
    nothing_found = by_heart.model_copy(update={"timings": {"retrieve": 3.0}})
    assert lost(said.model_copy(update={"answer": nothing_found})) == "retrieval"


def test_nothing_is_said_of_an_answer_without_a_gold_answer() -> None:
    said = record(1, "ar", "en", "right")
    unknown = said.sample.model_copy(update={"answers": ()})
    assert lost(said.model_copy(update={"sample": unknown})) is None


def test_a_question_of_multiple_choice_is_lost_where_its_option_was() -> None:
    said = record(1, "en", "en", "verification")
    options = ("Kenya", "Tanzania")
    choice = said.sample.model_copy(update={"options": options})
    assert lost(said.model_copy(update={"sample": choice})) == "verification"


def test_losses_are_counted_by_language_in_order() -> None:
    counts = counted([("sw", "none"), ("ar", "reading"), ("sw", "none"), ("ar", None)])
    assert list(counts) == ["ar", "sw"]
    assert counts == {"ar": {"reading": 1}, "sw": {"none": 2}}


def test_a_reader_sees_that_no_loss_is_a_right_answer() -> None:
    assert [called(loss) for loss in LOSSES] == [
        "right", "language", "verification", "reading", "retrieval", "abstention",
    ]  # fmt: skip
