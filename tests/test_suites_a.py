"""The suites XRAG, BordIRlines, Belebele, MLQA, custom and sample, and how data sets are read."""

import gzip
import re
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel

from tests.data_shapes_a import (
    BELEBELE,
    ENGLISH,
    GERMAN,
    MLQA,
    QUESTIONS,
    belebele_row,
    squad,
    write_belebele,
    write_borderlines,
    write_bordirlines,
    write_json,
    write_lines,
    write_mlqa,
    write_xrag,
    xrag_row,
)
from xagent.answer import Answer, AnswerCitation, QuestionLanguage, Usage
from xagent.errors import InputError, MissingExtra
from xagent.evaluation import squad as squad_files
from xagent.evaluation.records import Record
from xagent.evaluation.rows import content_id, numbered, rows, whole
from xagent.evaluation.runner import Plan, run_suite, unwatched
from xagent.evaluation.samples import Sample, Suite
from xagent.registry import load, names

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\r\n\0"), min_size=1)


NAMES = (
    "Japan",
    "Türkiye",
    "ประเทศไทย",
    "Nàìjíríà",
    "Costa Rica",
    "中华人民共和国",
    "إسرائيل",
    "Côte d'Ivoire",
)


class Line(BaseModel):
    """A row of the tests' own."""

    text: str
    count: int = 0


def suite(name: str) -> Suite:
    found: Suite = load("evals", name).suite
    return found


def samples(name: str, data: Path, setting: str) -> list[Sample]:
    return list(suite(name).load(data, setting))


def texts(name: str, data: Path, setting: str) -> dict[str, str]:
    """A setting's corpus. No document is in it twice, and all that a sample names are."""
    documents = list(suite(name).corpus(data, setting))
    found = {document.id: document.text for document in documents}
    assert len(found) == len(documents)
    for sample in samples(name, data, setting):
        assert {*sample.documents, *sample.relevant} <= found.keys()
    return found


def record(sample: Sample, text: str) -> Record:
    """What became of a sample."""
    answer = Answer(
        question=sample.question,
        question_language=QuestionLanguage(code=sample.language, script="", confidence=1.0),
        language=sample.language, text=text, verdict="answered" if text else "abstained", reason="",
        citations=(), passages=(), usage=Usage(), timings={}, graph="qa", model=None,
    )  # fmt: skip
    return Record(key=sample.id, sample=sample, answer=answer)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


# rows


@given(st.lists(TEXT))
def test_json_lines_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, written: list[str]
) -> None:
    path = tmp_path_factory.mktemp("rows") / "texts.jsonl"
    write_lines(path, [{"text": text, "count": number} for number, text in enumerate(written)])
    assert [row.text for row in rows(path, Line)] == written


@given(st.lists(CELL), st.sampled_from([".tsv", ".csv"]))
def test_a_table_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, written: list[str], suffix: str
) -> None:
    path = tmp_path_factory.mktemp("rows") / f"texts{suffix}"
    quoted = [f'"{text.replace(chr(34), chr(34) * 2)}"' for text in written] if suffix == ".csv" else written
    path.write_bytes("".join(f"{line}\n" for line in ["text", *quoted]).encode())
    assert [row.text for row in rows(path, Line)] == written


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_a_byte_order_mark_crlf_and_an_empty_last_line_are_no_part_of_a_row(
    tmp_path: Path, name: str, end: str
) -> None:
    raw = "\ufeff" + end.join(['{"text": "שלום\u2028 日本"}', '{"text": "สวัสดี"}', "", ""])
    path = tmp_path / name
    path.write_bytes(gzip.compress(raw.encode()) if name.endswith("gz") else raw.encode())
    assert [row.text for row in rows(path, Line)] == ["שלום\u2028 日本", "สวัสดี"]


def test_a_row_has_the_line_it_ends_in(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('text,count\n"ห้องสมุด\nกลาง",1\nหอ,2\n', "utf-8")
    (tmp_path / "a.jsonl").write_text('{"text": "ile", "count": 1}\n\n{"text": "ìwé", "count": 2}\n', "utf-8")
    found = [[line for line, _ in numbered(tmp_path / name, Line)] for name in ("a.csv", "a.jsonl")]
    assert found == [[3, 4], [1, 3]]


def test_a_packed_table_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(gzip.compress('\ufefftext\tcount\r\n"İstanbul" mu?\t3\r\n'.encode()))
    assert list(rows(path, Line)) == [Line(text='"İstanbul" mu?', count=3)]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "a.jsonl",
            '{"text": "a"}\n{"text": 5}\n',
            r"a\.jsonl, line 2, text: Input should be a valid string",
        ),
        ("a.jsonl", '{"text": "a"}\n\n{"text": \n', r"a\.jsonl, line 3: Invalid JSON"),
        ("a.jsonl", '{"text": "\\ud800"}\n', r"a\.jsonl, line 1: Invalid JSON"),
        ("a.tsv", "text\tcount\na\t1\nb\tx\n", r"a\.tsv, line 3, count: Input should be a valid integer"),
        ("a.tsv", "text\tcount\na\n", r"a\.tsv, line 2: not 2 fields, as in the header"),
        ("a.csv", "text,count\na,1,2\n", r"a\.csv, line 2: not 2 fields, as in the header"),
        ("a.csv", ",text,count\n0,a,x\n", r"a\.csv, line 2, count: Input should be a valid integer"),
        ("a.csv", 'text,count\n"a,1\nb,2\n', r"a\.csv, line 2: unexpected end of data"),
        ("a.jsonl.gz", "not packed", r"a\.jsonl\.gz cannot be read: Not a gzipped file"),
    ],
)
def test_a_bad_row_is_named_by_file_line_and_field(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(InputError, match=said) as caught:
        list(rows(tmp_path / name, Line))
    assert "\n" not in str(caught.value)


def test_what_is_not_there_not_utf8_or_cut_off_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "latin.jsonl").write_bytes('{"text": "Zürich"}'.encode("latin-1"))
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(b'{"text": "a"}\n' * 999)[:40])
    for name, said in [
        ("gone.jsonl", "No such file"),
        ("latin.jsonl", "invalid"),
        ("cut.jsonl.gz", "ended before"),
        (".", "Is a directory"),
    ]:
        with pytest.raises(InputError, match=rf"cannot be read: .*{said}"):
            list(rows(tmp_path / name, Line))


class _Hub(ModuleType):
    """A stand-in for `datasets`, which is not reached in tests: one file of one dataset."""

    asked: tuple[str, str, str] | None = None

    def load_dataset(self, name: str, *, data_files: str, split: str) -> list[Mapping[str, object]]:
        self.asked = (name, data_files, split)
        if name != "lamps/texts":
            raise ConnectionError("Couldn't reach the hub\n(offline)")
        return [{"text": "taa", "count": 1}, {"text": "lamppu", "count": "many"}]


def test_a_dataset_of_the_hub_is_read_like_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = _Hub("datasets")
    monkeypatch.setitem(sys.modules, "datasets", hub)
    found = rows(Path("lamps/texts"), Line, "texts.jsonl")
    assert next(found) == Line(text="taa", count=1)
    assert hub.asked == ("lamps/texts", "texts.jsonl", "train")
    with pytest.raises(InputError, match=r"^lamps/texts, texts\.jsonl, row 2, count: "):
        next(found)


def test_a_hub_that_cannot_be_reached_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", _Hub("datasets"))
    with pytest.raises(InputError, match=r"no file or folder other/texts.*Couldn't reach the hub$"):
        list(rows(Path("other/texts"), Line, "texts.jsonl"))
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtra, match=r"pip install 'xagent\[eval\]'"):
        samples("xrag", Path("AmazonScience/XRAG"), "oracle")


# SQuAD


@given(TEXT, TEXT.filter(bool), TEXT, TEXT)
def test_a_squad_answer_stands_where_it_is_said_to(
    tmp_path_factory: pytest.TempPathFactory, before: str, answer: str, after: str, title: str
) -> None:
    context = before + answer + after
    path = tmp_path_factory.mktemp("squad") / "a.json"
    write_json(path, squad(context, "Milloin?", answer, title))
    (question,) = squad_files.read(path)
    (gold,) = question.answers
    assert question.context[gold.start :].startswith(gold.text)
    assert (question.context, question.title, question.paragraph) == (context, title, "0.0")


def test_a_squad_file_that_is_not_one_is_named_with_the_field(tmp_path: Path) -> None:
    path = write_json(
        tmp_path / "a.json", {"data": [{"paragraphs": [{"context": "x", "qas": [{"id": "1"}]}]}]}
    )
    with pytest.raises(
        InputError, match=r"a\.json, data, 0, paragraphs, 0, qas, 0, question: Field required"
    ):
        list(squad_files.read(path))
    with pytest.raises(InputError, match=r"gone\.json cannot be read: No such file"):
        whole(tmp_path / "gone.json", dict[str, str])


# XRAG


def test_xrag_tells_the_multilingual_rows_by_their_articles(folder: Path) -> None:
    write_xrag(folder)
    asked = {name: samples("xrag", folder, name) for name in suite("xrag").settings}
    assert [one.language for one in asked["monolingual"]] == list(QUESTIONS)
    (mixed,) = asked["multilingual"]
    assert (mixed.language, mixed.evidence_language) == ("de", "de")
    assert {one.evidence_language for one in asked["monolingual"]} == {"en"}
    assert [len(asked[name]) for name in ("pooled", "oracle", "distractors", "english")] == [5, 5, 5, 2]
    ids = [one.id for listed in asked.values() for one in listed]
    assert len(set(ids)) == len(ids)


def test_xrag_shows_the_articles_in_their_order_and_each_setting_its_own(folder: Path) -> None:
    write_xrag(folder)
    names = [content_id(article) for article in ENGLISH]
    for setting, shown in [
        ("monolingual", [*names[2:], *names[:2]]),
        ("oracle", names[:2]),
        ("distractors", names[2:]),
        ("pooled", []),
    ]:
        sample = samples("xrag", folder, setting)[0]
        assert list(sample.documents) == shown
        assert sample.answerable is (setting != "distractors")
        assert list(sample.relevant) == (names[:2] if sample.answerable else [])
        assert sample.answers == ((QUESTIONS["ar"][1],) if sample.answerable else ())


@given(st.permutations(range(8)), st.lists(st.booleans(), min_size=8, max_size=8))
def test_an_xrag_article_stands_where_its_order_says(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], support: list[bool]
) -> None:
    path = tmp_path_factory.mktemp("xrag") / "xrag.dev.jsonl"
    write_lines(path, [xrag_row("es", article_order=order, is_support=list(map(int, support)))])
    (sample,) = samples("xrag", path, "english")
    names = [content_id(article) for article in ENGLISH]
    assert [sample.documents[place] for place in order] == names
    assert set(sample.relevant) == {name for name, one in zip(names, support, strict=True) if one}
    for setting, kept in (("oracle", True), ("distractors", False)):
        shown = [one.documents for one in samples("xrag", path, setting)]
        among = [name for name in sample.documents if support[names.index(name)] is kept]
        assert shown == ([tuple(among)] if among else [])


def test_xrag_has_each_article_once_however_many_rows_share_it(folder: Path) -> None:
    write_xrag(folder)
    assert set(texts("xrag", folder, "pooled").values()) == {*ENGLISH, *GERMAN}
    assert set(texts("xrag", folder, "monolingual").values()) == set(ENGLISH)
    assert set(texts("xrag", folder, "oracle").values()) == {*ENGLISH[:2], *GERMAN}
    documents = {one.text: one for one in suite("xrag").corpus(folder, "pooled")}
    assert (documents[GERMAN[0]].language, documents[ENGLISH[0]].language) == ("de", "en")
    assert documents[ENGLISH[0]].title == "news.example, 2024-07-01"


def test_parallel_xrag_questions_are_one_group_and_asked_once_in_english(folder: Path) -> None:
    write_xrag(folder)
    assert len({one.group for one in samples("xrag", folder, "monolingual")}) == 1
    english = samples("xrag", folder, "english")
    assert [(one.language, one.answers) for one in english] == [("en", ("losing the best berths",))] * 2
    assert [one.documents[-1] for one in english] == [content_id(ENGLISH[1]), content_id(GERMAN[1])]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"dates": ["2024-07-01"]},
            "line 1: Value error, articles, dates, urls, is_support and article_order",
        ),
        ({"is_support": ["yes"] * 8}, "line 1, is_support, 0: Input should be a valid integer"),
        ({"question": None}, "line 1, question: Input should be a valid string"),
    ],
)
def test_a_bad_xrag_row_is_named(tmp_path: Path, changes: Mapping[str, object], said: str) -> None:
    path = write_lines(tmp_path / "xrag.dev.jsonl", [{**xrag_row("zh"), **changes}])
    with pytest.raises(InputError, match=said):
        samples("xrag", path, "monolingual")


def test_an_xrag_row_may_have_null_dates_and_no_distractors(tmp_path: Path) -> None:
    row = xrag_row("es", ENGLISH[:2], dates=[None, None], urls=[None, "x"])
    path = write_lines(tmp_path / "xrag.dev.jsonl", [row])
    assert samples("xrag", path, "distractors") == []
    assert [one.title for one in suite("xrag").corpus(path, "oracle")] == ["", ""]


# BordIRlines


def by_territory(found: list[Sample], name: str) -> dict[str, Sample]:
    """A territory's questions by the data's code of their language."""
    return {one.facts["prompt_language"]: one for one in found if one.group == name}


def test_borderlines_asks_each_territory_in_english_and_in_its_claimants_languages(folder: Path) -> None:
    found = samples("bordirlines", write_borderlines(folder), "no_ir")
    assert [one.facts["prompt_language"] for one in found] == ["control"] * 3 + ["fi", "iw", "ja", "ko", "nl"]
    assert len({one.id for one in found}) == 8
    rocks = by_territory(found, "Petrel Rocks")
    assert rocks["ko"].options == ("일본", "대한민국")
    assert (rocks["ko"].language, rocks["ko"].answers) == ("ko", ("일본",))
    assert dict(rocks["control"].facts) == {
        "territory": "Petrel Rocks",
        "controller": "Japan",
        "claimants": "Japan;South Korea",
        "controller_languages": "ja",
        "claimant_languages": "ja;ko",
        "prompt_language": "control",
    }
    meadow = by_territory(found, "Stork Meadow")
    assert (meadow["iw"].language, meadow["iw"].answers) == ("he", ())
    assert meadow["fi"].facts["claimant_languages"] == "fi;iw;en"
    assert by_territory(found, "Amber Reef")["nl"].answers == ("Guyana",)
    assert list(suite("bordirlines").corpus(folder, "no_ir")) == []


def test_a_line_too_many_in_borderlines_is_an_error(folder: Path) -> None:
    path = write_borderlines(folder) / "translate" / "prompts_mc_q" / "prompts.fi"
    path.write_text(path.read_text("utf-8") * 2, "utf-8")
    with pytest.raises(
        InputError, match=r"prompts\.fi and choices\.fi have 2 questions and 1 lists of options for 1"
    ):
        samples("bordirlines", folder, "no_ir")


@pytest.mark.parametrize("header", [("territory", "language"), ("territory",)])
def test_bordirlines_gives_each_question_its_ten_best_passages(folder: Path, header: tuple[str, ...]) -> None:
    write_bordirlines(folder, header)
    rocks = by_territory(samples("bordirlines", folder, "qlang"), "Petrel Rocks")
    assert rocks["ja"].documents == tuple(f"ja/{4 + n}_p0" for n in range(11, 1, -1))
    assert rocks["control"].documents[0] == "en/12_p0"
    assert texts("bordirlines", folder, "qlang")["ja/15_p0"] == "[ja] passage 15"
    assert {name[:2] for name in texts("bordirlines", folder, "en")} == {"en"}
    assert {one.language for one in suite("bordirlines").corpus(folder, "qlang")} == {
        "en", "fi", "he", "ja", "ko", "nl"
    }  # fmt: skip


def test_passages_are_enough_to_know_claimants_and_options_by(folder: Path) -> None:
    found = samples("bordirlines", write_bordirlines(folder), "no_ir")
    assert len(found) == 8
    meadow = by_territory(found, "Stork Meadow")
    assert meadow["control"].options == ("Finland", "Israel", "United Kingdom")
    assert meadow["fi"].options == ("Suomi", "Israel", "Britannia")
    assert meadow["iw"].options == ("פינלנד", "ישראל", "בריטניה")
    assert meadow["fi"].facts["claimants"] == "Finland;Israel;United Kingdom"
    assert set(meadow["fi"].facts["claimant_languages"].split(";")) == {"en", "fi", "iw"}
    assert meadow["fi"].facts["controller"] == "Unknown"


@given(st.lists(st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True), min_size=2))
def test_options_are_cut_out_of_the_questions_of_a_language(
    tmp_path_factory: pytest.TempPathFactory, options: list[list[str]]
) -> None:
    """They need two questions that do not end alike, and names that do not either."""
    assume(all(len({one[end] for one in options}) > 1 for end in (0, -1)))
    folder = tmp_path_factory.mktemp("options")
    lines = []
    for number, claimants in enumerate(options):
        lettered = " lai ".join(f"{letter}) {name}" for letter, name in zip("ABCD", claimants, strict=False))
        lines.append(f"Q{number}\tErinle {number} jẹ́ ti {lettered} nínú ayé?\tT{number}\tyo")
    table = "\n".join(["query_id\tquery_text\tterritory\tlanguage", *lines])
    (folder / "queries.tsv").write_text(table, "utf-8")
    assert [list(one.options) for one in samples("bordirlines", folder, "no_ir")] == options


def test_both_halves_together_have_the_ids_of_one_and_the_facts_of_the_other(folder: Path) -> None:
    write_borderlines(write_bordirlines(folder))
    rocks = by_territory(samples("bordirlines", folder, "rel_langs"), "Petrel Rocks")
    assert rocks["ja"].id == "rel_langs/Q4"
    assert rocks["ja"].answers == ("日本",)
    assert rocks["ja"].facts["controller_languages"] == "ja"


def test_swapped_passages_are_those_of_the_next_claimant(folder: Path) -> None:
    write_borderlines(write_bordirlines(folder))
    found = samples("bordirlines", folder, "swap")
    given = {one.id: {name.partition("/")[0] for name in one.documents} for one in found}
    meadow = by_territory(found, "Stork Meadow")
    assert {code: given[one.id] for code, one in meadow.items()} == {
        "fi": {"iw"}, "iw": {"en"}, "control": {"fi"}
    }  # fmt: skip
    rocks = by_territory(found, "Petrel Rocks")
    assert {code: given[one.id] for code, one in rocks.items()} == {
        "ja": {"ko"},
        "ko": {"ja"},
        "control": {"ja"},
    }
    texts("bordirlines", folder, "swap")


def test_only_the_passages_that_are_relevant_or_only_the_others(folder: Path) -> None:
    write_bordirlines(folder)
    with pytest.raises(InputError, match=r"data has no llm_annotations\.tsv"):
        samples("bordirlines", folder, "qlang:relevant")
    judged = [("Q4", f"{4 + n}_p0", n % 2 == 0) for n in range(12) if n != 5]  # ja; the sixth by nobody
    lines = [f"{query}\t{name}\tFalse\t{str(relevant).upper()}" for query, name, relevant in judged]
    header = "query_id\tdoc_id\trelevant_zeroshot\trelevant_fewshot"
    (folder / "data" / "llm_annotations.tsv").write_text("\n".join([header, *lines]), "utf-8")
    shown = {}
    for kind in ("relevant", "non_relevant"):
        (rocks,) = samples("bordirlines", folder, f"qlang:{kind}")  # of the others nothing is known
        assert (rocks.language, rocks.id) == ("ja", f"qlang:{kind}/Q4")
        shown[kind] = rocks.documents
        assert set(texts("bordirlines", folder, f"qlang:{kind}")) == set(rocks.documents)
    assert shown == {
        "relevant": tuple(f"ja/{4 + n}_p0" for n in (10, 8, 6, 4, 2)),
        "non_relevant": tuple(f"ja/{4 + n}_p0" for n in (11, 9, 7, 3)),
    }


def test_what_bordirlines_lacks_is_said(folder: Path) -> None:
    folder.mkdir()
    with pytest.raises(InputError, match=r"no disputed_territories\.csv and no data/queries\.tsv"):
        samples("bordirlines", folder, "no_ir")
    write_bordirlines(folder)
    with pytest.raises(InputError, match=r"no passages: no LANGUAGE/m3/en/LANGUAGE_query_hits\.tsv"):
        samples("bordirlines", folder, "en:m3")
    write_json(folder / "data" / "all_docs.json", {"en": {}})
    with pytest.raises(InputError, match=r"all_docs\.json has no \d+_p0 in en, which was found for Q"):
        list(suite("bordirlines").corpus(folder, "en"))


def test_bordirlines_figures_see_who_is_said_to_own_what(folder: Path) -> None:
    found = samples("bordirlines", write_borderlines(folder), "no_ir")
    letters = {"Petrel Rocks": {"ja": "A) 日本", "ko": "B) 대한민국", "control": "A) Japan"}}
    said = [letters.get(one.group, {}).get(one.facts["prompt_language"], "B)") for one in found]
    figures = suite("bordirlines").figures([record(one, text) for one, text in zip(found, said, strict=True)])
    expected = {"kb_cs": 1.0, "control_cs": 1.0, "non_control_cs": 0.5, "delta_cs": 1.0, "no_option": 0.0}
    assert {name: figures[name] for name in expected} == expected


# Belebele


def test_belebele_puts_the_same_question_to_the_same_passage_in_any_two_languages(folder: Path) -> None:
    write_belebele(folder)
    same = samples("belebele", folder, "same")
    assert Counter(one.language for one in same) == dict.fromkeys(("en", "hi", "sw", "th", "yo"), 2)
    assert {one.answers[0] for one in same} == {options[1] for _, _, options in BELEBELE.values()}
    assert len({one.group for one in same}) == 2
    english = samples("belebele", folder, "english_passages")
    assert {one.evidence_language for one in english} == {"en"}
    assert [one.question for one in english] == [one.question for one in same]
    assert list(texts("belebele", folder, "english_passages").values()) == [BELEBELE["eng_Latn"][0]]
    asked = samples("belebele", folder, "english_questions")
    assert {(one.language, one.options[1]) for one in asked} == {("en", "midnight")}
    assert [one.evidence_language for one in asked] == [one.language for one in same]
    assert set(texts("belebele", folder, "same").values()) == {passage for passage, _, _ in BELEBELE.values()}


def test_belebele_says_what_is_missing_and_which_row_is_bad(folder: Path) -> None:
    folder.mkdir()
    with pytest.raises(InputError, match=r"no file like deu_Latn\.jsonl"):
        samples("belebele", folder, "same")
    write_belebele(folder / "data")
    write_lines(folder / "data" / "eng_Latn.jsonl", [belebele_row("eng_Latn")])
    with pytest.raises(InputError, match=r"eng_Latn has no question .*#2, which hin_Deva has"):
        samples("belebele", folder, "english_passages")
    write_lines(folder / "data" / "tha_Thai.jsonl", [belebele_row("tha_Thai", correct_answer_num="5")])
    with pytest.raises(InputError, match=r"tha_Thai\.jsonl, line 1, correct_answer_num"):
        samples("belebele", folder, "same")


def test_every_variety_of_belebele_has_a_code() -> None:
    assert {"ar", "he", "mn", "ps", "sq", "sw", "tl", "zh"} <= set(suite("belebele").languages)


# MLQA


def test_mlqa_pairs_languages_and_knows_the_answer_in_both(folder: Path) -> None:
    write_mlqa(folder)
    same = samples("mlqa", folder, "same")
    assert [(one.language, one.evidence_language) for one in same] == [
        ("ar", "ar"),
        ("en", "en"),
        ("zh", "zh"),
    ]
    (pair,) = samples("mlqa", folder, "zh>ar")
    assert (pair.language, pair.evidence_language) == ("zh", "ar")
    assert pair.answers == (MLQA["zh"][2], MLQA["ar"][2])
    assert pair.documents == pair.relevant
    cross = samples("mlqa", folder, "cross")
    assert len({one.id for one in (*same, *cross, pair)}) == 3 + 6 + 1
    assert {one.group for one in cross} == {pair.group}
    assert set(texts("mlqa", folder, "cross").values()) == {context for context, _, _ in MLQA.values()}
    assert list(texts("mlqa", folder, "zh>ar").values()) == [MLQA["ar"][0]]


def test_mlqa_reads_a_folder_of_one_split_and_says_which_pair_is_missing(folder: Path) -> None:
    write_mlqa(folder)
    assert len(samples("mlqa", folder / "test", "cross")) == 6
    with pytest.raises(InputError, match="no file of questions in de over paragraphs in ar"):
        samples("mlqa", folder, "de>ar")
    with pytest.raises(InputError, match=r"no file like test-context-ar-question-de\.json"):
        samples("mlqa", folder.parent, "same")


# custom


def test_a_line_of_your_own_needs_only_its_question(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "my.jsonl", [{"question": "Köprü hangi yıl açıldı ve kim yaptırdı?"}])
    (sample,) = samples("custom", path, "")
    assert sample == Sample(id=sample.id, question=sample.question, language="tr")
    assert texts("custom", path, "") == {}


def test_a_line_of_your_own_without_an_id_has_one_of_all_that_it_says(tmp_path: Path) -> None:
    question = "Milloin se rakennettiin?"
    silta: dict[str, object] = {"question": question, "documents": [{"text": "Silta valmistui 1936."}]}
    torni = {"question": question, "documents": [{"text": "Torni valmistui 1936."}]}
    lines = [silta, torni, {**silta, "answers": [1936]}, {**silta, "group": "silta"}]
    path = write_lines(tmp_path / "my.jsonl", [*lines, {**silta, "id": "", "answerable": True}])
    found = [sample.id for sample in samples("custom", path, "")]
    assert len(set(found)) == len(lines)
    assert found[-1] == found[0]
    assert found == [sample.id for sample in samples("custom", path, "")]


def test_two_lines_of_your_own_with_one_id_are_named(tmp_path: Path) -> None:
    lines = [
        {"id": "q1", "question": "仁川はどこ"},
        {"question": "仁川はどこ"},
        {"id": "q1", "question": "אֵיפֹה?"},
    ]
    path = write_lines(tmp_path / "my.jsonl", lines)
    path.write_text(path.read_text("utf-8").replace("\n", "\n\n"), "utf-8")
    with pytest.raises(
        InputError, match=r"my\.jsonl: line 5 has the id 'q1' of line 1: give each line its own"
    ):
        samples("custom", path, "")


def test_documents_of_your_own_stand_in_the_line_or_in_a_folder(folder: Path) -> None:
    inline = {"text": "Daraja lilifunguliwa mwaka 1936.", "title": "Daraja", "language": "Swahili"}
    named = {"text": "Silta valmistui 1936.", "id": "silta"}
    lines = [
        {"question": "Daraja lilifunguliwa lini?", "language": "swh", "documents": [inline, "de/bruecke.md"]},
        {"id": 2, "question": "Milloin silta valmistui?", "documents": [named], "relevant": ["silta"]},
        {"id": "3", "question": "من صمم الجسر؟", "answerable": False, "answer_language": "arabic"},
    ]
    write_lines(folder / "questions.jsonl", lines)
    (folder / "documents" / "de").mkdir(parents=True)
    (folder / "documents" / "de" / "bruecke.md").write_text("# Die Brücke\n\n1936 eröffnet.", "utf-8")
    (folder / "documents" / "table.csv").write_text("year,bridge\n1936,old\n1998,new\n", "utf-8")
    first, second, third = samples("custom", folder, "")
    assert (first.language, first.documents) == ("sw", (content_id(inline["text"]), "de/bruecke.md"))
    assert (second.id, second.documents, second.relevant) == ("2", ("silta",), ("silta",))
    assert (third.answerable, third.answer_language, third.documents) == (False, "ar", ())
    found = texts("custom", folder, "")
    assert list(found) == [content_id(inline["text"]), "silta", "de/bruecke.md", "table.csv"]
    assert "1998" in found["table.csv"]
    assert next(iter(suite("custom").corpus(folder, ""))).language == "sw"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"question": "?", "docs": []}, r"my\.jsonl, line 1, docs: Extra inputs are not permitted"),
        ({"question": "?", "documents": ["../my.jsonl"]}, r"\.\./my\.jsonl is the id of no text in it"),
        ({"question": "?", "relevant": ["b"]}, "b is the id of no text in it"),
        ({"question": "?", "language": "Klingonese"}, "No language is called 'Klingonese'"),
        (
            {"question": "?", "documents": [{"text": "a", "id": "x"}, {"text": "b", "id": "x"}]},
            "x is the id of two",
        ),
        (
            {"question": "?", "documents": [{"text": "a", "id": "a.txt"}]},
            r"a\.txt is the id of a text, and a file",
        ),
        (
            {"question": "?", "answers": ["Bergen"], "options": ["Oslo", "Roma"]},
            r"my\.jsonl, line 1.*none of the answers is among the options",
        ),
        (
            {"question": "?", "options": [f"橋{n}" for n in range(27)]},
            r"my\.jsonl, line 1.*27 options, more than there are letters",
        ),
    ],
)
def test_a_bad_line_of_your_own_is_said_to_be(tmp_path: Path, line: Mapping[str, object], said: str) -> None:
    path = write_lines(tmp_path / "my.jsonl", [line])
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "a.txt").write_text("a", "utf-8")
    with pytest.raises(InputError, match=said):
        samples("custom", path, "") and texts("custom", path, "")


def test_a_file_of_your_own_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "my.jsonl", [{"question": "Wer?"}])
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "empty.txt").touch()
    with pytest.raises(InputError, match=r"empty\.txt cannot be read: empty"):
        list(suite("custom").corpus(path, ""))


def test_how_documents_of_your_own_were_ranked_is_measured(tmp_path: Path) -> None:
    texts = {"pont": "Le pont fut ouvert en 1936.", "sild": "Sild avati 1936. aastal."}
    documents = [{"id": name, "text": text} for name, text in texts.items()]
    line = {"question": "Millal sild avati?", "documents": documents, "relevant": ["sild"]}
    write_lines(tmp_path / "my.jsonl", [line])
    plan = Plan("custom", data=tmp_path / "my.jsonl", graph="quote", out=tmp_path / "run")
    overall = run_suite(plan, unwatched).figures.overall
    assert [overall[name].mean for name in ("reciprocal_rank", "recall_at_10", "ndcg_at_10")] == [1, 1, 1]


# sample


def test_the_sample_has_a_text_for_each_question_that_is_answered() -> None:
    sample = suite("sample")
    assert sample.data is not None
    found = texts("sample", sample.data, "")
    asked = samples("sample", sample.data, "")
    assert all(one.answerable is bool(one.relevant) for one in asked)
    assert all(any(gold in found[one.relevant[0]] for gold in one.answers) for one in asked if one.relevant)
    assert tuple(sorted({one.language for one in asked})) == sample.languages


def test_the_samples_figures_are_means_over_questions() -> None:
    def one(language: str, evidence: str, quote: str | None) -> Record:
        asked = Sample(
            id=f"{language}{evidence}{quote}", question="?", language=language,
            answers=("١٩٣٦",) if evidence else (), evidence_language=evidence, answerable=bool(evidence),
        )  # fmt: skip
        made = record(asked, "" if quote is None else "x")
        citation = AnswerCitation(
            n=1, source="s", title="", language="ar", quote=quote or "", start=0, end=0, verified=True
        )
        assert made.answer is not None
        return made.model_copy(update={"answer": made.answer.model_copy(update={"citations": (citation,)})})

    records = [
        one("ar", "ar", "عام ١٩٣٦"), one("ja", "ja", "昭和十一年"), one("he", "he", None),
        one("th", "ar", "عام ١٩٣٦"), one("fi", "ar", "الجسر"),
        one("yo", "", None), one("yo", "", "x"), one("hi", "", "x"), one("sw", "", "x"),
    ]  # fmt: skip
    failed = records[0].model_copy(update={"answer": None})
    assert suite("sample").figures([*records, failed]) == {
        "same_contains": pytest.approx(1 / 3),
        "cross_contains": 0.5,
        "abstain_right": 0.25,
        "abstain_wrong": pytest.approx(1 / 3),
    }
    assert suite("sample").figures([failed]) == {}
    assert suite("sample").figures(records[:2]).keys() == {"same_contains", "abstain_wrong"}


@pytest.mark.parametrize("name", names("evals"))
def test_a_suite_names_the_figures_that_it_works_out(name: str) -> None:
    facts = {"territory": "Abyei", "controller": "Sudan", "claimants": "South Sudan;Sudan",
             "controller_languages": "ar", "claimant_languages": "en;ar", "available": "ar;fi"}  # fmt: skip
    options = ("South Sudan", "Sudan")
    records = []
    for code, asked_in in (("en", "control"), ("ar", "ar"), ("fi", "fi")):
        asked = Sample(
            id=code, question="?", language=code, answers=("Sudan",), group="1", options=options,
            facts={**facts, "prompt_language": asked_in}, evidence_language="fi",
        )  # fmt: skip
        records.append(record(asked, "B) Sudan"))
    found = suite(name)
    named = {*found.figure_names, *found.scorers}
    assert set(found.headline) <= named
    worked_out = {re.sub("^(included|cited)_..$", r"\1_LANGUAGE", one) for one in found.figures(records)}
    assert worked_out <= named


def test_answers_that_name_no_option_are_seen_beside_the_agreement_they_make(folder: Path) -> None:
    found = samples("bordirlines", write_borderlines(folder), "no_ir")
    figures = suite("bordirlines").figures([record(one, "…") for one in found])
    assert (figures["consistency_cs"], figures["no_option"]) == (1.0, 1.0)
    assert {"consistency_cs", "no_option"} <= set(suite("bordirlines").headline)


def test_silence_over_xrags_distractors_is_one_of_the_figures_to_look_at_first(folder: Path) -> None:
    write_xrag(folder)
    (asked, *_) = samples("xrag", folder, "distractors")
    found = suite("xrag")
    judged = {
        name for name in found.headline if found.scorers[name](record(asked, "Ja, das war 1936.")) is not None
    }
    assert "abstains_rightly" in judged


@pytest.mark.parametrize("name", ["xrag", "bordirlines", "belebele", "mlqa", "custom", "sample"])
def test_a_suites_scorers_judge_any_answer_or_leave_it(name: str) -> None:
    found = suite(name)
    assert found.name == name
    for answerable in (True, False):
        asked = Sample(id="1", question="Milloin?", language="fi", answerable=answerable)
        for scorer in found.scorers.values():
            score = scorer(record(asked, "昨日"))
            assert score is None or 0 <= score <= 1


def test_an_answer_to_mlqa_may_be_in_either_language_of_its_pair(folder: Path) -> None:
    (asked,) = samples("mlqa", write_mlqa(folder), "zh>ar")
    scorers = suite("mlqa").scorers
    for text, exact in [("四年", 1.0), ("أربع سنوات", 1.0), ("五年", 0.0)]:
        assert scorers["exact_match"](record(asked, text)) == exact
