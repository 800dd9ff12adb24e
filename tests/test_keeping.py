"""How a request asks a server to keep to a language, for each thing the server can or cannot do."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xagent.capabilities import Capabilities
from xagent.keeping import KeepTo, kept, pattern
from xagent.replies import Draft, Restatement

PLAIN = Capabilities("unknown")
PATTERNS = Capabilities("llama.cpp", patterns=True)
GUIDED = Capabilities("vLLM 0.33.0", patterns=True, guided=True)
SENTENCES = {
    "ar": "افتُتح الجسر عام ١٨٧٤، كما يقول Brandt.",
    "he": "הגשר נפתח בשנת 1874 („הגשר הישן”).",
    "fa": "پل در سال ۱۸۷۴ افتتاح شد و هنوز هم می‌ماند.",
    "zh": "大桥由 Ida Brandt 于1874年建成，全长120米。",
    "zh-Hans": "美国NASA发射了火箭。",
    "ja": "橋は1874年に開通し、Ida Brandtが設計した。",
    "ko": "예",
    "sr": "Телефон је стигао.",
    "th": "สะพานเปิดใช้เมื่อปี ๒๔๑๗",
    "hi": "पुल १८७४ में खुला था।",
    "ru": "Мост открыли в 1874 году.",
    "el": "Η γέφυρα άνοιξε το 1874;",
    "de": "„Die Brücke“ von Nürnberg & Fürth wurde 1874 eröffnet.",
    "tr": "Köprü 1874'te açıldı.",
    "yo": "Wọ́n ṣí afárá náà ní ọdún 1874.",
    "am": "ድልድዩ በ1874 ተከፈተ።",
}
ENGLISH = "the bridge was opened in 1874"


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_of_the_language_fits_its_pattern(language: str) -> None:
    assert re.fullmatch(pattern(language), SENTENCES[language])


@pytest.mark.parametrize("language", sorted(set(SENTENCES) - {"de", "tr", "yo", "sr"}))
def test_english_does_not_fit_the_pattern_of_another_script(language: str) -> None:
    assert not re.fullmatch(pattern(language), ENGLISH)
    assert not re.fullmatch(pattern(language), f"{SENTENCES[language]} {ENGLISH}")


@given(st.sampled_from(sorted(SENTENCES)), st.text())
def test_no_string_that_fits_could_end_the_string_it_stands_in(language: str, text: str) -> None:
    if re.fullmatch(pattern(language), text):
        assert not set(text) & set('"\\\n\r\t')


def test_a_server_without_any_means_is_asked_as_ever() -> None:
    schema: dict[str, object] = Draft.model_json_schema()
    assert kept(schema, KeepTo("ar", ("text",), strictly=True), PLAIN) == (schema, {})
    assert kept(schema, None, GUIDED) == (schema, {})
    assert kept(schema, KeepTo("und", ("text",)), GUIDED) == (schema, {})


def test_the_plug_in_is_asked_where_it_is_loaded() -> None:
    schema: dict[str, object] = Draft.model_json_schema()
    keep = KeepTo("sr", ("text", "reasoning"), "Latn", strictly=True)
    arguments = {"xagent_language": "sr-Latn", "xagent_fields": "text,reasoning"}
    assert kept(schema, keep, GUIDED) == (schema, {"vllm_xargs": arguments})


def test_a_pattern_takes_its_place_for_what_came_out_wrong_and_for_that_alone() -> None:
    schema: dict[str, object] = Restatement.model_json_schema()
    assert kept(schema, KeepTo("ar", ("text",)), PATTERNS) == (schema, {})
    changed, more = kept(schema, KeepTo("ar", ("text",), strictly=True), PATTERNS)
    assert more == {}
    assert changed != schema
    found = changed["$defs"]["Numbered"]["properties"]["text"]  # type: ignore[index]
    assert found["pattern"] == pattern("ar")
    assert "maxLength" not in found
    assert "pattern" not in str(changed["$defs"]["Numbered"]["properties"]["n"])  # type: ignore[index]
