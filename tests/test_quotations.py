"""Quotations in many scripts: found where they are, to the character, and not where they are not."""

# ruff: noqa: E501, SIM905, RUF005

import time
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xagent.quotations import folded, locate

# A quote, and a passage in which the stretch that says the same stands between bars.
SAME = {
    "en": ("The ferry crushed his foot.", "It was so: |the ferry  crushed\nhis foot|; he died."),
    "en-marks": ("'Don’t go -- now'", "She said |“Don't go — now”|, and left."),
    "en-bold": ("a very old bridge", "It is |a **very old** bridge| of _iron_."),
    "en-hyphenated": ("the suspension bridge", "Of |the suspen-\nsion bridge| it is said"),
    "en-hyphen": ("a well-known man", "He was |a well-\nknown man| there"),
    "en-soft-hyphen": ("longitude", "The |longi\u00adtude| of it"),
    "en-note": ("It failed. Within ten weeks it was null", "|It failed.[12] Within ten weeks it was null|, he says"),
    "en-ellipsis": ("…in 1215 rebel barons…", "For |in 1215 rebel barons| seized London"),
    "en-ligature": ("five fine fish", "he ate |ﬁve ﬁne ﬁsh| there"),
    "en-angle": ("if a ‹ b", "then |if a < b| it holds"),
    "en-formula": ("CO2 and H2O", "of |CO₂ and H₂O| in air"),
    "en-stop": ("moved to the U.S.", "He |moved to the U.S.| in 1990"),
    "de": ("STRASSE IN KÖLN", "Die |Straße in Ko\u0308ln| ist alt"),
    "de-sharp": ("die große Straße", "IST |DIE GROSSE STRASSE| HIER"),
    "fr": ("l'été dernier, «ça» va", "Pour |l’e\u0301te\u0301 dernier, “ça” va|, dit-il"),
    "es": ("¿Qué hora es, señor?", "Dijo: |¿Qué hora es, señor?| Nada"),
    "tr": ("istanbul'un ışığı", "Gece |İSTANBUL’UN IŞIĞI| söner"),
    "tr-lower": ("İstanbul'da", "bugün |istanbul’da| yağmur var"),
    "vi": ("tiếng Việt", unicodedata.normalize("NFD", "chữ viết |tiếng Việt| hiện nay")),
    "yo": ("Ọ̀ṣun ní Òṣogbo", unicodedata.normalize("NFC", "Odò |Ọ̀ṣun ní Òṣogbo| ni")),
    "ru": ("«мерзлота» тает", "Вечная |“Мерзлота” тает| летом"),
    "el": ("Ο Οδυσσεύς", "Τότε |ο ΟΔΥΣΣΕΎΣ| είπε"),
    "ar": ("قال عام 1990", "ثم |قَالَ عَامَ ١٩٩٠| إنّه"),
    "ar-part": ("كَتب الدرس", "لقد |كَتَبَ الدرس| أمس"),
    "ar-tatweel": ("السلام عليكم", "قالوا |الســلام عليكم| جميعًا"),
    "ar-forms": ("لا سلام", "هنا |ﻻ ﺳﻼﻡ| اليوم"),
    "fa": ("می‌شود کتاب ۱۲", "آنجا |مي‌شود كتاب 12| را خواند"),
    "fa-joiner": ("میشود دید", "که |می‌شود دید| او را"),
    "he": ("שלום עולם", "אמר |שָׁלוֹם עוֹלָם| והלך"),
    "he-forms": ("שלום", "אמר |\ufb2aלום| והלך"),
    "he-initials": ('צה"ל', "חיילי |צה״ל| באו"),
    "hi": ("सन् 1734 में क़िला", "यह |सन् १७३४ में क\u093cिला| बना"),
    "hi-joiner": ("क्षमा करें", "आप |क्\u200dषमा करें| जी"),
    "bn": ("2005 সালে বাংলা ভাষা", "তখন |২০০৫ সালে বাংলা ভাষা| ছিল"),
    "ta": ("கொடு தமிழ்", "நான் |கெ\u0bbeடு தமிழ்| என்று"),
    "ml-joiner": ("ഞാന് വന്നു", "അന്ന് |ഞാന്\u200d വന്നു| കണ്ടു"),
    "ml-joiner-last": ("അവന്\u200d", "അന്ന് |അവന്\u200d| വന്നു"),
    "am": ("አዲስ አበባ ከተማ", "እነሆ |አዲስ\nአበባ ከተማ| ናት"),
    "ka": ("ᲗᲑᲘᲚᲘᲡᲘ არის", "ქალაქი |თბილისი არის| აქ"),
    "hy": ("Երևան քաղաքը", "մեծ |ԵՐևԱՆ ՔԱՂԱՔԸ| է"),
    "th": ("ในน้ำ พ.ศ. 2515", "ปลาอยู่|ในนํ้า พ.ศ. ๒๕๑๕|เป็นต้นมา"),
    "th-line": ("ประเทศไทย", "นี่คือ|ประเทศ\nไทย|ของเรา"),
    "km": ("ភាសាខ្មែរ", "នេះជា|ភាសា\u200bខ្មែរ|ដែល"),
    "my": ("၁၉၄၈ ခုနှစ်", "ဒါက |1948 ခုနှစ်| မှာ"),
    "zh": ("屠呦呦在2015年获奖", "药学家|屠呦呦在 ２０１５ 年\n获奖|，她说"),
    "zh-bold": ("这是重点内容", "注意|这是**重点**内容|吧"),
    "zh-marks": ('"红楼梦"的作者', "他是|《红楼梦》的作者|曹雪芹"),
    "zh-hant": ("他說「好」", "那天|他說“好”|就走了"),
    "ja": ("バナナ、とても", "これは|ﾊﾞﾅﾅ、とても|おいしい"),
    "ja-nfd": ("ガラスの皿", "この|カ\u3099ラスの\n皿|です"),
    "ko": ("한글은 1446년에", unicodedata.normalize("NFD", "그래서 |한글은 1446년에| 나왔다")),
}  # fmt: skip

# What a passage does not say, though it looks like it.
OTHER = {
    "half word": ("art", "a party"),
    "half number": ("19", "in 1950"),
    "part of a decimal": ("1.5", "21.5 or 1.50 or 1.5.2 or 1.5%"),
    "part of thousands": ("500 people", "1 500 people, 2,500 people"),
    "thousands cut short": ("some 20", "some 20 000 men"),
    "sign": ("5 degrees", "-5 degrees, −5 degrees, <5 degrees"),
    "power": ("102 m", "10² m"),
    "index": ("log28", "log₂8"),
    "array": ("x is more", "x[1] is more"),
    "fraction": ("11⁄2", "1½"),
    "circled": ("11 men", "1① men"),
    "negation": ("he can", "he can't, he can’t"),
    "prefix": ("toxic", "non-toxic"),
    "word dropped": ("the old bridge", "the very old bridge"),
    "word added": ("the very old bridge", "the old bridge"),
    "reordered": ("b a", "a b"),
    "spliced": ("The king died", "The king lived. The queen died"),
    "ellipsis": ("The king … the queen", "The king lived and the queen died"),
    "number": ("in 1951", "in 1950"),
    "comparison": ("a > b", "a < b"),
    "feet and inches": ("6' of rope", '6" of rope'),
    "note number": ("so.[2] He", "so.[1] He"),
    "accent": ("ou est", "où est"),
    "accent apart": ("ou", "ou\u0300"),
    "tilde": ("ano", "año"),
    "umlaut": ("schon da", "schön da"),
    "sharp s": ("in Masse", "in Maße"),
    "vi": ("ma", "má"),
    "tr": ("kiz", "kız"),
    "tr-capital": ("Inşaat", "İnşaat"),
    "tr-suffix": ("Ankara", "Ankara'da"),
    "ru": ("все", "всё"),
    "el": ("πως", "πώς"),
    "ar-vowel": ("كُتِبَ", "كَتَبَ"),
    "ar-suffix": ("كتب", "كتبت"),
    "ar-hamza": ("اكل", "أكل"),
    "he": ("שָׁלוֹם", "שִׁלּוּם"),
    "he-sin": ("\ufb2a", "\ufb2b"),
    "hi-matra": ("कल", "कला"),
    "hi-nukta": ("राज", "राज़"),
    "hi-virama": ("क", "क्या"),
    "bn": ("১৯৭১", "১৯৭২"),
    "ta": ("க", "கா"),
    "th-tone": ("ปา", "ป่า"),
    "th-half": ("น", "น้ำ"),
    "km": ("ខ", "ខ្មែរ"),
    "ko": ("한국", "한국은"),
    "ko-jamo": ("하", "한 하\u11ab"),
    "zh-number": ("5", "5万"),
    "zh-numeral": ("五人", "三十五人"),
    "zh-form": ("红楼", "紅樓"),
    "ja-katakana": ("メリカ", "アメリカ"),
    "ja-voiced": ("カラス", "ガラス カ\u3099ラス"),
    "transliterated": ("Москва", "Moskva"),
    "emoji": ("a 👩", "a 👩\u200d🚀"),
    "empty": ("", "text"),
    "spaces": (" \n", "a \n b"),
    "marks": ("…?!", "so…?!"),
    "face": ("🙂", "🙂"),
}

ANY = st.text(st.characters(), max_size=60)
PIECES = st.lists(
    st.sampled_from(
        "ا َ ـ ı İ I ß SS ﬁ * ** _ ` ' \" - -- \u00ad \u200d . … [1] 1 ² ₂ ½ , น ้ ํ ำ ｶ ﾞ ᄒ ᅡ ᆫ 한 क ् ा ़ 中 万 5 % é e"
        " \u0301 a B < ‹ שׁ ׁ".split()
        + [" ", "\n"]
    ),
    max_size=25,
).map("".join)
WORDS = (
    "the Bridge 1990 7 42 naïve İzmir ışık Straße мост Ёлка γέφυρα οδός جسر كَتب می‌شود שלום שָׁלוֹם पुल हिन्दी १७३४ সেতু"
    " பாலம் ድልድይ ხიდი 다리 한국어 കാല 3.14 don't well-known x₂ ﬁsh"
).split()
UNSPACED_WORDS = "在中国 屠呦呦 ガラス 日本の ประเทศ น้ำ ภาษา ខ្មែរ 2015年 မြန်မာ".split()
GAPS = [" ", "  ", "\n", ", ", " — ", "\u00a0", " “", "” ", ": "]


def texts(words: list[str]) -> st.SearchStrategy[tuple[list[str], list[str]]]:
    """Words, and what stands after each."""
    size = st.shared(st.integers(1, 12), key="size")
    return st.tuples(
        size.flatmap(lambda n: st.lists(st.sampled_from(words), min_size=n, max_size=n)),
        size.flatmap(lambda n: st.lists(st.sampled_from(GAPS), min_size=n, max_size=n)),
    )


def laid(words: list[str], gaps: list[str]) -> tuple[str, list[tuple[int, int]]]:
    """The text, and where each word is."""
    text, spans = "", []
    for word, gap in zip(words, gaps, strict=True):
        spans.append((len(text), len(text) + len(word)))
        text += word + gap
    return text, spans


@pytest.mark.parametrize("name", SAME)
def test_finds_what_reads_the_same_just_where_it_is(name: str) -> None:
    quote, marked = SAME[name]
    before, stretch, after = marked.split("|")
    assert locate(quote, before + stretch + after) in spans_with_or_without_marks(before, stretch)


def spans_with_or_without_marks(before: str, stretch: str) -> set[tuple[int, int]]:
    """Quotation marks that the quote has at its ends, too, may belong to the stretch or not."""
    start, end, marks = len(before), len(before) + len(stretch), "“”*_"
    inner = (
        start + len(stretch) - len(stretch.lstrip(marks)),
        end - len(stretch) + len(stretch.rstrip(marks)),
    )
    return {(start, end), inner}


@pytest.mark.parametrize("name", OTHER)
def test_does_not_find_what_is_not_said(name: str) -> None:
    assert locate(*OTHER[name]) is None


def test_the_first_of_several_is_given() -> None:
    assert locate("the sea", "The seaside, THE SEA, the sea") == (13, 20)
    assert locate("كَتَبَ", "كُتِبَ كَتَبَ") == (7, 13)


def test_marks_that_the_passage_has_too_belong_to_the_stretch() -> None:
    assert locate("It is so.", "No. It is so. Yes.") == (4, 13)
    assert locate('"It is so."', "No. It is so, yes.") == (4, 12)


@given(texts(WORDS + UNSPACED_WORDS), st.data())
def test_whole_words_of_the_text_are_found(drawn: tuple[list[str], list[str]], data: st.DataObject) -> None:
    text, spans = laid(*drawn)
    first = data.draw(st.integers(0, len(spans) - 1))
    last = data.draw(st.integers(first, len(spans) - 1))
    quote = text[spans[first][0] : spans[last][1]]
    found = locate(quote, text)
    assert found
    assert found[0] <= spans[first][0]
    assert folded(text[slice(*found)]) == folded(quote)


@given(texts(WORDS), st.data())
def test_the_first_equal_words_are_given(drawn: tuple[list[str], list[str]], data: st.DataObject) -> None:
    text, spans = laid(*drawn)
    first = data.draw(st.integers(0, len(spans) - 1))
    last = data.draw(st.integers(first, len(spans) - 1))
    quote = text[spans[first][0] : spans[last][1]]
    equal = [
        (start, end)
        for start, _ in spans
        for _, end in spans
        if end > start and folded(text[start:end]) == folded(quote)
    ]
    assert locate(quote, text) == min(equal)


@given(texts([*WORDS, *UNSPACED_WORDS]), st.data())
def test_one_other_letter_or_digit_is_noticed(
    drawn: tuple[list[str], list[str]], data: st.DataObject
) -> None:
    text, _ = laid(*drawn)
    places = [at for at, char in enumerate(text) if char.isalnum()]
    at = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from("8qжωظצढ곰龍ぬშ"))
    assert locate(text[:at] + other + text[at + 1 :], text) is None


def digits_of(zero: str, text: str) -> str:
    return "".join(
        chr(ord(zero) + value) if (value := unicodedata.decimal(char, None)) is not None else char
        for char in text
    )


def widened(char: str) -> str:
    return chr(ord(char) + 0xFEE0) if "!" < char < "\x7f" and char not in "'-." else char


NOISES: dict[str, Callable[[str], str]] = {
    "arabic digits": lambda text: digits_of("٠", text),
    "bengali digits": lambda text: digits_of("০", text),
    "wide digits": lambda text: digits_of("０", text),
    "wide letters": lambda text: "".join(map(widened, text)),
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "composed": lambda text: unicodedata.normalize("NFC", text),
    "spaces": lambda text: text.replace(" ", " \t\n "),
    "marks": lambda text: text.replace("“", "«").replace("”", "»"),
    "dashes": lambda text: text.replace("—", "–"),
    "lower": str.lower,
    "bold": lambda text: f"**{text}**",
    "quoted": lambda text: f"  „{text}…“ ",
    "directed": lambda text: f"\u2067{text}\u2069",
    "unpointed": lambda text: "".join(char for char in text if char not in "\u05b8\u05c1\u064e"),
}  # fmt: skip


@given(texts([*WORDS, *UNSPACED_WORDS]), st.sampled_from(sorted(NOISES)))
def test_what_reads_alike_is_found(drawn: tuple[list[str], list[str]], noise: str) -> None:
    text, spans = laid(*drawn)
    quote = NOISES[noise](text[: spans[-1][1]])
    found = locate(quote, text)
    assert found is not None
    assert found[0] == 0
    assert spans[-1][1] <= found[1] <= len(text)


@given(ANY | PIECES, ANY | PIECES)
def test_any_text_is_taken_and_spans_are_whole(quote: str, text: str) -> None:
    for said in (quote, text, text[3:9]):
        found = locate(said, text)
        if found:
            start, end = found
            assert 0 <= start < end <= len(text)
            assert text[start:end] == text[start:end].strip()
            assert unicodedata.category(text[end : end + 1] or " ")[0] != "M"


HOSTILE = [
    ("a" * 100_000, "a" * 200_000), ("a " * 50_000 + "b", "a " * 100_000), ("a", "a" + "\u0301\u0323" * 100_000),
    ("x", "\u00ad \n " * 50_000), ("x", "*_" * 100_000), ("x", ".[1]" * 50_000), ("'" * 200_000, "'" * 200_000),
    ("كَ" * 1_000, "كُ" * 100_000), ("ıß i", "ıIß-\n.[1]" * 22_000),
]  # fmt: skip


@pytest.mark.integration
@pytest.mark.parametrize(("quote", "text"), HOSTILE)
def test_hostile_texts_take_no_long_time(quote: str, text: str) -> None:
    locate("warm", text)
    started = time.process_time()
    locate(quote, text)
    assert time.process_time() - started < 1.5
