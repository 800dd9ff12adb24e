"""The settings of the evidence's languages, by name and resolved for a question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xagent.errors import UnknownLanguage
from xagent.evidence_settings import evidence_setting, languages_searched

THERE = ("en", "de", "ar", "zh", "th", "sw")


@pytest.mark.parametrize(
    ("chosen", "question", "searched"),
    [
        ("all", "de", THERE),
        ("", "de", THERE),
        ("question", "ar", ("ar",)),
        ("question", "fi", ()),
        ("english", "zh", ("en",)),
        ("question+english", "zh", ("en", "zh")),
        ("question + English", "en", ("en",)),
        ("swap", "de", ("en", "ar", "zh", "th", "sw")),
        ("swap", "und", THERE),
        ("SWAP", "en", ("de", "ar", "zh", "th", "sw")),
        ("de,fr", "en", ("de",)),
        ("German, 中文, Kiswahili", "en", ("de", "zh", "sw")),
        (["question", "th"], "ar", ("ar", "th")),
        (("swap",), "sw", ("en", "de", "ar", "zh", "th")),
        (["العربية"], "en", ("ar",)),
    ],
)
def test_resolved(chosen: str | list[str], question: str, searched: tuple[str, ...]) -> None:
    setting = evidence_setting(chosen)
    assert languages_searched(setting, question, THERE) == searched
    assert evidence_setting(setting) == setting


@pytest.mark.parametrize(
    "chosen", ["qqq", "question,qqq", "everything", "question+swap", "all,de", ["swap", "en"]]
)
def test_what_is_no_setting_is_refused_in_one_line(chosen: str | list[str]) -> None:
    with pytest.raises(UnknownLanguage) as refused:
        evidence_setting(chosen)
    assert "\n" not in str(refused.value)


def test_a_refusal_names_the_settings() -> None:
    with pytest.raises(UnknownLanguage, match=r"question\+english or swap"):
        evidence_setting("engrish")


@given(st.sampled_from(THERE))
def test_swap_and_the_question_are_all_there_is(question: str) -> None:
    own = languages_searched(("question",), question, THERE)
    other = languages_searched(("swap",), question, THERE)
    assert sorted((*own, *other)) == sorted(THERE)
