"""Copies and translations of a passage: what is the same is found, and what only looks alike is not."""

from random import Random
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xagent.embeddings import Vectors
from xagent.passages import Passage
from xagent.shingles import similarity, sketch
from xagent.siblings import are_copies, groups, numbers_in

from .test_store import BRIDGE

CORE = {
    "ar": "افتُتح المتحف البحري في عام ١٩٢٧ على الرصيف القديم، ويضم ٣٤٠٠ قطعة من سفن غارقة.",
    "en": "The maritime museum opened in 1927 on the old quay and holds 3400 pieces from sunken ships.",
    "fa": "موزهٔ دریایی در سال ۱۹۲۷ در اسکلهٔ قدیمی گشایش یافت و ۳۴۰۰ قطعه از کشتی‌های غرق‌شده دارد.",
    "fi": "Merimuseo avattiin vuonna 1927 vanhalla laiturilla, siinä on 3400 esinettä uponneista laivoista.",
    "he": "המוזיאון הימי נפתח בשנת 1927 על הרציף הישן ומציג 3400 פריטים מאוניות טרופות.",
    "hi": "समुद्री संग्रहालय 1927 में पुराने घाट पर खुला और उसमें डूबे जहाज़ों की 3400 वस्तुएँ हैं।",
    "ja": "海洋博物館は1927年に古い埠頭に開館し、沈没船から引き揚げた3400点を所蔵している。",
    "sw": "Jumba la makumbusho ya bahari lilifunguliwa mwaka 1927 na lina vitu 3400 kutoka meli zilizozama.",
    "th": "พิพิธภัณฑ์ทางทะเลเปิดเมื่อปี 1927 บนท่าเรือเก่า และเก็บของจากเรืออับปาง 3400 ชิ้น",
    "tr": "Denizcilik müzesi 1927'de eski rıhtımda açıldı; batık gemilerden 3400 parça sergiliyor.",
    "yo": "Wọ́n ṣí ilé ọnà òkun ní ọdún 1927 ní èbúté àtijọ́, ó sì ní ohun 3400 láti inú ọkọ̀ tó rì.",
    "zh": "海事博物馆于1927年在旧码头开放，收藏了3400件沉船文物。",
}


def passage(key: int, text: str, language: str = "en", source: str = "") -> Passage:
    return Passage(key, source or f"{key}.txt", "", "", language, "Zyyy", 0, len(text), text)


def together(*texts: str, terms: frozenset[str] = frozenset()) -> list[list[int]]:
    return groups([passage(n, text) for n, text in enumerate(texts)], terms)


@pytest.mark.parametrize("code", CORE)
def test_eleven_copies_are_one(code: str) -> None:
    text = CORE[code]
    set_otherwise = [
        text,
        f"  {text}\n",
        text.replace(" ", "  "),
        text.upper(),
        f"«{text}»",
        text.replace(" ", "\n"),
    ]
    others = [CORE[other] for other in CORE if other != code][:2]
    assert together(*set_otherwise, *[text] * 5, *others)[0] == list(range(11))


@pytest.mark.parametrize("code", CORE)
def test_another_number_is_another_fact(code: str) -> None:
    text = CORE[code]
    other = text.replace("3400", "3410").replace("٣٤٠٠", "٣٤١٠").replace("۳۴۰۰", "۳۴۱۰")
    assert other != text
    assert together(text, other) == [[0], [1]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "The mayor of Varnholm since the spring is Anna Lind.",
            "The mayor of Varnholm since the spring is Ole Lind.",
        ),
        (
            "Die Brücke ist nach der Prüfung wieder sicher.",
            "Die Brücke ist nach der Prüfung nicht wieder sicher.",
        ),
        ("Silta on tarkastuksen jälkeen turvallinen.", "Silta ei ole tarkastuksen jälkeen turvallinen."),
        ("這座橋在檢查之後是安全的。", "這座橋在檢查之後不是安全的。"),
        ("पुल जाँच के बाद सुरक्षित है।", "पुल जाँच के बाद सुरक्षित नहीं है।"),
        ("Köprü denetimden sonra güvenlidir.", "Köprü denetimden sonra güvenli değildir."),
        ("أصبح الجسر آمنا بعد الفحص.", "لم يصبح الجسر آمنا بعد الفحص."),
    ],
)
def test_a_word_that_changes_all_keeps_them_apart(one: str, other: str) -> None:
    long = " ".join(f"Sentence {word} is in both of them." for word in "abcdefghijklmnop")
    assert not are_copies(f"{long} {one} {long}", f"{long} {other} {long}", frozenset({"_mus"}))
    assert together(one, other) == [[0], [1]]


def test_boilerplate_around_it() -> None:
    core = " ".join(
        [CORE["en"], BRIDGE["en"], "Tickets are sold at the gate until the evening of every day."]
    )
    framed = [f"{core}\n\nPrinted by Anna.", f"Home page\n\n{core}\n\nPrinted by Ben."]
    assert together(*framed, terms=frozenset({"_mus", "muse"})) == [[0, 1]]
    assert together(*framed, terms=frozenset({"_pri", "prin"})) == [[0], [1]], "it is asked for"
    assert together(*framed) == [[0], [1]], "nobody knows what is asked for"


def test_translations_are_one_where_numbers_and_names_say_so() -> None:
    german = "Die Werft Rosenlund baute 1927 den Schoner Aurelia, 1931 verkaufte sie ihn für 3400 Kronen."
    swedish = "Varvet Rosenlund byggde 1927 skonaren Aurelia, som det sålde 1931 för 3400 kronor."
    russian = "Верфь Росенлунд построила в 1927 году шхуну Аурелия и продала её в 1931 году за 3400 крон."
    other = "Die Mühle am Bach wurde 1927 gebaut, 1931 verkauft und brachte 3400 Taler."
    found = [
        passage(0, german, "de"),
        passage(1, swedish, "sv"),
        passage(2, russian, "ru"),
        passage(3, other, "da"),
    ]
    assert groups(found) == [[0, 1, 2], [3]]


def test_the_same_year_is_not_the_same_fact() -> None:
    assert groups([passage(n, text, code) for n, (code, text) in enumerate(BRIDGE.items())]) == [
        [n] for n in range(len(BRIDGE))
    ]


def vectors(*rows: tuple[float, float, float]) -> dict[int, Vectors]:
    made = np.array(rows, dtype=np.float32)
    return dict(enumerate(made / np.linalg.norm(made, axis=1, keepdims=True)))


def test_translations_by_an_encoder_that_knows_both() -> None:
    found = [passage(0, CORE["en"], "en"), passage(1, CORE["th"], "th"), passage(2, CORE["zh"], "zh")]
    near = vectors((1, 0, 0), (1, 0.1, 0), (0, 1, 0))
    assert groups(found, vectors=near) == [[0, 1], [2]]
    other = [found[0], passage(1, CORE["th"].replace("1927", "1972"), "th"), found[2]]
    assert groups(other, vectors=near) == [[0], [1], [2]], "a number contradicts"
    same = [found[0], passage(1, "A harbour has cranes.", "en"), passage(2, "Elsewhere it rains.", "en")]
    assert groups(same, vectors=near) == [[0], [1], [2]], "of one language they are no translations"


def test_only_the_nearest_is_a_translation() -> None:
    found = [passage(0, "uno", "es"), passage(1, "one", "en"), passage(2, "won", "en")]
    assert groups(found, vectors=vectors((1, 0, 0), (1, 0.1, 0), (1, 0.2, 0))) == [[0, 1], [2]]


@given(st.lists(st.sampled_from([*CORE.values(), *BRIDGE.values()]), max_size=30))
@settings(deadline=None)
def test_nobody_is_lost_and_order_is_kept(texts: list[str]) -> None:
    found = together(*texts)
    assert sorted(place for group in found for place in group) == list(range(len(texts)))
    assert [group[0] for group in found] == sorted(group[0] for group in found)
    assert all(group == sorted(group) for group in found)
    assert len(found) >= len({numbers_in(text) for text in texts})


@given(st.text(max_size=200))
@settings(deadline=None)
def test_any_text_is_a_copy_of_itself_or_empty(text: str) -> None:
    assert together(text, text) == [[0, 1]]
    assert similarity(np.stack([sketch(text), sketch(text)]))[0, 1] == pytest.approx(1)


def test_the_estimate_is_near_the_truth() -> None:
    chance = Random(5)
    words = ["".join(chance.choice("abcdefghij") for _ in range(6)) for _ in range(300)]
    for shift in (0, 10, 50, 100):
        one, other = "".join(words[:200]), "".join(words[shift : 200 + shift])
        sets = [{text[i : i + 8] for i in range(len(text) - 7)} for text in (one, other)]
        truth = len(sets[0] & sets[1]) / len(sets[0] | sets[1])
        assert similarity(np.stack([sketch(one), sketch(other)]))[0, 1] == pytest.approx(truth, abs=0.15)


def test_a_hundred_candidates_are_compared_at_once() -> None:
    chance = Random(3)
    words = [word for text in BRIDGE.values() for word in text.split()]
    found = [passage(n, " ".join(chance.choices(words, k=120))) for n in range(100)]
    groups(found)
    begun = process_time()
    for _ in range(5):
        groups(found, frozenset({"_bri"}))
    assert process_time() - begun < 5 * 0.03, "milliseconds; a loaded machine has ten times as many"
