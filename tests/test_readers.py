"""Files to documents: every format, many encodings, and every way a file can be bad."""

# Samples stand on one line; and bytes may be read or refused, so an error is looked at where it is caught.
# ruff: noqa: E501, PT017

import csv
import json
import os
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xagent.errors import FileError, MissingExtra
from xagent.readers import READABLE, Document, plain, read
from xagent.readers._decoding import clean, decode
from xagent.readers.markdown import headings
from xagent.readers.pdf import in_reading_order

docx = pytest.importorskip("docx")
pypdf = pytest.importorskip("pypdf")
try:
    import trafilatura
except ImportError:  # it needs lxml_html_clean, which it does not always bring
    HTML = False
else:
    HTML = bool(trafilatura)
needs_html = pytest.mark.skipif(not HTML, reason="trafilatura cannot be imported")


def save(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def one(path: Path) -> Document:
    (document,) = read(path)
    return document


def reason(path: Path) -> str:
    with pytest.raises(FileError) as caught:
        list(read(path))
    message = str(caught.value)
    assert "\n" not in message
    assert path.name not in message
    return message


# --- text and its encodings ---

TEXTS = {
    "de": "Über die Brücke führt ein schmaler Weg, auf dem früher die Händler mit ihren Körben gingen. Heute hört man dort nur noch das Geräusch der Räder, und die größeren Häuser stehen leer. Am Abend öffnen zwei Gasthäuser.",
    "fr": "L'été dernier, nous avons traversé la forêt à pied. La rivière était très basse, et les pêcheurs réparaient leurs filets près du moulin. À la tombée de la nuit, une fête où l'on dansait a commencé sur la place.",
    "es": "El año pasado llovió muy poco y los niños jugaban en el río seco. ¿Quién recordaba ya la inundación? Según los más viejos, el agua llegó hasta la iglesia y se llevó los árboles más jóvenes del jardín.",
    "pl": "W zeszłym roku źródło wyschło i ludzie musieli nosić wodę z sąsiedniej wsi. Dzieci biegały po łące, a wieczorem wszyscy siadali przy ognisku i słuchali opowieści o dawnych czasach, gdy żyły tu jeszcze wilki.",
    "cs": "Loni v létě vyschla říčka za vesnicí a lidé museli nosit vodu z dalekých studní. Děti si hrály na louce, večer se všichni sešli u ohně a poslouchali příběhy o časech, kdy tu ještě žili medvědi a šelmy.",
    "hu": "Tavaly nyáron kiszáradt a patak, és az embereknek a szomszéd faluból kellett vizet hordaniuk. Esténként mindenki a tűz köré ült, és az öregek régi történeteket meséltek az erdőről, ahol egykor farkasok éltek. Őszre végre megjött az eső, és megtelt a kút.",
    "ro": "Anul trecut a secat fântâna şi oamenii aduceau apă din satul vecin. Copiii se jucau pe câmpie, iar seara toţi se strângeau în jurul focului şi ascultau poveşti despre vremea când aici trăiau lupi.",
    "tr": "Geçen yıl köyün çeşmesi kurudu ve insanlar suyu komşu köyden taşımak zorunda kaldı. Çocuklar çayırda koşuyor, akşamları herkes ateşin başında toplanıp eski günlerin masallarını dinliyordu. Işık söndüğünde şarkılar başlardı.",
    "lt": "Praėjusią vasarą išdžiūvo šulinys, ir žmonės nešė vandenį iš kaimyninio kaimo. Vaikai žaidė pievoje, o vakare visi rinkdavosi prie laužo ir klausydavosi pasakojimų apie senus laikus, kai čia dar gyveno vilkų.",
    "ru": "Прошлым летом в деревне высох колодец, и людям приходилось носить воду из соседнего села. Дети бегали по лугу, а вечером все собирались у костра и слушали рассказы о том времени, когда здесь ещё жили волки.",
    "uk": "Минулого літа в селі висохла криниця, і людям доводилося носити воду з сусіднього хутора. Діти бігали по лузі, а ввечері всі сідали біля вогнища й слухали оповідки про ті часи, коли тут ще жили вовки.",
    "bg": "Миналото лято кладенецът в селото пресъхна и хората трябваше да носят вода от съседното село. Децата тичаха по ливадата, а вечер всички се събираха около огъня и слушаха разкази за времето на вълците.",
    "el": "Το περασμένο καλοκαίρι στέρεψε το πηγάδι του χωριού και οι άνθρωποι έφερναν νερό από το διπλανό χωριό. Τα παιδιά έτρεχαν στο λιβάδι και το βράδυ όλοι μαζεύονταν γύρω από τη φωτιά και άκουγαν ιστορίες.",
    "he": "בקיץ שעבר יבשה הבאר בכפר, והאנשים נאלצו להביא מים מהכפר השכן. הילדים רצו באחו, ובערב התאספו כולם סביב המדורה והקשיבו לסיפורים על הימים שבהם עוד חיו כאן זאבים ביער הגדול שמעבר לנהר.",
    "ar": "في الصيف الماضي جفت بئر القرية واضطر الناس إلى جلب الماء من القرية المجاورة. كان الأطفال يركضون في المرج، وفي المساء يجتمع الجميع حول النار ويستمعون إلى قصص عن الزمن الذي عاشت فيه الذئاب هنا.",
    "th": "ฤดูร้อนปีที่แล้วบ่อน้ำในหมู่บ้านแห้งขอด ชาวบ้านต้องไปหาบน้ำจากหมู่บ้านข้างเคียง เด็ก ๆ วิ่งเล่นในทุ่งหญ้า ตอนเย็นทุกคนมานั่งล้อมกองไฟและฟังเรื่องเล่าในสมัยที่ยังมีหมาป่าอยู่ในป่าแห่งนี้",
    "ja": "去年の夏、村の井戸が涸れてしまい、人々は隣の村から水を運ばなければならなかった。子どもたちは草原を走り回り、夜になるとみんなで焚き火を囲んで、まだ狼がこの森にいたころの昔話を聞いたものだ。カメラを持った旅人もいた。",
    "zh": "去年夏天村里的井干了，人们只好到邻村去挑水。孩子们在草地上跑来跑去，到了晚上大家围着火堆坐下，听老人讲从前的故事，那时候山里还有狼。秋天终于下了雨，井里又有了水，村民都很高兴，唱歌跳舞直到天亮。",
    "zh-Hant": "去年夏天村裡的井乾了，人們只好到鄰村去挑水。孩子們在草地上跑來跑去，到了晚上大家圍著火堆坐下，聽老人講從前的故事，那時候山裡還有狼。秋天終於下了雨，井裡又有了水，村民都很高興，唱歌跳舞直到天亮。",
    "ko": "지난여름 마을 우물이 말라서 사람들은 이웃 마을에서 물을 길어 와야 했다. 아이들은 풀밭을 뛰어다녔고, 저녁이면 모두 모닥불 가에 둘러앉아 아직 이 숲에 늑대가 살던 시절의 옛날이야기를 들었다.",
    "vi": "Mùa hè năm ngoái giếng làng cạn khô, người dân phải sang làng bên gánh nước. Trẻ con chạy nhảy trên đồng cỏ.",
    "hi": "पिछली गर्मियों में गाँव का कुआँ सूख गया और लोगों को पड़ोस के गाँव से पानी लाना पड़ा।",
}  # fmt: skip
OLDER = [
    ("de", "cp1252"), ("fr", "cp1252"), ("es", "iso8859-1"), ("fr", "iso8859-15"), ("pl", "cp1250"), ("pl", "iso8859-2"),
    ("cs", "cp1250"), ("cs", "iso8859-2"), ("hu", "cp1250"), ("ro", "iso8859-2"), ("tr", "cp1254"), ("tr", "iso8859-9"),
    ("lt", "cp1257"), ("ru", "cp1251"), ("ru", "koi8-r"), ("ru", "iso8859-5"), ("ru", "cp866"), ("uk", "cp1251"),
    ("uk", "koi8-u"), ("bg", "cp1251"), ("el", "cp1253"), ("el", "iso8859-7"), ("he", "cp1255"), ("he", "iso8859-8"),
    ("ar", "cp1256"), ("ar", "iso8859-6"), ("th", "tis-620"), ("ja", "shift_jis"), ("ja", "euc-jp"),
    ("ja", "iso2022_jp"), ("zh", "gb18030"), ("zh", "gb2312"), ("zh-Hant", "big5"), ("ko", "euc-kr"),
]  # fmt: skip


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_in_every_form(tmp_path: Path, language: str, encoding: str) -> None:
    assert one(save(tmp_path, "a.txt", TEXTS[language].encode(encoding))).text == TEXTS[language]


@pytest.mark.parametrize(("language", "encoding"), OLDER)
def test_older_encodings_are_found(tmp_path: Path, language: str, encoding: str) -> None:
    assert one(save(tmp_path, "a.txt", TEXTS[language].encode(encoding))).text == TEXTS[language]


@pytest.mark.parametrize(("language", "encoding"), OLDER)
def test_a_short_text_is_read_right_or_not_at_all(language: str, encoding: str) -> None:
    for start in range(0, 60, 7):
        text = TEXTS[language][start : start + 40]
        try:
            assert decode(text.encode(encoding)) == text
        except FileError as error:
            assert "encoding" in str(error)


def test_an_unclear_encoding_is_an_error(tmp_path: Path) -> None:
    assert "save it as UTF-8" in reason(save(tmp_path, "a.txt", b"x \xb3\xb9 y"))


def test_a_damaged_byte_is_named_not_guessed_around(tmp_path: Path) -> None:
    content = TEXTS["ru"].encode()
    assert "damaged at byte 102, which is not UTF-8" in reason(
        save(tmp_path, "a.txt", content[:101] + b"\xff" + content[101:])
    )


def test_the_text_stays_raw_but_for_line_ends_nul_and_bom(tmp_path: Path) -> None:
    raw = "\ufeffe\u0301 caf\u00e9\r\nline\rend\0\x1b[31m\u202e\n" + "x" * 200
    assert (
        one(save(tmp_path, "a.txt", raw)).text == "e\u0301 caf\u00e9\nline\nend\x1b[31m\u202e\n" + "x" * 200
    )


def test_the_file_name_makes_the_title(tmp_path: Path) -> None:
    assert one(save(tmp_path, "annual_report-2024.txt", "x")).title == "annual report 2024"


def test_a_long_text_comes_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "WHOLE", 1000)
    paragraphs = [f"Absatz {number} über Bäche. " * 10 for number in range(40)]
    text = "\r\n\r\n".join(paragraphs)
    parts = list(read(save(tmp_path, "a.txt", text)))
    assert "".join(part.text for part in parts) == text.replace("\r\n", "\n")
    assert all(len(part.text) <= 1000 for part in parts)
    lines = text.split("\r\n")
    assert all(
        lines[int(part.part.removeprefix("line=")) - 1].startswith(part.text[:20].strip()) for part in parts
    )


def test_one_endless_line_comes_in_parts_of_different_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain, "WHOLE", 1000)
    text = "界" * 5500
    parts = list(read(save(tmp_path, "a.txt", text)))
    assert "".join(part.text for part in parts) == text
    assert [part.part for part in parts][:2] == ["line=1", "line=1,column=1001"]


@pytest.mark.parametrize(("name", "content", "expected"), [
    ("a.txt", b"", "empty"), ("a.txt", b" \n\t\n", "holds no text"), ("a.txt", bytes(range(256)) * 50, "control characters"),
    ("a.txt", b"%PDF-1.7 ...", "a pdf"), ("a.txt", b"\x89PNG\r\n\x1a\n", "a picture"), ("a.md", b"\xff\xfe", "no text"),
    ("a.txt", b"\x01\x02\x03 abc", "control characters"), ("a.csv", b"", "empty"), ("a.docx", b"", "empty"),
])  # fmt: skip
def test_files_that_are_no_text(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    assert expected in reason(save(tmp_path, name, content))


def test_folders_and_files_that_are_gone(tmp_path: Path) -> None:
    assert reason(tmp_path) == "a folder, not a file"
    assert reason(tmp_path / "gone.txt") == "no such file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_permission_denied(tmp_path: Path) -> None:
    path = save(tmp_path, "a.txt", "x")
    path.chmod(0)
    assert reason(path) == "permission denied"


def test_permission_denied_by_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert reason(save(tmp_path, "a.txt", "x")) == "permission denied"


@given(
    st.binary(max_size=300),
    st.sampled_from(sorted(READABLE if HTML else READABLE - {".html", ".htm"})),
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str
) -> None:
    path = save(tmp_path_factory.getbasetemp(), f"any{suffix}", content)
    try:
        for document in read(path):
            assert document.text.strip()
            assert "\0" not in document.text
            document.text.encode()
    except FileError as error:
        assert "\n" not in str(error)


# --- markdown ---


def test_markdown_headings_and_titles(tmp_path: Path) -> None:
    text = "---\ntitle: 'Der Fluss'\nlang: de\n---\n\n# Erste\n\nText.\n\n```sh\n# no heading\n```\n\nZweite\n======\n\nMehr.\n\n### Dritte ###\n"
    document = one(save(tmp_path, "a.md", text))
    assert document.text == text
    assert (document.title, document.language) == ("Der Fluss", "de")
    assert [heading for _, heading in document.headings] == ["Erste", "Zweite", "Dritte"]
    assert all(text[at:].lstrip("# ").startswith(heading) for at, heading in document.headings)


def test_markdown_title_from_the_first_heading(tmp_path: Path) -> None:
    assert one(save(tmp_path, "a.md", "## The **big** [river](u)\n\ntext")).title == "The big river"
    assert one(save(tmp_path, "my_notes.md", "text\n\n---\n\n- a\n---\n")).title == "my notes"


@given(st.text(st.sampled_from("# =-`~ab\n>*1."), max_size=80))
def test_markdown_headings_lie_in_order(text: str) -> None:
    places = [at for at, _ in headings(text)]
    assert places == sorted(set(places))
    assert all(at == 0 or text[at - 1] == "\n" for at in places)


# --- tables and JSON lines ---


def test_json_lines(tmp_path: Path) -> None:
    rows = [{"title": "A", "text": "eins\r\nzwei\u0000", "lang": "de"}, {"Content": "three", "id": 3}]
    path = save(tmp_path, "a.jsonl", "\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    assert list(read(path)) == [
        Document("line=1", "A", "eins\nzwei", language="de"), Document("line=3", "a", "three"),
    ]  # fmt: skip


@pytest.mark.parametrize(("line", "expected"), [
    ("{broken", "line 2 is not JSON"), ("[1]", "line 2 is not a JSON object"), ('{"id": 1}', "line 2 has no text in any of the fields text,"),
    ('{"text": "  "}', "line 2 has no text"), ('{"text": 5}', "line 2 has no text"), ("[" * 100_000, "line 2"), ("NaN", "line 2"),
    ('{"text": 1' + "0" * 5000 + "}", "line 2"),
])  # fmt: skip
def test_bad_json_lines_name_the_line(tmp_path: Path, line: str, expected: str) -> None:
    path = save(tmp_path, "a.ndjson", '{"text": "fine"}\n' + line)
    documents = read(path)
    assert next(documents).text == "fine"
    with pytest.raises(FileError, match=expected.replace("[", r"\[")):
        next(documents)


def test_json_lone_surrogates_cannot_come_in(tmp_path: Path) -> None:
    assert one(save(tmp_path, "a.jsonl", r'{"text": "a\ud800b \ud83d\ude00"}')).text == "a\ufffdb 😀"


def test_json_lines_are_read_one_by_one(tmp_path: Path) -> None:
    documents = read(save(tmp_path, "a.jsonl", '{"text": "x"}\n' * 50_000))
    assert [next(documents).part for _ in range(3)] == ["line=1", "line=2", "line=3"]


@pytest.mark.parametrize(
    ("name", "separator"), [("a.csv", ","), ("a.csv", ";"), ("a.csv", "\t"), ("a.csv", "|"), ("a.tsv", "\t")]
)
def test_tables(tmp_path: Path, name: str, separator: str) -> None:
    rows = [
        ["Title", "Text", "Language"],
        ["One", f'He said "{separator} hi".\nThen left', "en"],
        ["Два", "Текст", "ru"],
    ]
    path = tmp_path / name
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file, delimiter=separator).writerows(rows)
    assert list(read(path)) == [
        Document("line=2", "One", rows[1][1], language="en"), Document("line=3", "Два", "Текст", language="ru"),
    ]  # fmt: skip


def test_a_table_without_a_text_column(tmp_path: Path) -> None:
    documents = list(read(save(tmp_path, "cities.csv", "city,people,lang\nΑθήνα,600000,el\n,,\nParis,,fr\n")))
    assert [document.text for document in documents] == ["city: Αθήνα\npeople: 600000", "city: Paris"]
    assert [(document.part, document.language) for document in documents] == [
        ("line=2", "el"),
        ("line=4", "fr"),
    ]


def test_tables_of_one_column_and_huge_fields(tmp_path: Path) -> None:
    assert one(save(tmp_path, "a.csv", "text\na sentence; of course\n")).text == "a sentence; of course"
    limit = csv.field_size_limit()
    assert len(one(save(tmp_path, "a.csv", "text\n" + "x" * 1_000_000)).text) == 1_000_000
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(("content", "expected"), [
    ("a,b\n", "no other with text"), ("a,b\n1,2,3\n", "row 2 has 3 columns"), ('text\n"' + "x" * 10 + "\n", "x"), ("\n\n", "no header"),
])  # fmt: skip
def test_bad_tables(tmp_path: Path, content: str, expected: str) -> None:
    path = save(tmp_path, "a.csv", content)
    if expected == "x":
        assert "x" in one(path).text
    else:
        assert expected in reason(path)


# --- html ---


@needs_html
def test_html(tmp_path: Path) -> None:
    page = """<!doctype html><html lang="fr"><head><title>La  rivière</title><script>var x = 1;</script></head><body>
    <nav><a href="/">Accueil</a> <a href="/c">Contact</a></nav><main><article><h1>La rivière en été</h1>
    <p>La rivière était très basse l'été dernier, et les pêcheurs réparaient leurs filets près du moulin.</p>
    <h2>Le village</h2><ul><li>Première maison du village</li><li>Deuxième maison</li></ul>
    <p>Le soir, tout le monde se retrouvait autour du feu pour écouter les histoires.</p></article></main>
    <footer>Mentions légales</footer></body></html>"""
    for encoding in ("utf-8", "cp1252"):
        document = one(save(tmp_path, "a.html", page.encode(encoding)))
        assert (document.title, document.language) == ("La rivière", "fr")
        assert "pêcheurs réparaient" in document.text
        assert "Deuxième maison" in document.text
        assert "var x" not in document.text
        assert "Contact" not in document.text
        assert "Le village" in [heading for _, heading in document.headings]
        assert all(document.text.startswith(heading, at) for at, heading in document.headings)


@needs_html
def test_html_in_the_encoding_it_declares(tmp_path: Path) -> None:
    page = f'<html><head><meta charset="shift_jis"><title>夏</title></head><body><p>{TEXTS["ja"]}</p></body></html>'
    assert TEXTS["ja"] in one(save(tmp_path, "a.html", page.encode("cp932"))).text
    page = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"></head><p>“{TEXTS["de"]}”</p></html>'
    assert TEXTS["de"] in one(save(tmp_path, "a.htm", page.encode("cp1252"))).text


@needs_html
@pytest.mark.parametrize(
    "content", ["<html></html>", "<script>1</script>", "<!-- -->", "<nav><a href='x'>y</a></nav>"]
)
def test_html_without_text(tmp_path: Path, content: str) -> None:
    assert "no" in reason(save(tmp_path, "a.html", content))


@needs_html
def test_html_nested_deeply(tmp_path: Path) -> None:
    path = save(tmp_path, "a.html", "<div>" * 20_000 + "deep text in here, deep down" + "</div>" * 20_000)
    try:
        assert "deep text" in one(path).text
    except FileError as error:
        assert str(error)


# --- pdf ---


def pdf(folder: Path, *pages: str, title: str = "", password: str = "") -> Path:
    writer = pypdf.PdfWriter()
    font = pypdf.generic.DictionaryObject({
        pypdf.generic.NameObject("/Type"): pypdf.generic.NameObject("/Font"),
        pypdf.generic.NameObject("/Subtype"): pypdf.generic.NameObject("/Type1"),
        pypdf.generic.NameObject("/BaseFont"): pypdf.generic.NameObject("/Helvetica"),
    })  # fmt: skip
    for text in pages:
        page = writer.add_blank_page(300, 300)
        stream = pypdf.generic.DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode() if text else b"")
        page[pypdf.generic.NameObject("/Contents")] = writer._add_object(stream)
        page[pypdf.generic.NameObject("/Resources")] = pypdf.generic.DictionaryObject({
            pypdf.generic.NameObject("/Font"): pypdf.generic.DictionaryObject({pypdf.generic.NameObject("/F1"): font}),
        })  # fmt: skip
    if title:
        writer.add_metadata({"/Title": title})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    path = folder / "my_paper.pdf"
    writer.write(path)
    return path


def test_pdf_pages(tmp_path: Path) -> None:
    documents = list(read(pdf(tmp_path, "First page", "", "Third page", title="On Rivers")))
    assert [(d.part, d.title, d.text) for d in documents] == [
        ("page=1", "On Rivers", "First page"), ("page=3", "On Rivers", "Third page"),
    ]  # fmt: skip


@pytest.mark.parametrize("title", ["", "Microsoft Word - draft7.doc", "untitled", "paper.tex", "----"])
def test_pdf_titles_that_say_nothing(tmp_path: Path, title: str) -> None:
    assert next(read(pdf(tmp_path, "text", title=title))).title == "my paper"


def test_bad_pdfs(tmp_path: Path) -> None:
    assert "run OCR" in reason(pdf(tmp_path, "", ""))
    assert "password" in reason(pdf(tmp_path, "secret", password="x"))
    assert one(pdf(tmp_path, "open to all", password="")).text == "open to all"
    content = pdf(tmp_path, "text").read_bytes()
    assert "damaged" in reason(save(tmp_path, "half.pdf", b"%PDF-1.4 nothing here"))
    assert reason(save(tmp_path, "not.pdf", "plain text")).startswith("damaged, or not a pdf")
    list(read(save(tmp_path, "cut.pdf", content)))


def test_right_to_left_text_is_turned_round_when_it_comes_reversed() -> None:
    for text in (TEXTS["he"] + " בשנת 1998 (ראו Tel Aviv)", TEXTS["ar"] + " عام 1998"):
        lines = text.replace(". ", ".\n")
        backwards = "\n".join(
            line[::-1]
            .replace("8991", "1998")
            .replace("viva leT", "")
            .replace("(", "\1")
            .replace(")", "(")
            .replace("\1", ")")
            for line in lines.split("\n")
        )
        assert in_reading_order(lines) == lines
        assert in_reading_order(backwards).split()[:5] == lines.split()[:5]
        assert "1998" in in_reading_order(backwards)
    assert in_reading_order("only English") == "only English"


# --- docx ---


def test_docx(tmp_path: Path) -> None:
    file = docx.Document()
    file.add_heading("Der Fluss", 0)
    file.add_heading("Erster Teil", 1)
    file.add_paragraph("Über die Brücke führt ein Weg.")
    table = file.add_table(2, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Jahr", "Regen"
    table.cell(1, 0).merge(table.cell(1, 1)).text = "kein"
    file.add_heading("Zweiter Teil", 2)
    file.add_paragraph("Ende.")
    file.save(str(tmp_path / "a.docx"))
    document = one(tmp_path / "a.docx")
    assert document.title == "Der Fluss"
    assert document.text.split("\n\n") == [
        "Der Fluss",
        "Erster Teil",
        "Über die Brücke führt ein Weg.",
        "Jahr | Regen",
        "kein",
        "Zweiter Teil",
        "Ende.",
    ]
    assert [heading for _, heading in document.headings] == ["Der Fluss", "Erster Teil", "Zweiter Teil"]
    assert all(document.text.startswith(heading, at) for at, heading in document.headings)


def test_docx_title_from_its_properties(tmp_path: Path) -> None:
    file = docx.Document()
    file.core_properties.title = "Rivers"
    file.add_paragraph("text")
    file.save(str(tmp_path / "a.docx"))
    assert one(tmp_path / "a.docx").title == "Rivers"


def repacked(folder: Path, name: str, content: bytes) -> Path:
    """A docx with one part replaced or added."""
    docx.Document().save(str(folder / "plain.docx"))
    path = folder / "made.docx"
    with (
        zipfile.ZipFile(folder / "plain.docx") as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for item in source.infolist():
            target.writestr(item.filename, content if item.filename == name else source.read(item))
        if name not in source.namelist():
            target.writestr(name, content)
    return path


def test_bad_docx(tmp_path: Path) -> None:
    docx.Document().save(str(tmp_path / "blank.docx"))
    assert reason(tmp_path / "blank.docx") == "holds no text"
    assert "no zip archive" in reason(save(tmp_path, "text.docx", "plain text"))
    assert "no zip archive" in reason(
        save(tmp_path, "cut.docx", (tmp_path / "blank.docx").read_bytes()[:5000])
    )
    with zipfile.ZipFile(tmp_path / "other.docx", "w") as archive:
        archive.writestr("readme", "x")
    assert "not a docx" in reason(tmp_path / "other.docx")
    assert "not a docx" in reason(repacked(tmp_path, "word/document.xml", b"<broken"))


def test_zip_bombs_are_refused(tmp_path: Path) -> None:
    assert "refused" in reason(repacked(tmp_path, "word/media/image.bin", bytes(30_000_000)))
    path = repacked(tmp_path, "word/media/image.bin", bytes(30_000_000))
    # The sizes in the directory and before the part say 1,000 bytes, which is a lie.
    lying = path.read_bytes().replace((30_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert reason(save(tmp_path, "lying.docx", lying))


def test_entities_are_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><w:document>&b;</w:document>'
    for encoding in ("utf-8", "utf-16"):
        assert "entities" in reason(repacked(tmp_path, "word/document.xml", bomb.encode(encoding)))


@pytest.mark.parametrize(
    ("suffix", "package", "what"),
    [(".html", "trafilatura", "html"), (".pdf", "pypdf", "pdf"), (".docx", "docx", "docx")],
)
def test_a_missing_package_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, package: str, what: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"reading {what} needs an extra: pip install 'xagent\[docs\]'"):
        list(read(save(tmp_path, f"a{suffix}", "x")))


@given(st.text())
def test_clean_text_can_always_be_written(text: str) -> None:
    assert not {"\r", "\0"} & set(clean(text))
    clean(text + "\ud800").encode()
