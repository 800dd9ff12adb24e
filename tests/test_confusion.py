"""Which sentences of an answer are in a language it should not be in."""

import re
import time
import tomllib
from collections import Counter
from functools import cache
from importlib.resources import files
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.language_check import answers, is_just, sample, with_one
from xagent.confusion import confused
from xagent.errors import UnknownLanguage
from xagent.languages import known_languages
from xagent.writing import cues

RIGHT = [
    # names and titles in another language or script
    ("zh", "2009年，Howard Limbert带领英国洞穴协会来到这里，成员还有Deb Limbert和Adam Spillane。"),
    ("zh", "他写过一本小说，名为 Harry Potter and the Goblet of Fire，后来拍成电影。"),
    ("ja", "この橋はIsambard Kingdom Brunelが設計し、1864年に完成した。"),
    ("ar", "صمّم الجسر المهندس Isambard Kingdom Brunel في مدينة Bristol سنة 1831."),
    ("fa", "این پل را Isambard Kingdom Brunel در شهر Bristol طراحی کرد."),
    ("he", "את הגשר תכנן המהנדס Isambard Kingdom Brunel מהעיר Bristol."),
    ("hi", "इस पुल को Isambard Kingdom Brunel ने Bristol शहर के लिए बनाया था।"),
    ("th", "สะพานนี้ออกแบบโดย Isambard Kingdom Brunel และสร้างเสร็จในปี 1864"),
    ("ru", "Мост спроектировал инженер Isambard Kingdom Brunel из города Bristol."),
    ("ko", "이 다리는 Isambard Kingdom Brunel이 설계했고 1864년에 완공되었다."),
    ("tr", "Köprüyü Johann Wolfgang von Goethe ile Friedrich Schiller birlikte gezmişti."),
    ("sw", "Daraja hilo lilijengwa na Johann Wolfgang von Goethe na Alexander von Humboldt mwaka 1820."),
    ("yo", "Johann Wolfgang von Goethe àti Alexander von Humboldt ni wọ́n kọ́ afárá náà ní ọdún 1820."),
    ("fi", "Sillan rakensivat Johann Wolfgang von Goethe ja Sir Arthur Conan Doyle vuonna 1820."),
    ("en", "The palace was built by 朱棣 and later restored by the architect 梁思成."),
    ("de", "Die Kirche der Santa Maria Novella steht in Firenze unweit des Ponte Vecchio."),
    # quotations in any marks
    ("de", "Sie sagte: „The bridge was built by the Romans a long time ago.“"),
    ("de", "Der Satz »The bridge was built by the Romans a long time ago.« steht im Bericht."),
    ("fr", "Le rapport dit : « The bridge was built by the Romans a long time ago. » Il date de 1901."),
    ("fr", "On y lit ‹ The bridge was built by the Romans a long time ago › en toutes lettres."),
    ("sv", "Hon skrev ”The bridge was built by the Romans a long time ago” i sin bok."),
    ("fi", "Hän kirjoitti ”The bridge was built by the Romans a long time ago” kirjaansa."),
    ("es", "El informe dice “The bridge was built by the Romans a long time ago” en la página 3."),
    ("tr", 'Raporda "The bridge was built by the Romans a long time ago" diye yazıyor.'),
    ("vi", "Báo cáo viết ‘The bridge was built by the Romans a long time ago’ ở trang ba."),
    ("ja", "報告書には「The bridge was built by the Romans a long time ago.」と書いてある。"),
    ("ja", "報告書には『这座桥是由罗马人在一世纪建造的。』とある。"),
    ("zh", "报告写道：“The bridge was built by the Romans a long time ago.”"),
    ("zh", "他最有名的书是《The Old Man and the Sea》，写于古巴。"),
    ("ar", "جاء في التقرير «The bridge was built by the Romans a long time ago» في الصفحة الثالثة."),
    ("sw", "“Die Brücke wurde vor langer Zeit von den Römern gebaut.” [1]"),
    ("hi", "“The bridge was built by the Romans. It is still in use.” [1][2]"),
    # code, addresses, numbers, formulas, citations, emoji, acronyms
    ("de", "Die Funktion heißt `the value of the sum is here` und steht im Modul."),
    ("de", "So geht es:\n```python\n# add the two numbers\nreturn a + b\n```"),
    ("zh", "代码如下：\n```\nprint the value of the sum and go on\n```\n运行即可。"),
    ("ar", "راجع https://example.org/the-bridge-was-built-by-the-romans أو اكتب إلى someone@example.org."),
    ("ja", "NASAとESAは2018年にDNAの実験を行った[2][3]。"),
    ("th", "องค์การ NASA และ ESA ส่งยานไปในปี 1997 [1]"),
    ("ko", "속도는 v = a * t + b 이고 단위는 km/h 이다. 🎉"),
    ("ru", "E = mc^2 [1]"),
    ("hi", "यह मॉडल machine learning और natural language processing पर आधारित है।"),
    ("zh", "自然语言处理（natural language processing, a field of study）是人工智能的分支。"),
    ("pt", "Bibliografia: Homo sapiens, Canis lupus familiaris, Felis catus"),
    ("ja", "全国大会優勝、最優秀選手賞受賞。"),
    ("sw", "1. Johann Sebastian Bach\n2. Ludwig van Beethoven\n3. Wolfgang Amadeus Mozart"),
    ("tr", "1. The Shawshank Redemption\n2. The Godfather\n3. Schindler's List"),
    # short, or nothing left
    ("de", ""), ("zh", "OK!"), ("ar", "42."), ("yo", "[1]"), ("sw", "Shakespeare"),
    ("ja", "東京タワー"), ("ja", "身体的、精神的な健康。"),
    # near relatives
    ("hr", "Most su davno sagradili Rimljani."), ("bs", "Most su davno sagradili Rimljani."),
    ("ms", "Jambatan itu dibina oleh orang Rom."), ("id", "Jembatan itu dibangun oleh orang Romawi."),
    ("sr", "Gdje su djeca bila prije škole?"), ("ms", "Dia mau pergi ke kota dengan mobil."),
    ("sw", "Vyuo vya Massachusetts Institute of Technology na University of California Berkeley."),
    ("nb", "Broen ble bygget av romerne."), ("da", "Broen blev bygget af romerne."),
]  # fmt: skip

EN = "The bridge was built by the Romans in the first century."
ES = "El puente fue construido por los romanos en el siglo primero."
DE = "Die Brücke wurde im ersten Jahrhundert von den Römern gebaut."
HOME = {
    "ar": "الجسر قديم جدًا وما زال مستعملًا.", "de": "Sie ist sehr alt und wird noch benutzt.",
    "fa": "این پل بسیار کهن است و هنوز به کار می‌رود.", "fi": "Silta on hyvin vanha ja yhä käytössä.",
    "fr": "Il est très ancien et sert encore.", "he": "הגשר עתיק מאוד ועדיין בשימוש.",
    "hi": "यह पुल बहुत पुराना है और आज भी काम आता है।", "id": "Jembatan itu sangat tua dan masih dipakai.",
    "it": "È molto antico ed è ancora usato.", "ja": "とても古い橋で、今も使われています。",
    "ko": "아주 오래된 다리이며 지금도 쓰인다.", "nl": "Hij is heel oud en wordt nog gebruikt.",
    "pt": "É muito antiga e ainda está em uso.", "ru": "Он очень старый и используется до сих пор.",
    "sw": "Daraja hilo ni la zamani sana na bado linatumika.", "th": "สะพานนี้เก่าแก่มากและยังใช้งานอยู่",
    "tr": "Çok eskidir ve hâlâ kullanılmaktadır.", "vi": "Cây cầu rất cổ và vẫn còn được sử dụng.",
    "yo": "Afárá náà ti pẹ́ gan-an, wọ́n sì ń lò ó títí di òní.", "zh": "这座桥很古老，现在仍在使用。",
}  # fmt: skip


@pytest.mark.parametrize(("code", "text"), RIGHT, ids=lambda value: value[:24])
def test_what_may_be_in_any_language_is_right(code: str, text: str) -> None:
    assert confused(text, code) == ()


@pytest.mark.parametrize("code", HOME)
@pytest.mark.parametrize(
    "foreign", [EN, ES, DE, HOME["ru"], HOME["hi"], HOME["yo"]], ids=lambda text: text[:9]
)
def test_a_foreign_sentence_is_found_at_its_place(code: str, foreign: str) -> None:
    if foreign in (HOME[code], {"de": DE}.get(code)):
        return
    for at in range(3):
        text, start, end = with_one([HOME[code]] * 2, foreign, at)
        found = confused(text, code)
        assert [(each.start, each.end) for each in found] == [(start, end)]


@pytest.mark.parametrize("code", HOME)
def test_a_line_counts_as_a_sentence(code: str) -> None:
    text = f"{HOME[code]}\n{EN[:-1]}\n{HOME[code]}"
    assert [text[found.start : found.end] for found in confused(text, code)] == [EN[:-1]]


GOES_ON = [
    ("zh", "这座桥 was built by the Romans in the first century。"),
    ("zh", "这座桥是by the old Romans建造的。"),
    ("ja", "この橋は was built by the Romans です。"), ("ko", "이 다리는 was built by the Romans 입니다."),
    ("ar", "هذا الجسر was built by the Romans منذ زمن."), ("fa", "این پل was built by the Romans است."),
    ("he", "הגשר הזה was built by the Romans לפני שנים."), ("hi", "यह पुल was built by the Romans था।"),
    ("th", "สะพานนี้ was built by the Romans นานมาแล้ว"), ("ru", "Этот мост was built by the Romans давно."),
    ("uk", "Цей міст was built by the Romans давно."), ("el", "Αυτή η γέφυρα was built by the Romans παλιά."),
    ("en", "The bridge 是由罗马人在公元一世纪建造的，现在仍在使用。"),
    ("ja", "この橋は古いもので，是由罗马人在公元一世纪建造的。"),
    ("zh", "这座桥はローマ人によって建てられました。"),
    ("de", "Die Brücke построили римляне ещё в первом веке."),
]  # fmt: skip


@pytest.mark.parametrize(("code", "text"), GOES_ON, ids=lambda value: value[:16])
def test_a_sentence_that_goes_on_in_another_script_is_wrong(code: str, text: str) -> None:
    assert len(confused(text, code)) == 1


@pytest.mark.parametrize(
    ("code", "text", "foreign"),
    [
        ("pt", ES, "es"),
        ("es", "A ponte foi construída pelos romanos no século primeiro e ainda está de pé.", "pt"),
        ("fr", "Il ponte fu costruito dai Romani nel primo secolo.", "it"),
        ("sw", EN, "en"), ("nl", DE, "de"),
        ("ar", HOME["fa"], "fa"), ("fa", HOME["ar"], "ar"),
        ("ja", "这座桥是罗马人建造的。", "zh"), ("zh", HOME["ja"], "ja"),
        ("yo", EN, "en"), ("fi", DE, "de"), ("tr", EN, "en"), ("hi", EN, "en"), ("th", EN, "en"),
        ("en", HOME["tr"], "tr"),
        ("ru", "Цей міст збудували римляни ще в першому столітті, і ним досі користуються.", "uk"),
    ],
)  # fmt: skip
def test_a_whole_answer_in_another_language_is_wrong(code: str, text: str, foreign: str) -> None:
    assert [found.language for found in confused(text, code)] == [foreign]


def test_the_form_of_chinese_asked_for_is_heeded() -> None:
    simplified, traditional = "这座桥在战争中被毁，后来重建。", "這座橋在戰爭中被毀，後來重建。"
    assert confused(simplified, "zh") == confused(traditional, "zh") == ()
    assert confused(simplified, "zh", script="Hans") == confused(traditional, "zh", script="Hant") == ()
    assert [found.script for found in confused(traditional, "zh", script="Hans")] == ["Hant"]
    assert [found.script for found in confused(simplified, "zh", script="Hant")] == ["Hans"]
    assert confused("北京在中原北方。", "zh", script="Hant") == ()  # neither form has other characters for it
    mixed = f"{simplified}{traditional}"
    assert [mixed[each.start : each.end] for each in confused(mixed, "zh", script="Hans")] == [traditional]


def test_the_script_of_a_language_with_two_is_heeded() -> None:
    latin, cyrillic = "Most su davno sagradili Rimljani.", "Мост су давно саградили Римљани."
    assert confused(latin, "sr") == confused(cyrillic, "sr") == ()
    assert confused(cyrillic, "sr", script="Cyrl") == confused(latin, "sr", script="Latn") == ()
    assert [found.script for found in confused(latin, "sr", script="Cyrl")] == ["Latn"]
    assert [found.script for found in confused(cyrillic, "sr", script="Latn")] == ["Cyrl"]


@pytest.mark.parametrize("code", HOME)
def test_a_name_given_may_stand_in_any_language(code: str) -> None:
    title = "the little book of old bridges and how to build them"
    text = f"{HOME[code]} ({title}) {title}. {HOME[code]}"
    assert confused(text, code, names=[title, "", "?", "a"]) == ()


def test_a_name_is_not_part_of_a_word() -> None:
    assert confused(EN, "de", names=["The", "he", "e", "was built by"])
    assert not confused(EN, "de", names=[EN])


@pytest.mark.parametrize(
    "mark", ["“", "„", "«", "»", "‘", "「", "『", '"', "'", "```\n", "`", "~~~\n", "(", "《"]
)
def test_a_mark_left_open_hides_nothing(mark: str) -> None:
    for text in (f"{mark}{EN} {EN}", f"{HOME['de']} {mark}{EN}\n\n{EN}", f"{mark}{EN}\n\n{EN} {mark}"):
        assert confused(text, "de")
        assert confused(text, "ar")


def test_a_quotation_excuses_only_itself() -> None:
    assert not confused(f"“{EN}”", "sw")
    for text in (
        f"“{EN}” {EN}",
        f"{EN} “{EN}”",
        f"According to the report, “{EN}” That is what it says about it.",
    ):
        assert confused(text, "sw")


def test_neighbours_decide_what_is_short() -> None:
    assert not confused("Grazie mille!", "de")
    items = "- fresh apples\n- brown sugar\n- a little butter\n- white flour\n- two large eggs"
    assert confused(items, "de")
    assert confused(items, "zh")


def test_letters_in_disguise_are_letters() -> None:
    wide = "Ｔｈｅ ｂｒｉｄｇｅ ｗａｓ ｂｕｉｌｔ ｂｙ ｔｈｅ Ｒｏｍａｎｓ ｉｎ ｔｈｅ ｃｉｔｙ．"
    for text in (
        wide,
        "\u200b".join(EN),
        "\u00ad".join(EN),
        "\x00".join(EN),
        EN.upper(),
        f"*{EN}*",
        f"> **{EN}**",
    ):
        assert confused(text, "de")
        assert confused(text, "ru")


def test_whatever_the_language_is_unknown_nothing_is_foreign() -> None:
    assert confused(EN, "und") == ()
    assert not confused("Ndege inaruka juu ya mti mkubwa wa kijiji.", "ny")  # no detector knows Chichewa
    with pytest.raises(UnknownLanguage):
        confused(EN, "qqq")


def test_the_languages_no_detector_knows_are_listed() -> None:
    listed, detectors = (
        tomllib.loads(files("xagent").joinpath(f"{name}.toml").read_text("utf-8"))
        for name in ("confusion", "detectors")
    )
    told = {code for detector in detectors["detectors"].values() for code in detector["knows"].split()}
    told |= cues().newcomers.keys()
    writers = Counter(script for known in known_languages() for script in known.scripts)
    alone = {known.code for known in known_languages() if any(writers[each] == 1 for each in known.scripts)}
    unknown = {known.code for known in known_languages()} - told - alone
    assert unknown == set(listed["undetected"].split())


# --- over the sample's texts ---


@cache
def texts() -> dict[str, list[str]]:
    return sample()


@pytest.mark.parametrize("code", sorted(HOME.keys() & sample().keys()))
def test_the_sample_is_in_its_languages(code: str) -> None:
    listed = texts()[code]
    wrong = [text for text in [*listed[::2], *map(" ".join, answers(listed))] if confused(text, code)]
    assert wrong == []


@pytest.mark.parametrize("code", sorted(HOME.keys() & sample().keys()))
def test_a_sentence_of_another_language_is_found_in_the_sample(code: str) -> None:
    cases = [
        with_one(answer, foreign[n * 7 % len(foreign)], n % (len(answer) + 1))
        for other, foreign in texts().items()
        if other != code
        for n, answer in enumerate([*answers(texts()[code])][:4])
    ]
    found = [is_just(confused(text, code), start, end) for text, start, end in cases]
    assert sum(found) >= 0.95 * len(found)


@pytest.mark.parametrize("code", sorted(HOME.keys() & sample().keys()))
def test_an_answer_of_another_language_is_found_in_the_sample(code: str) -> None:
    for other, listed in texts().items():
        assert other == code or all(confused(" ".join(answer), code) for answer in [*answers(listed)][::5])


# --- whatever the text is ---

PIECES = st.sampled_from(
    [
        EN,
        ES,
        *HOME.values(),
        "“",
        "”",
        '"',
        "'",
        "«",
        "»",
        "`",
        "```\n",
        "\n",
        "\n\n",
        " ",
        "[1]",
        "\u200b",
        "(",
        "\ud800",
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(st.text(), st.lists(PIECES, max_size=12).map("".join)),
    st.sampled_from(sorted(HOME)),
    st.lists(st.text()),
)
def test_what_is_found_lies_in_the_text(text: str, code: str, names: list[str]) -> None:
    found = confused(text, code, names=names)
    spans = [(each.start, each.end) for each in found]
    assert spans == sorted(set(spans))
    assert all(0 <= start < end <= len(text) and text[start:end].strip() for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert confused(text, code, names=names) == found


ADDED = st.one_of(
    st.from_regex(r"https?://[a-z]{2,12}\.(org|com)/[a-z0-9/_-]{0,30}", fullmatch=True),
    st.from_regex(r"\[[1-9]\]", fullmatch=True),
    st.from_regex(r"`[a-z_ ]{1,30}`", fullmatch=True),
    st.sampled_from([f"“{EN}”", f"«{ES}»", f"「{HOME['ja']}」", "someone@example.org"]),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(HOME)), st.sampled_from([*HOME.values(), EN, DE]), ADDED, st.integers(0, 8))
def test_what_may_be_in_any_language_changes_nothing(code: str, text: str, added: str, at: int) -> None:
    gaps = [found.start() for found in re.finditer(" ", text)] or [len(text)]
    place = gaps[at % len(gaps)]
    longer = f"{text[:place]} {added}{text[place:]}"
    # Which of two near languages it is called may change; whether it is foreign may not.
    assert bool(confused(longer, code)) == bool(confused(text, code))


@pytest.mark.integration
@pytest.mark.parametrize(
    "part",
    ["“", '"', "' ", "‘a", "```x\n", "~~~\n", "`", "(", "[", "<a", "a@", "www.", " ", "\n", "a.",
        "1", "ก ", "字", "é", "„ “", "a" * 50 + "1"],
)  # fmt: skip
def test_the_time_grows_with_the_length_only(part: str) -> None:
    text = part * (60_000 // len(part))
    began = time.process_time()
    confused(text, "zh", names=["aaaa"])
    confused(text, "de")
    assert time.process_time() - began < 8


def test_what_stands_far_down_a_long_sentence_is_seen() -> None:
    assert confused(f"{HOME['de'][:-1]}, " * 20 + f"{EN[:-1]}, " * 12 + f"{HOME['de'][:-1]}, " * 20, "de")


def test_an_answer_takes_milliseconds() -> None:
    text = " ".join([HOME["de"], HOME["de"].replace("alt", "hoch"), EN])
    confused(text, "de")
    began = time.process_time()
    for n in range(50):
        confused(f"{text} {n}", "de")
    assert (time.process_time() - began) / 50 < 0.02
