"""What a question is about, and whether it is one, in many languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xagent.errors import EmptyQuestion, QuestionTooLong
from xagent.languages import language
from xagent.messages import spoken
from xagent.question import MAX_LENGTH, asks_number, checked, content, content_terms, spaced_words

LANGUAGES = ["ar", "de", "es", "fa", "fi", "hi", "ja", "ko", "ru", "sw", "th", "tr", "vi", "yo", "zh"]

WHO = {
    "ar": ("من بنى منارة فارنهولم؟", "فارنهولم"),
    "de": ("Wer baute den Leuchtturm von Varnholm?", "Varnholm"),
    "es": ("¿Quién construyó el faro de Varnholm?", "Varnholm"),
    "fa": ("چه کسی فانوس دریایی وارنهولم را ساخت؟", "وارنهولم"),
    "fi": ("Kuka rakensi Varnholmin majakan?", "majakan"),
    "hi": ("वर्नहोल्म का प्रकाशस्तंभ किसने बनाया?", "प्रकाशस्तंभ"),
    "ja": ("ヴァルンホルムの灯台は誰が建てましたか。", "ヴァルンホルム"),
    "ko": ("바른홀름 등대는 누가 지었습니까?", "바른홀름"),
    "ru": ("Кто построил маяк Варнхольм?", "Варнхольм"),
    "sw": ("Nani alijenga mnara wa Varnholm?", "Varnholm"),
    "th": ("ใครสร้างประภาคารวาร์นโฮล์ม", "ประภาคาร"),
    "tr": ("Varnholm fenerini kim yaptı?", "Varnholm"),
    "vi": ("Ai đã xây dựng ngọn hải đăng Varnholm?", "Varnholm"),
    "yo": ("Ta ni ó kọ́ ilé iná Varnholm?", "Varnholm"),
    "zh": ("为什么要建造瓦恩霍尔姆灯塔？", "瓦恩霍尔姆"),
}

HOW_MANY = {
    "ar": "كم عدد سكان المدينة؟",
    "de": "Wie viele Einwohner hat die Stadt?",
    "es": "¿Cuántos habitantes tiene la ciudad?",
    "fa": "این شهر چند نفر جمعیت دارد؟",
    "fi": "Kuinka monta asukasta kaupungissa on?",
    "hi": "शहर में कितने लोग रहते हैं?",
    "ja": "この町には何人住んでいますか。",
    "ko": "그 도시에는 몇 명이 살고 있습니까?",
    "ru": "Сколько жителей в городе?",
    "sw": "Mji huo una watu wangapi?",
    "th": "เมืองนี้มีประชากรกี่คน",
    "tr": "Şehirde kaç kişi yaşıyor?",
    "vi": "Thành phố có bao nhiêu dân?",
    "yo": "Ènìyàn mélòó ni ó ń gbé ìlú náà?",
    "zh": "这座城市有多少居民？",
}


@pytest.mark.parametrize("code", LANGUAGES)
def test_who_built_it(code: str) -> None:
    question, name = WHO[code]
    assert checked(f"  {question}\n") == question
    about = content(question, code)
    assert name in about
    assert len(about) < len(question)
    assert content_terms(question, code)
    assert not asks_number(question, code)


@pytest.mark.parametrize("code", LANGUAGES)
def test_how_many_asks_a_number(code: str) -> None:
    assert asks_number(HOW_MANY[code], code)
    assert content_terms(HOW_MANY[code], code)


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_shortest_questions(code: str) -> None:
    for question in ("1874", "e = mc²", "a", "ß", "Ⅷ", "ᛋ", "𝔘", "한", "ก"):
        assert checked(question) == question
        content(question, code)
        content_terms(question, code)
        assert not asks_number(question, code)


@pytest.mark.parametrize(
    "question", ["", " ", "\n\t\u3000", "?", "¿?!…。？؟", "🙂🎉", "\u0301\u200d", "\udcff", "\x00", "—"]
)
def test_nothing_to_answer(question: str) -> None:
    with pytest.raises(EmptyQuestion, match="the question is empty"):
        checked(question)


def test_the_longest_question() -> None:
    assert checked(" " + "é" * MAX_LENGTH + " ") == "é" * MAX_LENGTH
    with pytest.raises(QuestionTooLong, match="20,001 characters, 20,000 at most"):
        checked("é" * (MAX_LENGTH + 1))
    with pytest.raises(QuestionTooLong):
        checked("?" * 1_000_000)


def test_lone_surrogates_are_replaced() -> None:
    assert checked("caf\udce9 au lait") == "caf? au lait"


def test_words_keep_their_marks() -> None:
    assert spaced_words("प्रकाशस्तंभ कब बना?") == ["प्रकाशस्तंभ", "कब", "बना"]
    assert spaced_words("Ta ni ó kọ́ ọ?") == ["Ta", "ni", "ó", "kọ́", "ọ"]
    assert spaced_words("«ما هذا؟» — سؤال") == ["ما", "هذا", "سؤال"]
    assert spaced_words("።፣?!") == []


def test_a_question_of_common_words_only_is_about_all_of_them() -> None:
    assert content("What is it?", "en") == ""
    assert content_terms("What is it?", "en")


def test_the_same_question_composed_and_decomposed() -> None:
    import unicodedata

    for code in LANGUAGES:
        question = WHO[code][0]
        apart = unicodedata.normalize("NFD", question)
        assert content(apart, code) == content(question, code)
        assert asks_number(unicodedata.normalize("NFD", HOW_MANY[code]), code)


@given(st.text(max_size=200), st.sampled_from([*spoken(), "und", "qu"]))
def test_no_text_is_too_odd(text: str, code: str) -> None:
    try:
        asked = checked(text)
    except EmptyQuestion:
        asked = text
    content(asked, code)
    content_terms(asked, code)
    assert asks_number(asked, code) in (True, False)


def test_every_language_here_is_one() -> None:
    assert [language(code).code for code in LANGUAGES] == LANGUAGES
