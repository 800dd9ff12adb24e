"""Documents to passages."""

# Samples stand on one line.
# ruff: noqa: E501

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xagent.corpus import BUDGET, split_passages, width
from xagent.readers import Document
from xagent.sentences import split_sentences

TEXT = st.text(
    st.one_of(
        st.sampled_from(" \n\t.!?。！,、a界ก\u0301\u200d👩🇫🇷가ᄀ"), st.characters(exclude_categories=["Cs"])
    ),
    max_size=400,
)


def document(text: str, *headings: tuple[int, str], language: str | None = None) -> Document:
    return Document("", "a title", text, headings, language)


@given(TEXT, st.integers(2, 60))
@settings(max_examples=300, deadline=None)
def test_passages_hold_every_character_once_and_keep_to_the_budget(text: str, budget: int) -> None:
    passages = split_passages(document(text), budget)
    assert all(p.text == text[p.start : p.end] == p.text.strip() != "" for p in passages)
    assert all(width(p.text) <= budget for p in passages)
    edges = [0, *(edge for p in passages for edge in (p.start, p.end)), len(text)]
    assert edges == sorted(edges)
    assert not "".join(text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)).strip()


@given(TEXT, st.integers(1, 40))
@settings(deadline=None)
def test_any_measure_that_does_not_shrink_is_kept_to(text: str, budget: int) -> None:
    def tokens(piece: str) -> int:
        return (len(piece.encode()) + 2) // 3

    for passage in split_passages(document(text), budget, tokens):
        assert tokens(passage.text) <= budget or len(passage.text) == 1


@given(st.lists(st.text(st.sampled_from("abc .\n"), max_size=60), max_size=5), st.integers(5, 50))
def test_headings_are_left_out_and_travel_along(bodies: list[str], budget: int) -> None:
    text, headings = "intro here\n\n", []
    for number, body in enumerate(bodies):
        headings.append((len(text), f"Part {number}"))
        text += f"## Part {number}\n\n{body}\n\n"
    passages = split_passages(document(text, *headings), budget)
    assert not any("Part" in p.text for p in passages)
    assert {p.heading for p in passages} <= {"", *(heading for _, heading in headings)}
    ink = sum(len("".join(p.text.split())) for p in passages)
    assert ink == len("".join(("intro here" + "".join(bodies)).split()))


def test_paragraphs_stay_whole_while_they_fit() -> None:
    paragraphs = ["First here. " * 20, "Second there. " * 20, "Third. " * 30]
    text = "\n\n".join(p.strip() for p in paragraphs)
    assert [p.text for p in split_passages(document(text))] == [
        "\n\n".join(p.strip() for p in paragraphs[:2]), paragraphs[2].strip(),
    ]  # fmt: skip


SENTENCES = {
    "en": "The river rose for three days before anyone in the village thought to move the grain. ",
    "de": "Der Fluss stieg drei Tage lang, bevor im Dorf jemand daran dachte, das Korn wegzubringen. ",
    "ru": "Река поднималась три дня, прежде чем кто-то в деревне решил перевезти зерно в сухое место. ",
    "el": "Το ποτάμι ανέβαινε τρεις μέρες πριν σκεφτεί κανείς στο χωριό να μεταφέρει το σιτάρι. ",
    "ar": "ظل النهر يرتفع ثلاثة أيام قبل أن يفكر أحد في القرية في نقل الحبوب إلى مكان آمن. ",
    "hi": "गाँव में किसी के अनाज हटाने की सोचने से पहले नदी तीन दिन तक चढ़ती रही। ",
    "ur": "گاؤں میں کسی کے اناج ہٹانے کا سوچنے سے پہلے دریا تین دن تک چڑھتا رہا۔ ",
    "zh": "村里的人想到要搬走粮食之前，河水已经涨了整整三天。",
    "ja": "村の誰かが穀物を運び出そうと思いつくまでに、川は三日間も増水し続けた。",
    "ko": "마을 사람들이 곡식을 옮길 생각을 하기 전에 강물은 사흘 동안 불어났다. ",
    "ro": "Râul a crescut trei zile până când cineva din sat s-a gândit să mute grânele. ",
    "am": "በመንደሩ ውስጥ ማንም እህሉን ለማንሳት ከማሰቡ በፊት ወንዙ ለሦስት ቀናት ሞላ። ",
    "km": "ទន្លេបានឡើងអស់រយៈពេលបីថ្ងៃ មុនពេលអ្នកភូមិគិតដល់ការដឹកស្រូវចេញ។ ",
}


@pytest.mark.parametrize("language", SENTENCES)
@pytest.mark.parametrize("declared", [True, False])
def test_passages_end_where_sentences_do(language: str, declared: bool) -> None:
    sentence = SENTENCES[language]
    passages = split_passages(document(sentence * 60, language=language if declared else None))
    assert len(passages) > 3
    assert all(p.text.endswith(sentence.strip()) for p in passages)


def test_a_sentence_over_the_budget_is_cut_at_a_clause_or_else_a_space() -> None:
    clauses = [p.text for p in split_passages(document("some words go here, " * 20), 50)]
    assert all(clause.endswith("here,") for clause in clauses)
    assert [p.text for p in split_passages(document("word " * 9), 14)] == ["word word word"] * 3


@pytest.mark.parametrize("cluster", ["e\u0301\u0323", "👩‍👩‍👧‍👦", "🇫🇷", "👍🏽", "नी", "각", "❤️", "ที่"])
def test_no_cut_within_what_a_reader_sees_as_one_character(cluster: str) -> None:
    for passage in split_passages(document(cluster * 200), 50):
        assert passage.text == cluster * (len(passage.text) // len(cluster))


def test_the_last_two_are_evened_out() -> None:
    text = "This sentence has forty-two characters ok. " * 17
    sizes = [len(p.text) for p in split_passages(document(text))]
    assert len(sizes) == 2
    assert min(sizes) > BUDGET / 3


def test_a_text_of_headings_alone_is_not_lost() -> None:
    assert [p.text for p in split_passages(document("# One\n# Two\n", (0, "One"), (6, "Two")))] == [
        "# One\n# Two"
    ]


def test_front_matter_is_no_evidence() -> None:
    text = "---\ntitle: A\nkey: b\n---\n\nThe body."
    assert [p.text for p in split_passages(document(text))] == ["The body."]


def test_width_counts_east_asian_columns() -> None:
    for code in range(0x110000):
        letter = chr(code)
        if (
            unicodedata.category(letter) not in ("Cn", "Cs", "Co")
            and unicodedata.east_asian_width(letter) in "WF"
        ):
            assert width(letter) == 2, hex(code)
    assert width("naïve ½ “x” ก नी е") == len("naïve ½ “x” ก नी е")


@pytest.mark.integration
@pytest.mark.parametrize(
    "text",
    ["word " * 600_000, "x" * 3_000_000, "\n" * 1_000_000, " " * 1_000_000, "😀" * 400_000, "界" * 1_000_000, "a\n\n" * 200_000,
     "é\u0301" * 400_000, "a" + "\u0301" * 400_000, "ก" * 1_000_000, "ไป " * 200_000, "(" * 500_000, "a. " * 200_000],
    ids=lambda text: repr(text[:4]),
)  # fmt: skip
def test_time_grows_with_length_alone(text: str) -> None:
    began = time.process_time()
    passages = split_passages(document(text))
    assert time.process_time() - began < 5
    assert all(width(p.text) <= BUDGET for p in passages)


def test_splitting_is_quick() -> None:
    text = ("A sentence of common words stands here. " * 12 + "\n\n") * 200
    began = time.process_time()
    split_passages(document(text))
    split_sentences(text)
    assert (time.process_time() - began) / len(text) * 500 < 500e-6
