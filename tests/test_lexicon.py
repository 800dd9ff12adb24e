"""The lexicon is sound, finds what a question says, and puts it into the words of another language."""

import math
import unicodedata
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xagent.analyser import analyse
from xagent.lexicon.check import Examined, check, examine
from xagent.lexicon.dictionary import Dictionary, Said, dictionary, fold, similarity
from xagent.lexicon.entries import Line, concepts, entries, is_function, written
from xagent.lexicon.lexicon import Lexicon, _terms

WRITTEN = [
    "ar",
    "bn",
    "de",
    "el",
    "en",
    "es",
    "fa",
    "fi",
    "fr",
    "ha",
    "hi",
    "id",
    "it",
    "ja",
    "ko",
    "pl",
    "pt",
    "ro",
    "ru",
    "sv",
    "sw",
    "th",
    "tr",
    "uk",
    "vi",
    "yo",
    "zh",
]

# A question in each language, and concepts that it speaks of, in its order.
SPOKEN = {
    "ar": ("متى بُنيت المدرسة الأولى في المدينة؟", ["build v", "school n", "city n"]),
    "bn": ("শহরের প্রথম বিদ্যালয় কবে নির্মিত হয়?", ["city n", "school n"]),
    "de": ("Wer gründete die erste Schule der Stadt?", ["found v (establish)", "school n", "city n"]),
    "el": ("Ποιος ίδρυσε το πρώτο σχολείο της πόλης;", ["school n", "city n"]),
    "en": ("When was the first school of the city built?", ["school n", "city n", "build v"]),
    "es": ("¿Cuándo se construyó la primera escuela de la ciudad?", ["build v", "school n", "city n"]),
    "fa": ("نخستین مدرسه شهر در چه سالی ساخته شد؟", ["school n", "city n"]),
    "fi": ("Milloin kaupunkiin rakennettiin ensimmäinen koulu?", ["city n", "build v", "school n"]),
    "fr": (
        "Quand la première école de la ville a-t-elle été construite ?",
        ["school n", "city n", "build v"],
    ),
    "ha": ("Yaushe aka gina makaranta ta farko a birnin?", ["build v", "school n", "city n"]),
    "hi": ("शहर का पहला विद्यालय कब बना?", ["city n", "school n"]),
    "id": ("Kapan sekolah pertama di kota itu dibangun?", ["school n", "city n", "build v"]),
    "it": ("Quando fu costruita la prima scuola della città?", ["build v", "school n", "city n"]),
    "ja": ("町で最初の学校はいつ建てられましたか。", ["school n"]),
    "ko": ("이 도시에서 가장 오래된 학교는 언제 건설되었습니까?", ["city n", "school n", "build v"]),
    "pl": ("Kiedy zbudowano pierwszą szkołę w tym mieście?", ["build v", "school n"]),
    "pt": ("Quando foi construída a primeira escola da cidade?", ["build v", "school n", "city n"]),
    "ro": ("Când a fost construită prima școală din oraș?", ["build v", "school n", "city n"]),
    "ru": ("Когда была построена первая школа города?", ["build v", "school n", "city n"]),
    "sv": ("När byggdes stadens första skola?", ["build v", "city n", "school n"]),
    "sw": ("Shule ya kwanza ya mji ilijengwa lini?", ["school n", "city n", "build v"]),
    "th": ("โรงเรียนแห่งแรกของเมืองสร้างเมื่อใด", ["school n", "city n", "build v"]),
    "tr": ("Şehrin ilk okulu ne zaman inşa edildi?", ["city n", "school n", "build v"]),
    "uk": ("Коли збудували першу школу в цьому селі?", ["build v", "school n", "village n"]),
    "vi": ("Trường học đầu tiên của thành phố được xây dựng khi nào?", ["school n", "city n", "build v"]),
    "yo": ("Nígbà wo ni wọ́n kọ́ ilé-ẹ̀kọ́ àkọ́kọ́ ní ìlú náà?", ["school n"]),
    "zh": ("城市的第一所学校是什么时候建造的？", ["city n", "school n", "build v"]),
}


def read(language: str, text: str) -> list[Said]:
    return dictionary(language, entries(language)).read(text)


@cache
def examined() -> Examined:
    return examine()


def test_every_file_is_sound() -> None:
    assert examined().problems == ()


def test_there_is_a_file_for_each_language_with_nearly_all_concepts() -> None:
    coverage = examined().coverage
    assert set(SPOKEN) <= set(coverage) == set(written())
    assert len(concepts()) >= 4_000
    assert min(coverage.values()) >= 4_000


@pytest.mark.parametrize("language", SPOKEN)
def test_a_question_is_read_in_its_own_language(language: str) -> None:
    text, spoken = SPOKEN[language]
    found = [concept for said in read(language, text) for concept in said.concepts]
    places = [found.index(concept) for concept in spoken]
    assert places == sorted(places)


@pytest.mark.parametrize("into", SPOKEN)
@pytest.mark.parametrize("language", ["ar", "hi", "th", "tr", "yo", "zh"])
def test_a_question_is_put_into_the_words_of_every_other(language: str, into: str) -> None:
    words = Lexicon().words(SPOKEN[language][0], language, into)
    if into == language:
        assert all(len(word) == 1 for word in words)
        return
    sought = {term for word in words for way in word for term in way.terms}
    assert any(sought.issuperset(_terms(word, into)) for word in entries(into)["school n"])
    assert all(way.weight > 0 for word in words for way in word)


@pytest.mark.parametrize(
    ("language", "text", "concept"),
    [
        ("de", "Zweiter Weltkrieg", "World War II n"),
        ("es", "el primer ministro", "prime minister n"),
        ("fi", "Toisessa maailmansodassa", "World War II n"),
        ("ru", "Второй мировой войны", "World War II n"),
        ("tr", "İkinci Dünya Savaşı'nda", "World War II n"),
        ("zh", "第二次世界大战", "World War II n"),
        ("th", "สงครามโลกครั้งที่สอง", "World War II n"),
    ],
)
def test_the_longest_phrase_is_taken(language: str, text: str, concept: str) -> None:
    (phrase,) = [said for said in read(language, text) if concept in said.concepts]
    assert phrase.text in (text, unicodedata.normalize("NFD", text)) or len(phrase.text.split()) > 1


@pytest.mark.parametrize(
    ("language", "inflected", "concept"),
    [
        ("ar", "والمدرسة", "school n"),
        ("fi", "kouluissamme", "school n"),
        ("hi", "विद्यालयों", "school n"),
        ("ko", "학교에서는", "school n"),
        ("ru", "школами", "school n"),
        ("sw", "ilijengwa", "build v"),
        ("tr", "okullarımızdan", "school n"),
    ],
)
def test_an_inflected_word_is_known(language: str, inflected: str, concept: str) -> None:
    (said,) = read(language, inflected)
    assert concept in said.concepts
    assert 0 < said.similarity <= 1


@pytest.mark.parametrize(
    ("language", "plain", "written_out"),
    [("yo", "ile-iwe", "ilé-ìwé"), ("vi", "truong hoc", "trường học"), ("ar", "مدرسه", "مدرسة")],
)
def test_words_typed_without_their_marks_are_known(language: str, plain: str, written_out: str) -> None:
    assert [said.concepts for said in read(language, plain)] == [
        said.concepts for said in read(language, written_out)
    ]


def test_names_come_from_cldr_even_where_there_is_no_file() -> None:
    assert "cs" not in written()
    assert [said.concepts for said in read("cs", "Německo")] == [("country DE",)]
    ways = [way.terms for word in Lexicon().words("Německo", "cs", "de") for way in word]
    assert tuple(analyse("Deutschland")) in ways


def test_a_word_that_is_not_known_as_it_stands_is_sought_as_it_was_asked() -> None:
    words = Lexicon().words("Quando fu costruito il ponte Zorbiano?", "it", "de")
    asked = [way.terms for word in words for way in word if way.asked]
    assert analyse("Zorbiano") in asked
    assert analyse("ponte") not in asked
    own = Lexicon().words("Quando fu costruito il ponte Zorbiano?", "it", "it")
    assert all(len(word) == 1 and word[0].weight == 1 and word[0].asked for word in own)


def test_words_without_subject_matter_are_left_out() -> None:
    (bridge,) = Lexicon().words("What is the bridge?", "en", "de")
    assert bridge[0].terms == tuple(dict.fromkeys(analyse("Brücke")))
    assert is_function("a f (indefinite article)")
    assert not is_function("leaf n")


def test_several_meanings_weigh_less_than_one() -> None:
    def weight(text: str) -> float:
        (word,) = Lexicon().words(text, "en", "de")
        return word[0].weight * math.sqrt(len(word[0].terms))

    assert weight("mosque") == pytest.approx(1.0)
    assert weight("record") < weight("mosque")


ENTRIES = st.dictionaries(
    st.sampled_from(["a n", "b v", "c a"]), st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=3)
)


@given(ENTRIES, st.text(max_size=80), st.sampled_from(["de", "zh", "th"]))
def test_any_entries_and_any_text_can_be_read(given: dict[str, list[str]], text: str, language: str) -> None:
    made: Dictionary = dictionary(language, given)
    for said in made.read(text):
        assert said.text
        assert set(said.concepts) <= set(given)
        assert 0 <= said.similarity <= 1
        assert bool(said.concepts) == (said.similarity > 0)


@pytest.mark.parametrize("language", ["ar", "de", "hi", "ko", "th", "yo", "zh"])
@pytest.mark.parametrize(
    "text", ["", " ", "\u0301", "\u064b \u0301a", "\u200d", "ｱ", "ﷺ", "🙂", "\udcff", "a" * 5000]
)
def test_a_text_without_words_or_with_odd_ones_is_read(language: str, text: str) -> None:
    assert all(said.text for said in read(language, text))
    Lexicon().words(text, language, "fi")


@given(st.text("abcdeäß学校", min_size=1, max_size=10), st.text("abcdeäß学校", min_size=1, max_size=10))
def test_similarity_is_symmetric_and_whole_for_the_same_alone(one: str, other: str) -> None:
    assert similarity(one, other) == similarity(other, one) <= 1
    assert (similarity(one, other) == 1) == (one == other)


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.lists(st.sampled_from(["城市", "学校", "建造", "某某", "ABC", "，", " "]), max_size=12))
def test_unspaced_text_is_read_whole(parts: list[str]) -> None:
    said = read("zh", "".join(parts))
    assert "".join(one.text for one in said) == "".join(p for p in parts if p.isalnum()).lower()


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (Line(1, "school n", ("мектеп",)), "another script"),
        (Line(1, "shcool n", ("Schule",)), "not in concepts.txt"),
        (Line(1, "school n = Schule", ("",)), "not in concepts.txt"),
        (Line(1, "school n", ("Schule", "Schule")), "twice"),
        (Line(1, "school n", ("Schule", "")), "empty"),
        (Line(1, "school n", ("Schule (die)",)), "running text"),
        (Line(1, "school n", (" Schule",)), "spaces"),
        (Line(1, "school n", ("\u202eSchule",)), "running text"),
    ],
)
def test_a_bad_line_is_found(row: Line, wrong: str) -> None:
    assert any(wrong in said for _, said in check("de", [row], concepts()))


def test_a_doubled_line_and_a_file_in_another_language_are_found() -> None:
    rows = [
        Line(n, key, words) for n, (key, words) in enumerate(entries("es").items(), 1) if key in concepts()
    ]
    found = [said for _, said in check("de", [*rows[400:700], rows[400]], concepts())]
    assert any("was there before" in said for said in found)
    assert any("read as Spanish" in said for said in found)


def test_the_files_stay_small(tmp_path: Path) -> None:
    folder = Path(__file__).parent.parent / "xagent" / "lexicon"
    assert sum(path.stat().st_size for path in folder.glob("*.txt")) < 10_000_000
