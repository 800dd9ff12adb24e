"""The plug-in's decisions, on vocabularies made for it: bytes, merges, scripts, names, places in JSON."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xagent.errors import UnknownLanguage
from xagent.guided.position import Position
from xagent.guided.preference import OWN, WORDS, Names, names, target, weights
from xagent.guided.request import MOST, STRENGTH, asked
from xagent.guided.vocabulary import Vocabulary, signs
from xagent.languages import known_languages

BYTES = [bytes([n]) for n in range(256)]
WORDS_OF = {
    "ar": "الجسر افتتح القديم",
    "ru": "мост открыт старый",
    "zh": "大桥通车古老",
    "ja": "橋は開通しました",
    "ko": "다리가 개통되었다",
    "hi": "पुल खुला पुराना",
    "th": "สะพานเปิดใช้",
    "el": "γέφυρα άνοιξε",
    "he": "הגשר נפתח",
    "am": "ድልድዩ ተከፈተ",
    "ta": "பாலம் திறந்தது",
    "de": "Brücke öffnete",
    "yo": "afárá ṣí ọdún",
}
MERGES = [
    piece.encode() for words in WORDS_OF.values() for word in words.split() for piece in (word, f" {word}")
]
PLAIN = [
    b" ",
    b"\n",
    b" (",
    b"].",
    b"[1]",
    b"123",
    b"**",
    b"</",
    '" ،'.encode(),
    "、".encode(),
    "。".encode(),
]
SPECIAL = b"<|end|>"
VOCABULARY = Vocabulary([*BYTES, *MERGES, *PLAIN, b" the", b" The", b" der", b" und", SPECIAL, b""], {0})


def row(language: str, begun: bytes = b"") -> dict[bytes, float]:
    found = weights(VOCABULARY, target(language), begun)
    return dict(zip(VOCABULARY.tokens, map(float, found), strict=True))


@pytest.mark.parametrize("language", WORDS_OF)
def test_a_languages_own_words_are_welcome_and_those_of_other_scripts_are_not(language: str) -> None:
    scripts = target(language).scripts
    found = row(language)
    for other, words in WORDS_OF.items():
        for word in words.split():
            own = target(other).scripts <= scripts or signs(word.encode()).scripts <= scripts
            assert (found[word.encode()] > 0) is own, (language, other, word)


@pytest.mark.parametrize("language", WORDS_OF)
def test_digits_signs_spaces_markup_and_citation_marks_are_left_alone(language: str) -> None:
    found = row(language)
    assert {found[token] for token in PLAIN} == {0.0}
    assert found[b""] == 0.0


def test_special_tokens_are_left_alone_whatever_they_are_called() -> None:
    vocabulary = Vocabulary([b"the", SPECIAL], {1})
    assert list(weights(vocabulary, target("ar"))) == [-1.0, 0.0]
    assert list(weights(vocabulary, target("ar"), b"\xd8")) == [-1.0, 0.0]


@pytest.mark.parametrize("language", WORDS_OF)
def test_every_byte_of_every_word_may_be_written_one_by_one(language: str) -> None:
    """As a model must that has no token for a character."""
    for word in WORDS_OF[language].split():
        position = Position()
        for byte in word.encode():
            assert row(language, position.begun)[bytes([byte])] >= 0, (word, position.begun, byte)
            position.read(bytes([byte]))
        assert position.begun == b""


@pytest.mark.parametrize(
    ("language", "foreign"), [("th", "न"), ("hi", "ท"), ("ar", "中"), ("zh", "ب"), ("el", "ж")]
)
def test_a_character_of_another_script_cannot_be_finished_byte_by_byte(language: str, foreign: str) -> None:
    position, refused = Position(), False
    for byte in foreign.encode():
        refused = refused or row(language, position.begun)[bytes([byte])] < 0
        position.read(bytes([byte]))
    assert refused


def test_nothing_but_its_own_next_byte_may_follow_a_character_that_is_begun() -> None:
    found = row("zh", "大".encode()[:2])
    assert found["大".encode()[2:]] == 0.0
    assert found[b" "] == -1.0
    assert found["大桥通车古老".encode()] == -1.0


def test_chinese_in_a_japanese_text_is_welcome_and_kana_in_a_chinese_one_is_not() -> None:
    vocabulary = Vocabulary(["大橋".encode(), "は".encode(), "ー".encode()])
    assert list(weights(vocabulary, target("ja"))) == [np.float32(OWN)] * 3
    assert list(weights(vocabulary, target("zh")) > 0) == [True, False, False]


def test_languages_of_one_script_are_told_apart_by_function_words() -> None:
    german, english = row("de"), row("en")
    assert german[b" the"] == german[b" The"] == pytest.approx(OWN - WORDS)
    assert german[b" der"] == german[b" und"] == pytest.approx(OWN + WORDS)
    assert english[b" the"] == english[b" und"] == pytest.approx(OWN)


def test_a_script_can_be_named() -> None:
    assert target("sr").scripts == {"Cyrl", "Latn"} or target("sr").script == "Cyrl"
    assert target("sr-Latn").scripts == {"Latn"}
    with pytest.raises(UnknownLanguage):
        target("xx")


def test_there_is_a_preference_for_every_language() -> None:
    for known in known_languages():
        found = weights(VOCABULARY, target(known.code))
        assert found.min() == -1.0, known
        assert found.max() <= 1.0, known


def test_capitalised_words_of_the_prompt_may_be_names_and_common_ones_may_not() -> None:
    tokens = [b"The", b" bridge", b" of", b" Kinder", b"dijk", b".", b" K", "的".encode(), b"Kinder"]
    vocabulary = Vocabulary(tokens)
    expected = Names(frozenset({3, 8}), {3: frozenset({4}), 8: frozenset({4})})
    assert names(vocabulary, [0, 1, 2, 3, 4, 5]) == expected
    assert names(vocabulary, [7, 3, 4, 99, -1]) == expected
    assert names(vocabulary, [7, 8, 4, 4]).following == {8: frozenset({4}), 4: frozenset({4})}
    assert names(vocabulary, [4, 1, 5, 7]) == Names(frozenset(), {})


@given(st.text(max_size=40), st.lists(st.integers(1, 6), max_size=40))
def test_whatever_pieces_it_comes_in_a_text_ends_with_no_character_begun(text: str, cuts: list[int]) -> None:
    data, position = text.encode("utf-8", "surrogatepass"), Position()
    if data.decode("utf-8", "ignore").encode() != data:
        return
    for cut in [*cuts, len(data)]:
        position.read(data[:cut])
        data = data[cut:]
    assert position.begun == b""


@given(st.binary(max_size=12))
def test_any_bytes_have_signs(data: bytes) -> None:
    found = signs(data)
    assert data.endswith(found.begun)
    assert len(found.begun) < 4


JSON = st.recursive(
    st.text(max_size=8) | st.integers() | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["claim", "said", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def marked(value: object, fields: set[str], key: str = "") -> object:
    """The value with strings under the fields made of x, and all others of o."""
    if isinstance(value, str):
        return ("x" if key in fields else "o") * len(value)
    if isinstance(value, list):
        return [marked(one, fields, key) for one in value]
    if isinstance(value, dict):
        return {name: marked(one, fields, name) for name, one in value.items()}
    return value


@given(JSON, st.integers(1, 5), st.sampled_from([None, 1]))
def test_within_json_only_the_strings_under_the_fields_are_open(
    value: object, cut: int, indent: int | None
) -> None:
    text = json.dumps(marked({"a": value}, {"claim"}), indent=indent)
    position = Position(["claim"])
    for at in range(0, len(text), cut):
        if text[at] in "xo" and cut == 1:
            assert position.open is (text[at] == "x")
        position.read(text[at : at + cut].encode())
    assert not position.open


def test_escapes_end_no_string() -> None:
    position = Position(["text"])
    position.read(b'{"quote": "a \\" b", "text": "c \\\\\\" ')
    assert position.open
    position.read(b'"')
    assert not position.open


def test_without_fields_all_of_a_reply_is_open() -> None:
    position = Position()
    position.read(b'{"quote": ')
    assert position.open


def test_what_a_request_asks_for_is_checked() -> None:
    assert asked(None) is asked({}) is asked({"other": 1}) is None
    found = asked({"xagent_language": "ar", "xagent_fields": "text, claims,"})
    assert found is not None
    assert (found.target.code, found.strength, found.fields) == ("ar", STRENGTH, ("text", "claims"))
    for wrong in ({"xagent_language": "?"}, {"xagent_language": "ar", "xagent_strength": MOST + 1}):
        with pytest.raises(ValueError, match="xagent_"):
            asked(wrong)
    with pytest.raises(ValueError, match="float"):
        asked({"xagent_language": "ar", "xagent_strength": "much"})
