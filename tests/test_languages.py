"""Names and codes of languages, and which language a text is in."""

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xagent.errors import MissingExtra, UnknownLanguage, UnknownName
from xagent.languages import Detection, detect, detect_spans, known_languages, language, script_of

SENTENCES = {
    "af": "Ons het gister baie lekker saam met ons bure by die huis gekuier.",
    "am": "ዛሬ ጠዋት ወደ ገበያ ሄጄ አትክልትና ፍራፍሬ ገዛሁ።",
    "ar": "ذهبت أمس إلى السوق واشتريت بعض الخضروات الطازجة للعائلة.",
    "be": "Учора ўвечары мы доўга гулялі па старым горадзе і размаўлялі.",
    "bg": "Вчера отидохме на пазара и купихме пресни зеленчуци за вечеря.",
    "bn": "গতকাল বিকেলে আমরা নদীর ধারে অনেকক্ষণ বসে গল্প করেছিলাম।",
    "ca": "Ahir a la tarda vam anar a passejar per la platja amb els nostres amics.",
    "cs": "Včera večer jsme se dlouho procházeli po starém městě a povídali si.",
    "da": "Hvad synes du egentlig om den nye bog, som vi talte om i går?",
    "de": "Gestern Abend sind wir noch lange durch die Altstadt spaziert.",
    "el": "Χθες το βράδυ περπατήσαμε για πολλή ώρα στην παλιά πόλη.",
    "en": "Yesterday evening we went for a long walk through the old town.",
    "es": "Ayer por la tarde dimos un largo paseo por el casco antiguo de la ciudad.",
    "et": "Eile õhtul jalutasime kaua vanalinnas ja rääkisime lapsepõlvest.",
    "eu": "Atzo arratsaldean ibilaldi luzea egin genuen alde zaharrean zehar.",
    "fa": "دیروز عصر مدت زیادی در خیابان‌های قدیمی شهر قدم زدیم و گپ زدیم.",
    "fi": "Eilen illalla kävelimme pitkään vanhassakaupungissa ja juttelimme.",
    "fr": "Hier soir, nous nous sommes longuement promenés dans la vieille ville.",
    "ga": "Chuamar ag siúl cois farraige tráthnóna inné agus bhí an aimsir go breá.",
    "gu": "ગઈકાલે સાંજે અમે નદી કિનારે ઘણી વાર સુધી ફર્યા.",
    "ha": "Jiya da yamma mun je kasuwa domin mu sayi abinci da kayan miya.",
    "he": "אתמול בערב טיילנו שעה ארוכה בעיר העתיקה ודיברנו על הילדות.",
    "hi": "कल शाम हम लोग बहुत देर तक पुराने शहर में घूमते रहे।",
    "hu": "Tegnap este sokáig sétáltunk az óvárosban, és a gyerekkorunkról beszélgettünk.",
    "hy": "Երեկ երեկոյան մենք երկար զբոսնում էինք հին քաղաքում։",
    "id": "Kemarin sore kami berjalan-jalan karena cuacanya sangat bagus dan mobil kami rusak.",
    "ig": "Ụnyaahụ anyị gara ahịa zụta nri na akwụkwọ maka ụmụaka anyị.",
    "is": "Í gærkvöldi gengum við lengi um gamla bæinn og töluðum saman.",
    "it": "Ieri sera abbiamo fatto una lunga passeggiata nel centro storico.",
    "ja": "昨日の夕方、友達と一緒に古い町を長い間散歩しました。",
    "ka": "გუშინ საღამოს დიდხანს ვსეირნობდით ძველ ქალაქში.",
    "kk": "Кеше кешке біз ескі қалада ұзақ серуендеп, балалық шағымыз туралы сөйлестік.",
    "km": "ម្សិលមិញ យើងបានដើរលេងនៅក្នុងទីក្រុងចាស់។",
    "ko": "어제 저녁에 우리는 친구들과 함께 오래된 동네를 한참 걸었습니다.",
    "lt": "Vakar vakare ilgai vaikščiojome po senamiestį ir kalbėjomės apie vaikystę.",
    "lv": "Vakar vakarā mēs ilgi pastaigājāmies pa vecpilsētu un runājāmies.",
    "mi": "I haere mātou ki te tāone inanahi ki te hoko kai mā ngā tamariki.",
    "mr": "काल संध्याकाळी आम्ही जुन्या शहरात बराच वेळ फिरत होतो आणि गप्पा मारत होतो.",
    "my": "မနေ့က ညနေမှာ ကျွန်တော်တို့ မြို့ဟောင်းထဲမှာ လမ်းလျှောက်ခဲ့ကြတယ်။",
    "nb": "Hva synes du egentlig om den nye boken vi snakket om i går?",
    "nl": "Gisteravond hebben we nog lang door de oude binnenstad gewandeld.",
    "nn": "Kva tykkjer du eigentleg om den nye boka me snakka om i går?",
    "pl": "Wczoraj wieczorem długo spacerowaliśmy po starym mieście.",
    "pt": "Ontem à tarde demos um longo passeio pelo centro histórico da cidade.",
    "ro": "Aseară ne-am plimbat îndelung prin orașul vechi și am vorbit despre copilărie.",
    "ru": "Вчера вечером мы долго гуляли по старому городу и разговаривали.",
    "sk": "Včera večer sme sa dlho prechádzali po starom meste a rozprávali sme sa.",
    "sl": "Včeraj zvečer smo se dolgo sprehajali po starem mestu in se pogovarjali.",
    "so": "Shalay galabnimo waxaan aadnay suuqa si aan cunto ugu soo iibsanno carruurta.",
    "sq": "Mbrëmë shëtitëm gjatë nëpër qytetin e vjetër dhe folëm për fëmijërinë.",
    "sv": "Igår kväll promenerade vi länge genom gamla stan och pratade.",
    "sw": "Jana jioni tulitembea kwa muda mrefu katika mji wa kale pamoja na marafiki.",
    "ta": "நேற்று மாலை நாங்கள் பழைய நகரத்தில் நீண்ட நேரம் நடந்தோம்.",
    "te": "నిన్న సాయంత్రం మేము పాత ఊరిలో చాలాసేపు నడిచాము.",
    "th": "เมื่อวานตอนเย็นเราเดินเล่นในเมืองเก่ากันนานมาก",
    "tl": "Kahapon ng hapon ay matagal kaming naglakad sa lumang bayan kasama ang mga kaibigan.",
    "tn": "Maabane re ile kwa marekisetsong go reka dijo tsa bana le batsadi botlhe.",
    "tr": "Dün akşam eski şehirde uzun uzun yürüdük ve çocukluğumuzdan konuştuk.",
    "uk": "Учора ввечері ми довго гуляли старим містом і розмовляли про дитинство.",
    "ur": "کل شام ہم پرانے شہر میں بہت دیر تک ٹہلتے رہے اور بچپن کی باتیں کرتے رہے۔",
    "vi": "Chiều hôm qua chúng tôi đi dạo rất lâu trong khu phố cổ.",
    "xh": "Izolo sihambe ixesha elide edolophini kunye nabahlobo bethu kwaye sathetha ngobuntwana.",
    "yo": "Ní àná a lọ sí ọjà láti ra oúnjẹ fún àwọn ọmọ wa.",
    "zu": "Izolo ntambama sihambe isikhathi eside edolobheni futhi sakhuluma ngobuntwana bethu.",
}


@pytest.mark.parametrize("code", SENTENCES)
def test_a_plain_sentence_is_recognised(code: str) -> None:
    found = detect(SENTENCES[code])
    assert found.code == code
    assert found.script in language(code).scripts
    assert 0.3 < found.confidence <= 1


@pytest.mark.parametrize(
    ("text", "code", "script"),
    [
        ("我们昨天晚上在老城里走了很长时间。", "zh", "Hans"),
        ("我們昨天晚上在老城裡走了很長時間。", "zh", "Hant"),
        ("東京駅の近くで会いましょう", "ja", "Jpan"),
        ("日本経済新聞社", "ja", "Jpan"),
        ("我在學校學習日語の發音", "zh", "Hant"),
        ("สวัสดี", "th", "Thai"),
        ("Ευχαριστώ", "el", "Grek"),
        ("감사합니다", "ko", "Kore"),
        ("Где находится Google Chrome?", "ru", "Cyrl"),
        ("iPhone 15 のバッテリー", "ja", "Jpan"),
        ("Ljubav je lepa, ali čovek uvek želi više od sveta.", "sr", "Latn"),
        ("WO LIEGT DIE HAUPTSTADT VON FRANKREICH?", "de", "Latn"),
    ],
)
def test_language_and_script(text: str, code: str, script: str) -> None:
    found = detect(text)
    assert (found.code, found.script) == (code, script)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tko je osnovao sveučilište i koliko tisuća ljudi ondje radi?", "hr"),
        ("Ko je osnovao univerzitet i gde su deca provela celo vreme?", "sr"),
        ("Syarikat itu tidak membayar wang kerana mesyuarat di pejabat kerajaan dibatalkan.", "ms"),
        ("Perusahaan itu tidak membayar uang karena rapat di kantor pemerintah dibatalkan.", "id"),
        ("Unha das linguas máis faladas é o galego, pero tamén hai outras.", "gl"),
        ("Uma das línguas mais faladas é o português, mas também há outras.", "pt"),
        ("Bakı Azərbaycanın paytaxtı və ən böyük şəhəridir.", "az"),
        ("छोराछोरीहरू विद्यालय गएका छन् र आमा घरमा हुनुहुन्छ।", "ne"),
    ],
)
def test_confusable_languages_are_told_apart(one: str, other: str) -> None:
    assert detect(one).code == other


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("", "Zyyy"),
        ("   \n\t", "Zyyy"),
        ("12345", "Zyyy"),
        ("?!… — «»", "Zyyy"),
        ("😀👍🏽", "Zyyy"),
        ("\0\0", "Zyyy"),
        ("\ud800", "Zyyy"),
        ("ok", "Latn"),
        ("OK!", "Latn"),
        ("E=mc²", "Latn"),
        ("π", "Grek"),
        ("https://example.org/wiki/Berlin", "Latn"),
        ("someone@example.com", "Latn"),
    ],
)
def test_unknown_is_an_answer(text: str, script: str) -> None:
    found = detect(text)
    assert (found.code, found.confidence) == ("und", 0.0)
    assert found.script == script


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Hola", "es"),
        ("Merci!", "fr"),
        ("asante sana", "sw"),
        ("Спасибо", "ru"),
        ("नमस्ते", "hi"),
        ("سلام", "fa"),
    ],
)
def test_greetings(text: str, code: str) -> None:
    assert detect(text, [code]).code == code
    assert detect(text).code in (code, "und")


def test_candidates_decide_a_short_text() -> None:
    assert detect("Casa grande", ["pt"]).code == "pt"
    assert detect("Casa grande", ["it"]).code == "it"
    assert detect("Museum", ["de"]).confidence > 0.5


@pytest.mark.parametrize("code", ["de", "hu", "sw", "ru", "ar", "vi", "fi"])
def test_a_clear_text_outweighs_the_candidates(code: str) -> None:
    assert detect(SENTENCES[code], ["en", "fr", "uk", "fa", "tr", "id"]).code == code


def test_each_span_has_its_own_language() -> None:
    parts = [SENTENCES[code] for code in ("de", "ja", "ru", "en")]
    spans, start = [], 0
    for part in parts:
        spans.append((start, start + len(part)))
        start += len(part) + 1
    assert [found.code for found in detect_spans(" ".join(parts), spans)] == ["de", "ja", "ru", "en"]
    assert detect_spans("", []) == []


def test_neighbours_support_a_short_span() -> None:
    text = f"{SENTENCES['pt']}\nCasa grande.\n{SENTENCES['pt']}"
    middle = text.index("Casa")
    spans = [(0, middle - 1), (middle, middle + 12), (middle + 13, len(text))]
    assert [found.code for found in detect_spans(text, spans)] == ["pt"] * 3


@given(st.text(), st.lists(st.sampled_from(["de", "en", "zh", "ar", "xx"]), max_size=3))
@settings(max_examples=150, deadline=None)
def test_any_text_is_answered(text: str, candidates: list[str]) -> None:
    check(detect(text, candidates), text)


@given(st.text(alphabet=st.characters(codec=None), max_size=60))  # with lone surrogates
@settings(max_examples=100, deadline=None)
def test_lone_surrogates_are_answered(text: str) -> None:
    check(detect(text), text)


def check(found: Detection, text: str) -> None:
    assert 0 <= found.confidence <= 1
    assert all(0 <= confidence <= 1 for _, confidence in found.alternatives)
    assert found.code not in [code for code, _ in found.alternatives]
    assert len(found.script) == 4
    assert found.script.istitle()
    assert (found.code == "und") == (found.confidence == 0)
    if found.code != "und":
        assert found.script in language(found.code).scripts


@pytest.mark.parametrize(
    "text", ["x" * 1_000_000, "Ein langer Text. " * 60_000, "字" * 1_000_000, "a@" * 500_000]
)
def test_a_long_text_is_sampled(text: str) -> None:
    check(detect(text), text)


def test_composed_and_decomposed_are_the_same() -> None:
    for code in ("vi", "yo", "ko", "fr"):
        assert detect(unicodedata.normalize("NFD", SENTENCES[code])) == detect(SENTENCES[code])


def test_unknown_candidates_do_no_harm() -> None:
    assert detect(SENTENCES["fr"], ["tlh", ""]).code == "fr"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("de", "de"), ("DE", "de"), ("deu", "de"), ("ger", "de"), ("German", "de"), ("deutsch", "de"),
        ("zh-Hans", "zh"), ("zh_TW", "zh"), ("yue", "zh"), ("pt-BR", "pt"), ("no", "nb"), ("iw", "he"),
        ("日本語", "ja"), ("Русский", "ru"), ("العربية", "ar"), ("Türkçe", "tr"), ("Farsi", "fa"),
        ("te reo Māori", "mi"), ("Filipino", "tl"), (" français ", "fr"), ("swh", "sw"), ("arz", "ar"),
    ],
)  # fmt: skip
def test_a_language_by_code_or_name(asked: str, code: str) -> None:
    assert language(asked).code == code


@pytest.mark.parametrize(
    ("asked", "near"), [("Germann", "German (de)"), ("Swahilli", "(sw)"), ("qqq", "languages --all")]
)
def test_an_unknown_language_names_near_ones(asked: str, near: str) -> None:
    with pytest.raises(UnknownLanguage, match=r".") as raised:
        language(asked)
    assert near in str(raised.value)


def test_the_table_of_languages() -> None:
    known = {one.code: one for one in known_languages()}
    assert len(known) >= 170
    assert {code for code, one in known.items() if one.direction == "rtl"} >= {
        "ar",
        "he",
        "fa",
        "ur",
        "yi",
        "ps",
        "ug",
        "dv",
    }
    assert known["hr"].confusable >= {"bs", "sr"}
    for code, one in known.items():
        assert language(one.code) is one
        assert language(one.name) is one
        assert language(one.autonym).code
        assert code not in one.confusable
        assert all(code in known[other].confusable for other in one.confusable)
        assert code in ("ja", "zh") or one.scripts[0] == "Latn" or script_of(one.autonym) in one.scripts


def test_script_of() -> None:
    assert [script_of(text) for text in ("Привет", "नमस्ते", "カタカナ", "漢字", "汉字", "1")] == [
        "Cyrl", "Deva", "Jpan", "Hant", "Hans", "Zyyy",
    ]  # fmt: skip


def test_an_unknown_detector_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAGENT_DETECTOR", "crystal ball")
    with pytest.raises(UnknownName, match="core and lingua"):
        detect("Another sentence nobody has asked about before.")


def test_short_japanese_without_kana() -> None:
    assert detect("京都大学", ["ja"]).code == "ja"
    assert detect("京都大学", ["ja", "zh"]).code == "zh"
    assert detect("臺灣的首都是哪一個城市，有多少人住在那裡", ["ja"]).code == "zh"


def test_lingua_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lingua", None)
    with pytest.raises(MissingExtra, match="accurate"):
        detect("A sentence nobody has asked about before.", using="lingua")
