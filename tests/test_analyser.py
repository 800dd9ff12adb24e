"""The lexical analyser: what makes passages findable in every script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xagent.analyser import GRAM, analyse, word_grams, words


def test_a_word_is_cut_into_4_grams_with_its_edges_marked() -> None:
    assert word_grams("rhine") == ["_rhi", "rhin", "hine", "ine_"]
    assert word_grams("a") == ["_a_"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Чайковский", "Tchaikovsky"),
        ("Αθήνα", "Athena"),
        ("हिमालय", "himalaya"),
        ("Straße", "STRASSE"),
        ("ﬁnance", "finance"),
        ("２０２４", "2024"),
        ("١٩٦٧", "1967"),
        ("İstanbul", "istanbul"),
    ],
)
def test_the_same_name_meets_across_scripts_and_forms(one: str, other: str) -> None:
    assert set(analyse(one)) & set(analyse(other))


@pytest.mark.parametrize(
    ("inflected", "base"),
    [
        ("evlerimizden", "evlerimiz"),
        ("taloissammekin", "taloissa"),
        ("книгами", "книга"),
        ("vitabu", "kitabu"),
    ],
)
def test_inflected_forms_share_grams_with_their_base(inflected: str, base: str) -> None:
    assert set(analyse(inflected)) & set(analyse(base))


def test_characters_that_sound_alike_stay_apart() -> None:
    assert "北京" in analyse("北京大学")
    assert "北京" not in analyse("背景")


def test_tones_stay_apart_in_short_words() -> None:
    assert set(analyse("má")) != set(analyse("mà"))
    assert "ọwọ́" in analyse("ọwọ́") or "ọwọ" in "".join(analyse("ọwọ́"))


def test_unspaced_text_gives_terms() -> None:
    assert len(analyse("แม่น้ำเจ้าพระยาไหลผ่านกรุงเทพมหานคร")) > 10
    assert len(analyse("富士山は日本で一番高い山です。")) > 10


@given(st.text())
def test_any_text_can_be_analysed(text: str) -> None:
    for term in analyse(text):
        assert term
        assert not any(character.isspace() for character in term)


@given(st.text())
def test_words_are_lower_case_ascii(text: str) -> None:
    for word in words(text):
        assert word.isascii()
        assert word.isalnum()
        assert word == word.lower()
        assert all(len(gram) <= GRAM for gram in word_grams(word))


@given(st.text(max_size=80).filter(str.isascii))
def test_terms_are_the_grams_of_the_words(text: str) -> None:
    grams = [gram for word in words(text) for gram in word_grams(word)]
    assert sorted(analyse(text)) == sorted(grams)
