"""Figures of published benchmarks, worked by hand and beside implementations that share no code with ours."""

import re
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.scorers import THREE_GRAMS, judged, their_concurrence, their_parser, their_rates
from tests.evaluation_records import answer, passage, record
from xagent.errors import InputError
from xagent.evaluation.records import Record
from xagent.evaluation.samples import Sample
from xagent.evaluation.scorers.abstention import abstains_wrongly
from xagent.evaluation.scorers.concurrence import (
    CONTROL,
    UNKNOWN,
    Territory,
    concurrence,
    concurrence_figures,
    inclusion_and_citation,
)
from xagent.evaluation.scorers.line_pass_rate import (
    Completion,
    PassRates,
    confusion_figures,
    line_pass,
    line_pass_rate,
    pass_rates,
    word_pass,
    word_pass_rate,
)
from xagent.evaluation.scorers.miracl import Rates, hallucinates, rates, said
from xagent.evaluation.scorers.strings import three_gram_recall

CLAIMANTS = ("Aland", "Beland", "Celand")
TERRITORIES = st.lists(
    st.builds(
        Territory,
        controller=st.sampled_from([*CLAIMANTS, UNKNOWN]),
        controller_languages=st.sampled_from(["ar", "he", "hi"]).map(lambda code: frozenset({code})),
        control=st.sampled_from(CLAIMANTS),
        answers=st.dictionaries(
            st.sampled_from(["ar", "he", "hi", "zht"]), st.sampled_from(CLAIMANTS), min_size=2
        ),
    ),
    max_size=12,
)
LINES = {
    "ar": "تقع قلعة صلاح الدين على تلة تطل على مدينة القاهرة القديمة.",
    "hi": "दिल्ली का लाल किला सत्रहवीं शताब्दी में शाहजहाँ ने बनवाया था।",
    "ja": "東京タワーは昭和三十三年に完成した高さ三百三十三メートルの電波塔です。",
    "ko": "경복궁은 조선 왕조의 첫 번째 궁궐로 서울의 북쪽에 있습니다.",
    "ru": "Исаакиевский собор в Петербурге строили около сорока лет.",
    "zh": "长城是中国古代修建的防御工程，东起山海关，西至嘉峪关。",
    "tr": "Galata Kulesi, İstanbul'un en eski kulelerinden biri olarak bilinir.",
    "en": "The tower was built on a hill above the old harbour of the city.",
}


def territory(controller: str, own: str, control: str, **answers: str) -> Territory:
    return Territory(controller, frozenset({own} if own else ()), control, answers)


def test_concurrence_by_hand() -> None:
    found = concurrence(
        [
            # Right in English and at home; of the two elsewhere one is; of three pairs one agrees.
            territory("Aland", "ar", "Aland", ar="Aland", he="Beland", hi="Aland"),
            # Wrong in English; right at home, wrong elsewhere; the pair disagrees.
            territory("Beland", "he", "Aland", ar="Aland", he="Beland"),
            # Not asked in the controller's language.
            territory("Celand", "zht", "Celand", hi="Celand"),
            # Without a controller only consistency is judged.
            territory(UNKNOWN, "", "Aland", ar="Aland", hi="Aland"),
        ]
    )
    assert found == {
        "kb_cs": pytest.approx(2 / 3),
        "control_cs": 1,
        "non_control_cs": pytest.approx((1 / 2 + 0 + 1) / 3),
        "delta_cs_unnormalised": pytest.approx(1 / 2),
        "delta_cs": pytest.approx(1),
        "consistency_cs": pytest.approx((1 / 3 + 0 + 1) / 3),
        "consistency_cs_unknown": 1,
    }


def test_concurrence_says_nothing_of_what_nobody_was_asked() -> None:
    assert concurrence([]) == {}
    assert concurrence([territory(UNKNOWN, "", "Aland", ar="Aland")]) == {}
    assert "delta_cs" not in concurrence([territory("Aland", "ar", "Aland", ar="Aland", he="Beland")])


@given(TERRITORIES)
def test_concurrence_is_that_of_plain_loops(listed: list[Territory]) -> None:
    found = concurrence(listed)
    if {"delta_cs", "consistency_cs_unknown"} <= found.keys():
        assert found == pytest.approx(their_concurrence(listed))
    assert all(0 <= value <= 1 for name, value in found.items() if "delta" not in name)


def asked(prompt_language: str, text: str, repeat: int = 0, facts: Mapping[str, str] | None = None) -> Record:
    """An answer to whose an island between Aland (Arabic) and Beland (English) is."""
    known = {
        "territory": "Isle",
        "controller": "Beland",
        "claimants": "Aland;Beland",
        "controller_languages": "en",
        "claimant_languages": "ar;en",
        "prompt_language": prompt_language,
    }
    options = ("ألاند", "بيلاند") if prompt_language == "ar" else ("Aland", "Beland")
    sample = Sample(
        id=f"isle-{prompt_language}", question="?", language=prompt_language, options=options,
        facts=known | dict(facts or {}),
    )  # fmt: skip
    said = answer("en", text, [passage("en")], abstained=not text)
    return Record(key=sample.id, sample=sample, answer=said, repeat=repeat)


def test_records_of_one_territory_are_put_together_by_their_facts() -> None:
    found = concurrence_figures([asked(CONTROL, "B) Beland"), asked("ar", "ألاند")])
    # The English answer is the controller's own too, as one of the claimants speaks English.
    assert found == {
        "kb_cs": 1, "control_cs": 1, "non_control_cs": 0, "delta_cs_unnormalised": 1,
        "consistency_cs": 0, "no_option": 0,
    }  # fmt: skip


def test_english_is_not_a_claimants_language_where_no_claimant_speaks_it() -> None:
    facts = {"claimant_languages": "ar;tr", "controller_languages": "tr"}
    found = concurrence_figures([asked(CONTROL, "Beland", facts=facts), asked("ar", "بيلاند", facts=facts)])
    assert found == {"kb_cs": 1, "non_control_cs": 1, "no_option": 0}


def test_an_answer_that_names_no_option_counts_for_the_first_claimant() -> None:
    found = concurrence_figures([asked(CONTROL, "It is disputed."), asked("ar", "")])
    assert found == {"kb_cs": 0, "control_cs": 0, "non_control_cs": 0, "delta_cs_unnormalised": 0,
                     "consistency_cs": 1, "no_option": 1}  # fmt: skip


def test_repeats_are_runs_of_their_own_and_failures_have_no_part() -> None:
    failed = asked("ar", "x", 1).model_copy(update={"answer": None, "error": "no reply"})
    found = concurrence_figures([asked(CONTROL, "Beland"), asked(CONTROL, "Aland", 1), failed])
    assert found["kb_cs"] == 0.5
    assert concurrence_figures([failed]) == {}


def test_documents_are_included_and_cited_once_an_answer_by_language() -> None:
    passages = [passage("ar"), passage("ar"), passage("sw"), passage("he", relevant=False)]
    one = record(1, "fi", "ar", "right").model_copy(update={"answer": answer("fi", "Tansania.", passages)})
    two = record(2, "fi", "sw", "right").model_copy(
        update={"answer": answer("fi", "Tansania.", passages[2:3])}
    )
    assert inclusion_and_citation([one, two, record(3, "fi", "th", "failed")]) == {
        "included_ar": 1 / 4, "cited_ar": 1 / 2,
        "included_he": 1 / 4, "cited_he": 0,
        "included_sw": 1 / 2, "cited_sw": 1 / 2,
    }  # fmt: skip
    assert inclusion_and_citation([]) == {}


@pytest.mark.parametrize(
    ("output", "verdict"),
    [
        ("Yes, answer is present in [3].", "present"),
        ("\nYES, ANSWER IS PRESENT", "present"),
        ("I don't know", "unknown"),
        ("I don't know. Yes, answer is present.", "invalid"),
        ("No, answer is not present.", "invalid"),
        ("لا أعرف", "invalid"),
        ("", "invalid"),
    ],
)
def test_what_an_output_says_by_strict_match(output: str, verdict: str) -> None:
    assert said(output) == verdict


@given(st.lists(st.sampled_from(["Yes, answer is present", "I don't know", ". ", "是的"])).map("".join))
def test_where_strict_match_finds_one_phrase_the_published_parser_agrees(output: str) -> None:
    if said(output) != "invalid":
        assert said(output) == their_parser(output)


def test_rates_are_means_over_languages() -> None:
    yes, no = "Yes, answer is present", "I don't know"
    found = rates({"sw": [yes], "th": [yes, no, no, "?"], "yo": []})
    assert found == Rates(present=(1 + 1 / 4) / 2, unknown=(0 + 1 / 2) / 2, invalid=(0 + 1 / 4) / 2)
    with pytest.raises(InputError, match="no outputs"):
        rates({"yo": []})


def test_hallucination_and_error_of_answers() -> None:
    outcomes = {name: record(1, "hi", "en", name) for name in ("right", "abstained", "silent", "unfounded")}
    judged_so = {name: (hallucinates(one), abstains_wrongly(one)) for name, one in outcomes.items()}
    assert judged_so == {
        "right": (None, 0), "abstained": (None, 1), "silent": (0, None), "unfounded": (1, None),
    }  # fmt: skip


@pytest.mark.parametrize("language", LINES)
def test_a_line_passes_in_its_own_language_only(language: str) -> None:
    assert line_pass(LINES[language], language) is True
    other = "tr" if language == "en" else "en"
    assert line_pass(f"{LINES[language]}\n{LINES[other]}", language) is False
    assert line_pass(f"{LINES[language]}\n\nOK!\n", language) is True
    assert line_pass("OK.\n---\n" if language != "zh" else "好。\n   - \n", language) is None


@pytest.mark.parametrize("language", ["ar", "hi", "ja", "ko", "ru", "zh"])
def test_an_english_word_fails_by_word(language: str) -> None:
    line = LINES[language]
    assert word_pass(line, language) is True
    assert word_pass(f"{line} (castle)", language) is False
    assert word_pass(f"{line} London ABC xml the", language) is True
    assert word_pass(LINES["en"], language) is None


def test_words_are_not_judged_where_english_shares_the_script() -> None:
    assert word_pass(LINES["tr"], "tr") is None


def test_rates_are_means_over_collections_and_then_over_languages() -> None:
    good, bad, mixed = LINES["zh"], LINES["en"], f"{LINES['zh']} castle"
    found = pass_rates(
        [
            Completion(good, "zh", "okapi"), Completion(bad, "zh", "okapi"),
            Completion(good, "zh", "native"), Completion(mixed, "zh", "native"),
            Completion("好", "zh", "native"),
            Completion("Evet", "tr", "okapi"),
        ]
    )  # fmt: skip
    assert found == PassRates(lpr=((1 / 2 + 1) / 2 + 1) / 2, wpr=(1 + 1 / 2) / 2)
    assert found.lcpr == pytest.approx(2 * 0.875 * 0.75 / (0.875 + 0.75))
    assert pass_rates([Completion(LINES["tr"], "tr")]).lcpr is None
    with pytest.raises(InputError, match="no completions"):
        pass_rates([])


@settings(max_examples=40)
@given(st.lists(st.sampled_from([*LINES.values(), "castle", "\n", " ", "#", "1. ", "\nQ: "])).map("".join))
def test_pass_rates_are_those_of_the_published_program(text: str) -> None:
    english = frozenset({"castle", "tower", "built", "hill", "above", "harbour", "city"})
    for language in ("ar", "hi", "ko", "ru", "tr", "en"):
        verdict = judged(text, language, lambda line, _: line.split(), english)
        assert line_pass(text, language) == (None if verdict is None else not verdict[0])
        if language in ("ar", "hi", "ko", "ru"):
            clean = verdict is not None and not verdict[0]
            assert word_pass(text, language) == (not verdict[1] if verdict and clean else None)


def test_a_run_has_the_rates_of_its_answers() -> None:
    def judged_answer(text: str, language: str, source: str) -> Record:
        sample = Sample(
            id=text, question="?", language="en", answer_language=language, facts={"source": source}
        )
        return Record(key=text, sample=sample, answer=answer("en", text, [passage("en")]))

    listed = [
        judged_answer(LINES["ru"], "ru", "a"),
        judged_answer(LINES["en"], "ru", "b"),
        judged_answer(LINES["ja"], "ja", "a"),
    ]
    assert [line_pass_rate(one) for one in listed] == [1, 0, 1]
    assert [word_pass_rate(one) for one in listed] == [1, None, 1]
    said_so = [Completion(one.text, one.sample.answer_language, one.sample.facts["source"]) for one in listed]
    theirs = their_rates(
        said_so, lambda line, language: list(line) if language == "ja" else line.split(), frozenset()
    )
    assert confusion_figures(listed) == pytest.approx(theirs)
    yoruba = judged_answer("Ilé ńlá kan wà ní orí òkè náà.", "yo", "a")
    assert (line_pass_rate(yoruba), word_pass_rate(yoruba), confusion_figures([yoruba])) == (None, None, {})


def test_the_word_list_has_plain_words_only() -> None:
    from xagent.evaluation.scorers import line_pass_rate as module

    english = module._english()
    assert 15_000 < len(english) < 25_000
    assert all(re.fullmatch(r"[a-z]{4,}", word) for word in english)


@pytest.mark.parametrize(("text", "gold", "by_hand"), THREE_GRAMS)
def test_character_3_gram_recall_by_hand(text: str, gold: str, by_hand: float) -> None:
    assert three_gram_recall(text, [gold]) == pytest.approx(by_hand)
