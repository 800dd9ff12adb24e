"""Sentences in many scripts, and what must hold of any text."""

# Samples stand on one line.
# ruff: noqa: E501

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xagent.sentences import sentence_breaks, split_sentences

MIXED = st.text(
    st.one_of(
        st.sampled_from(" \n\t.!?…。！？」』”।۔؟。;:#-1a)A'\"«»[]ก ข༎\u200d\u0301\x0b\x1c\u2029\ufeff\r"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=300,
)

# A bar stands where a sentence ends; the white space there is between the sentences.
SAMPLES = {
    "en-names": ("en", "J. R. R. Tolkien wrote it. |Dr. Smith met Mrs. Jones at 5 p.m. on Monday. |It cost $3.50."),
    "en-quotes": ("en", '"Is it so?" he asked. |She said "Go away." |Then she left... |He stayed (alone!). |End.'),
    "en-numbers": ("en", "See Fig. 3 and no. 5, vol. 2. |The U.S. army left in 1990. |It was 3.14 vs. 2.7 then."),
    "en-url": ("en", "Visit https://a.example/b.html?q=1. |Now go to node.js docs. |Bye!"),
    "en-notes": ("en", "It was a success.[1] |He lived there.[citation needed] |So it is."),
    "de": ("de", "Am 3. Oktober 1990 kam Dr. med. Müller z. B. nach Berlin. |Es war der 5. Tag. |„Ja.“ |Er ging."),
    "de-und": ("und", "Am 3. Oktober und im 19. Jahrhundert war es so. |Danach nicht mehr."),
    "fr": ("fr", "« Bonjour. » |Il est parti à 5 h. |Pourquoi ? |Parce que M. Dupont l'a dit !"),
    "es": ("es", "¿Qué hora es? |Son las tres. |¡Vámonos, Sr. García! |El Dr. López no viene."),
    "tr": ("tr", "19. yüzyılda yaşadı. |Doç. Dr. Ayşe Yılmaz geldi. |Saat kaç?"),
    "ru": ("ru", "Он родился в 1990 г. в Москве. |А. С. Пушкин — поэт. |Это т. е. всё. |Правда?"),
    "el": ("el", "Τι είναι αυτό; |Είναι ένα βιβλίο. |Ναι."),
    "hy": ("hy", "Սա առաջին նախադասությունն է։ |Սա երկրորդն է: |Վերջ։"),
    "ka": ("ka", "ეს პირველი წინადადებაა. |ეს მეორეა. |რა არის ეს?"),
    "ar": ("ar", "هذه جملة أولى. |هل هذه ثانية؟ |نعم، قال د. أحمد ذلك."),
    "ur": ("ur", "یہ پہلا جملہ ہے۔ |کیا یہ دوسرا ہے؟ |جی ہاں۔"),
    "he": ("he", "זה המשפט הראשון. |האם זה השני? |כן!"),
    "hi": ("hi", "यह पहला वाक्य है। |डॉ. जे. के. शर्मा आए। |क्या यह तीसरा है? |हाँ॥"),
    "bn": ("bn", "এটি প্রথম বাক্য। |এটি দ্বিতীয়। |কেন?"),
    "am": ("am", "ይህ የመጀመሪያው ዓረፍተ ነገር ነው። |ይህ ሁለተኛው ነው፡፡ |እንዴት ነህ፧ |ደህና።"),
    "km": ("km", "នេះជាប្រយោគទីមួយ។ |នេះជាប្រយោគទីពីរ។"),
    "my": ("my", "ဒါက ပထမ၊ စာကြောင်း ဖြစ်တယ်။ |ဒါက ဒုတိယ ဖြစ်တယ်။"),
    "bo": ("bo", "བོད་སྐད་ནི་གལ་ཆེན་པོ་རེད། |འདི་ནི་གཉིས་པ་རེད།"),
    "zh": ("zh", "他说：“今天天气很好。”|然后他走了。|真的吗？！|是的；没错。|价格是3.5元（很贵！）。|好"),
    "ja": ("ja", "「今日はいい天気ですね。」と彼は言った。|本当ですか？|はい！|『そうです。』|終わり。"),
    "ko": ("ko", "안녕하세요. |오늘은 2020. 3. 5. 입니다. |정말요? |네!"),
    "th": ("th", "ประเทศไทยตั้งอยู่ในเอเชียตะวันออกเฉียงใต้และมีประชากรประมาณ 70 ล้านคน |นอกจากนี้ยังมีวัฒนธรรมที่หลากหลายมาก"),
    "th-abbreviations": ("th", "ดร. สมชาย เกิดเมื่อ พ.ศ. 2510 ที่กรุงเทพฯ"),
    "blank-line": ("en", "A title\n\n|Some prose that\nis wrapped. |And more"),
    "list": ("en", "Buy these:\n|- milk\n|- bread\n|1. one\n|2. two\n|* three"),
    "heading": ("en", "# Title\n|Prose below. |## Not a heading\n|| a | b |"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_splits_as_a_native_reader_would(name: str) -> None:
    language, marked = SAMPLES[name]
    sentences = (
        marked.split("|")
        if name != "heading"
        else ["# Title\n", "Prose below. ", "## Not a heading\n", "| a | b |"]
    )
    text = "".join(sentences)
    assert [text[start:end] for start, end in split_sentences(text, language)] == [
        s.strip() for s in sentences
    ]


@given(MIXED)
@settings(max_examples=400, deadline=None)
def test_every_character_is_in_one_sentence(text: str) -> None:
    spans = split_sentences(text)
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    assert edges == sorted(edges)
    assert not "".join(text[end:start] for end, start in zip(edges[::2], edges[1::2], strict=True)).strip()


@given(MIXED)
def test_breaks_lie_within_and_say_how_sure_they_are(text: str) -> None:
    for found in sentence_breaks(text):
        assert 0 < found.end <= found.next < len(text)
        assert 0 < found.strength <= 3


@pytest.mark.integration
@pytest.mark.parametrize(
    "text",
    ["a" * 2_000_000, "\n" * 1_000_000, "a\n" * 300_000, ". " * 300_000, "(«“[" * 200_000, "[" * 500_000,
     " " * 500_000 + "x", "x" + " " * 500_000 + "\n" + "x", "!" * 1_000_000, "ก " * 200_000, "ก" * 1_000_000, "😀" * 300_000,
     '."' * 300_000, "1. " * 200_000, ";" * 500_000, "ก;" * 200_000, "𑁇a" * 100_000],
    ids=lambda text: repr(text[:4]),
)  # fmt: skip
def test_time_grows_with_length_alone(text: str) -> None:
    began = time.process_time()
    spans = split_sentences(text)
    assert time.process_time() - began < 4
    assert sum(end - start for start, end in spans) <= len(text)


def test_nothing_in_nothing() -> None:
    assert split_sentences("") == split_sentences(" \n\t ") == []


def test_strength_tells_paragraphs_from_lines_from_sentences() -> None:
    text = "One. Two.\n- Three.\n\nFour."
    assert [found.strength for found in sentence_breaks(text)] == [1, 2, 3]
