"""A user's own terms: read from a table, kept with the store, and used in every search."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xagent.agent import Agent
from xagent.errors import BadGlossary
from xagent.lexicon.entries import written
from xagent.lexicon.glossary import FILE, NO_GLOSSARY, keep, kept, read_glossary
from xagent.lexicon.lexicon import Lexicon, _terms
from xagent.store import Store

from .test_cli import Command, xagent

__all__ = ["xagent"]

# What no general lexicon has: a firm's machines, by name.
TERMS = {
    "ar": "الصوّاغة السفلى",
    "de": "Unterzangler",
    "en": "lower zangler",
    "fi": "alazangli",
    "hi": "निचला ज़ैंगलर",
    "ja": "下部ザングラ",
    "sw": "zangala ya chini",
    "th": "แซงเลอร์ล่าง",
    "tr": "alt zangıç",
    "yo": "sángílà ìsàlẹ̀",
    "zh": "下赞格勒",
}
QUESTIONS = {
    "ar": "متى رُكّبت الصوّاغة السفلى؟",
    "de": "Wann wurde der Unterzangler eingebaut?",
    "en": "When was the lower zangler installed?",
    "fi": "Milloin alazangli asennettiin?",
    "hi": "निचला ज़ैंगलर कब लगाया गया?",
    "ja": "下部ザングラはいつ設置されましたか。",
    "sw": "Zangala ya chini iliwekwa lini?",
    "th": "แซงเลอร์ล่างติดตั้งเมื่อใด",
    "tr": "Alt zangıç ne zaman takıldı?",
    "yo": "Ìgbà wo ni wọ́n fi sángílà ìsàlẹ̀ sí i?",
    "zh": "下赞格勒是什么时候安装的？",
}


def table(folder: Path, text: str, name: str = "terms.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


@pytest.fixture
def terms(tmp_path: Path) -> Path:
    return table(tmp_path, ",".join(TERMS) + "\n" + ",".join(TERMS.values()) + "\n")


@pytest.fixture(scope="module")
def lexicon(tmp_path_factory: pytest.TempPathFactory) -> Lexicon:
    rows = ",".join(TERMS) + "\n" + ",".join(TERMS.values()) + "\n"
    return Lexicon(read_glossary(table(tmp_path_factory.mktemp("terms"), rows)))


@pytest.mark.parametrize("into", TERMS)
@pytest.mark.parametrize("language", TERMS)
def test_a_term_is_put_into_each_other_language(lexicon: Lexicon, language: str, into: str) -> None:
    if language == into:
        return
    sought = {way.terms for word in lexicon.words(QUESTIONS[language], language, into) for way in word}
    assert _terms(TERMS[into], into) in sought


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_read_however_it_is_separated(tmp_path: Path, separator: str) -> None:
    rows = [["en", "German", "中文"], ["heat pump | HP", "Wärmepumpe", "热泵"], ["", "Lüfter", "风扇"]]
    path = table(tmp_path, "\n".join(separator.join(row) for row in rows))
    read = read_glossary(path)
    assert [list(read[code].values()) for code in ("en", "de", "zh")] == [
        [("heat pump", "HP")],
        [("Wärmepumpe",), ("Lüfter",)],
        [("热泵",), ("风扇",)],
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no rows"),
        ("en\nheat pump\n", "two languages"),
        ("en,en\na,b\n", "two languages"),
        ("en,Elbonian\na,b\n", "Elbonian"),
        ("en,de\nfan,Lüfter,风扇\n", "row 2 has 3 cells"),
        ("en,de\nfan,Lüfter\npump,\n", "row 3 has a term in one language only"),
        ("en,de\nfan,?!\n", "row 2 has a term in one language only"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = table(tmp_path, text)
    with pytest.raises(BadGlossary, match=said) as raised:
        read_glossary(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_is_no_table_is_an_error_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"%PDF-1.7\x00\x01\x02" * 9)
    for path in (tmp_path / "none.csv", tmp_path, tmp_path / "a.csv"):
        with pytest.raises(BadGlossary) as raised:
            read_glossary(path)
        assert "\n" not in str(raised.value)


CELLS = st.lists(st.lists(st.text(max_size=8), max_size=4), max_size=4)


@given(CELLS)
def test_any_table_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("any") / "terms.csv"
    path.write_text("en,zh\n" + "\n".join(",".join(row) for row in cells), "utf-8", errors="replace")
    try:
        read = read_glossary(path)
    except BadGlossary:
        return
    assert all(words for entries in read.values() for words in entries.values())


def test_a_copy_is_kept_and_replaced(terms: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    assert kept(store) == NO_GLOSSARY
    keep(terms, store)
    assert kept(store) == read_glossary(terms)
    keep(table(tmp_path, "en,de\nfan,Lüfter\n", "other.csv"), store)
    assert set(kept(store)) == {"en", "de"}
    assert [path.name for path in store.iterdir()] == [FILE]


def test_two_glossaries_do_not_mix_their_rows(tmp_path: Path) -> None:
    one = read_glossary(table(tmp_path, "en,de\nfan,Lüfter\n", "one.csv"))
    other = read_glossary(table(tmp_path, "en,de\nsprocket,Ritzel\n", "other.csv"))
    both = Lexicon(one).with_terms(other)
    ways = [way.terms for word in both.words("the sprocket", "en", "de") for way in word]
    assert not any("_luf" in terms for terms in ways)
    assert any("_rit" in terms for terms in ways)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "a.md").write_text("# Halle 3\n\nDer Unterzangler wurde 1974 in Halle 3 eingebaut.\n", "utf-8")
    for n in range(8):
        (folder / f"b{n}.md").write_text(
            f"# Halle {n + 10}\n\nHier stehen {n + 2} Pressen von 198{n}.\n", "utf-8"
        )
    return folder


def test_ingested_with_documents_it_serves_every_search_after(
    terms: Path, documents: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    with Agent(store, glossary=terms) as agent:
        agent.ingest([documents])
    terms.unlink()
    with Agent(store) as agent:
        assert agent.search("下赞格勒").hits[0].passage.text.startswith("Der Unterzangler")


def test_given_with_a_question_it_is_used_and_not_kept(terms: Path, documents: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    with Agent(store) as agent:
        agent.ingest([documents])
    with Agent(store, glossary=terms) as agent:
        assert agent.search("下赞格勒").hits[0].passage.text.startswith("Der Unterzangler")
    with Store.open(store) as opened:
        assert not opened.lexicon.words("下赞格勒", "zh", "de")[0][0].terms[0].startswith("_unt")


def test_a_bad_glossary_keeps_anything_from_being_ingested(documents: Path, tmp_path: Path) -> None:
    bad = table(tmp_path, "en,de\npump,\n")
    with Agent(tmp_path / "store", glossary=bad) as agent, pytest.raises(BadGlossary):
        agent.ingest([documents])
    assert not (tmp_path / "store").exists()


def test_on_the_command_line(xagent: Command, terms: Path, documents: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    xagent("ingest", documents, "--store", store)
    asked = ("ask", "下赞格勒是什么时候安装的？", "--store", store, "--graph", "quote")
    assert xagent(*asked).code == 3
    done = xagent(*asked, "--glossary", terms)
    assert (done.code, done.err) == (0, "")
    assert "Der Unterzangler wurde 1974 in Halle 3 eingebaut." in done.out
    assert xagent(*asked).code == 3
    assert xagent("ingest", documents, "--store", store, "--glossary", terms).code == 0
    assert xagent(*asked).out == done.out


def test_a_bad_line_on_the_command_line(xagent: Command, documents: Path, tmp_path: Path) -> None:
    bad = table(tmp_path, "en,de\nfan,Lüfter\npump,\n")
    done = xagent("search", "fan", "--store", tmp_path / "store", "--glossary", bad)
    assert done.code != 0
    xagent("ingest", documents, "--store", tmp_path / "store")
    done = xagent("search", "fan", "--store", tmp_path / "store", "--glossary", bad)
    assert (done.code, done.out) == (2, "")
    assert (
        done.err == f"xagent: the glossary {bad}: row 3 has a term in one language only; add it in another\n"
    )


@pytest.mark.integration
def test_the_lexicon_is_checked_on_the_command_line(xagent: Command) -> None:
    done = xagent("lexicon", "check")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].split() == ["code", "language", "concepts", "with", "words"]
    assert lines[-1] == "sound"
    assert len(lines) == 2 + len(written())
    data = xagent("lexicon", "check", "--json").data
    assert data["languages"] == len(written()) == len(data["coverage"])
    assert data["entries"] == sum(data["coverage"].values())
    assert (data["problems"], data["found"]) == (0, [])
