"""XQuAD, LAReQA, MKQA, XOR-TyDi, AfriQA, NoMIRACL and the LCB: is what was published what is asked?"""

import json
from collections.abc import Callable
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals import afriqa, language_confusion, lareqa, mkqa, nomiracl, xor_tydi, xquad
from tests import data_shapes_b as shapes
from xagent.agent import Agent
from xagent.answer import Answer, QuestionLanguage, RetrievedPassage, Usage
from xagent.errors import InputError
from xagent.evaluation.asking import ask
from xagent.evaluation.figures import figures
from xagent.evaluation.indexing import index
from xagent.evaluation.records import Record
from xagent.evaluation.samples import Sample, Suite
from xagent.state import Verdict

NIGERIA = {
    "id": 7,
    "question": "Ta ni ààrẹ àkọ́kọ́ fún Nàìjíríà?",
    "translated_question": "Who was Nigeria's first president?",
    "answers": "['Nnamdi Azikiwe']",
    "translated_answer": "['Nnamdi Azikiwe', 'Azikiwe']",
    "title": "Nnamdi Azikiwe",
    "context": "Nnamdi Azikiwe served as the first president of Nigeria from 1963 to 1966.",
}
ABIDJAN = {
    "id": 7,
    "question": "Fan la Abijaŋ nekk?",
    "translated_question": "Où se trouve Abidjan ?",
    "answers": "['Kodiwaar']",
    "translated_answer": "['Côte d'Ivoire']",
    "title": "Abidjan",
    "context": "Abidjan est la ville la plus peuplée de la Côte d'Ivoire.",
}
MAMMALS = {
    "11#0": "Pomurske: Nyangumi ni mnyama wa baharini.",
    "11#4": "Popo: Popo ni mamalia pekee anayeruka.\n\nHula wadudu [2] na matunda.",
}


@pytest.fixture
def xquad_data(tmp_path: Path) -> Path:
    for language in shapes.BRIDGES:
        shapes.squad(tmp_path / f"xquad.{language}.json", language)
    return tmp_path


@pytest.fixture
def lareqa_data(tmp_path: Path) -> Path:
    for language in shapes.BRIDGES:
        shapes.squad(tmp_path / "xquad-r" / f"{language}.json", language)
    return tmp_path


@pytest.fixture
def mkqa_data(tmp_path: Path) -> Path:
    asked = {
        "fi": ("kuka laulaa kappaleen satumaa", ["Reijo Taipale "]),
        "zh_cn": ("《satumaa》是谁演唱的", ["雷约·泰帕莱"]),
    }
    for code, (question, answers) in asked.items():
        row = {"id": f"-42_{code}", "lang": code, "question": question, "answers": answers}
        shapes.lines(tmp_path / "mkqa_dev" / f"mkqa-{code}.jsonl", row)
    return tmp_path


@pytest.fixture
def xor_data(tmp_path: Path) -> Path:
    full = {
        "id": "9",
        "lang": "ja",
        "question": "富士山の高さは",
        "answers": ["3776メートル"],
        "split": "dev",
    }
    span = {**full, "answers": ["3,776.24 m"]}
    shapes.lines(tmp_path / "xor_dev_full_v1_1.jsonl", full)
    shapes.lines(tmp_path / "xor_dev_retrieve_eng_span_v1_1.jsonl", span)
    shapes.write(
        tmp_path / "wiki_w100.tsv",
        'id\ttext\ttitle\n1\t"Mount ""Fuji"" is 3,776.24 m high, in Japan."\tMount Fuji\n',
    )
    return tmp_path


@pytest.fixture
def afriqa_data(tmp_path: Path) -> Path:
    without = {**NIGERIA, "id": 8, "question": "Níbo ni Èkó wà?", "context": None, "title": None}
    shapes.afriqa(tmp_path, "yor", "en", "test", NIGERIA, without)
    shapes.afriqa(tmp_path, "yor", "en", "train", {**NIGERIA, "context": "Lagos is a city in Nigeria."})
    shapes.afriqa(tmp_path, "wol", "fr", "test", ABIDJAN)
    return tmp_path


@pytest.fixture
def nomiracl_data(tmp_path: Path) -> Path:
    row = shapes.nomiracl("3#0", "Mamalia gani anaruka?", MAMMALS)
    shapes.lines(tmp_path / "relevant" / "sw.test.vanilla_prompt.jsonl.gz", row, {**row, "prompt": None})
    shapes.lines(tmp_path / "non_relevant" / "sw.test.vanilla_prompt.jsonl.gz", row)
    return tmp_path


@pytest.fixture
def confusion_data(tmp_path: Path) -> Path:
    shapes.write(
        tmp_path / "test_sets/monolingual/native/ko.csv",
        'prompt,source,language\n"열기구는\n\n어떻게, 작동하는가?",native_prompts,ko\n',
    )
    shapes.write(
        tmp_path / "test_sets/crosslingual/complex_prompts/hi.csv",
        "prompt,location,phrasing,language,source\nReply in Hindi: what is rain?,Start,,hi,complex_prompts\n",
    )
    return tmp_path


def by_id(suite: Suite, data: Path, setting: str) -> dict[str, Sample]:
    return {sample.id: sample for sample in suite.load(data, setting)}


def record(sample: Sample, *retrieved: str, verdict: Verdict = "answered", text: str = "1973") -> Record:
    """What became of a sample."""
    passages = tuple(
        RetrievedPassage(id=str(n), source=str(n), language="en", score=1.0, text=one)
        for n, one in enumerate(retrieved)
    )
    answer = Answer(
        question=sample.question,
        question_language=QuestionLanguage(code=sample.language, script="", confidence=1.0),
        language=sample.language, text=text, verdict=verdict, reason="", citations=(), passages=passages,
        usage=Usage(), timings={}, graph="rag", model=None,
    )  # fmt: skip
    return Record(key="", sample=sample, answer=answer)


@pytest.mark.parametrize(
    ("setting", "relevant", "evidence"),
    [
        ("same", ("tr-0.0",), "tr"),
        ("english", ("en-0.0",), "en"),
        ("mixed", ("en-0.0", "tr-0.0"), ""),
        ("all", ("en-0.0", "th-0.0", "tr-0.0", "zh-0.0"), ""),
    ],
)
def test_an_xquad_setting_says_in_which_languages_the_paragraph_may_be(
    xquad_data: Path, setting: str, relevant: tuple[str, ...], evidence: str
) -> None:
    sample = by_id(xquad.suite, xquad_data, setting)[f"{setting}-tr-q1"]
    assert (sample.relevant, sample.evidence_language) == (relevant, evidence)
    assert sample.languages == {"same": ("tr",), "mixed": ("en", "tr")}.get(setting, ())
    assert (sample.language, sample.answers, sample.group) == ("tr", ("1973'te",), "q1")


def test_xquad_restricts_a_question_to_its_languages_and_names_no_paragraph(tmp_path: Path) -> None:
    for language in ("en", "zh"):
        more = shapes.paragraph([f"{language} 1988"], [("?", "1988")], start=3)
        shapes.squad(tmp_path / f"xquad.{language}.json", language, more)
    same = by_id(xquad.suite, tmp_path, "same")["same-zh-q1"]
    mixed = by_id(xquad.suite, tmp_path, "mixed")["mixed-zh-q3"]
    assert same.languages == ("zh",)
    assert mixed.languages == ("en", "zh")
    assert same.documents == mixed.documents == ()
    assert mixed.relevant == ("en-0.1", "zh-0.1")


def test_xquad_has_english_paragraphs_only_where_only_they_may_be_read(xquad_data: Path) -> None:
    assert [document.id for document in xquad.suite.corpus(xquad_data, "english")] == ["en-0.0"]
    everywhere = {document.id: document for document in xquad.suite.corpus(xquad_data, "all")}
    assert set(everywhere) == {"en-0.0", "th-0.0", "tr-0.0", "zh-0.0"}
    assert "大桥" in everywhere["zh-0.0"].text
    assert {document.title for document in everywhere.values()} == {""}


def test_xquad_without_its_english_file_says_that_it_needs_it(tmp_path: Path) -> None:
    shapes.squad(tmp_path / "xquad.th.json", "th")
    with pytest.raises(InputError, match=r"xquad\.en\.json"):
        list(xquad.suite.load(tmp_path, "mixed"))


def test_lareqa_takes_as_right_the_sentence_of_the_answer_in_every_language(lareqa_data: Path) -> None:
    samples = by_id(lareqa.suite, lareqa_data, "")
    assert samples["zh-q1"].relevant == ("en-0.0-0", "th-0.0-0", "tr-0.0-0", "zh-0.0-0")
    assert samples["zh-q2"].relevant == ("en-0.0-1", "th-0.0-1", "tr-0.0-1", "zh-0.0-1")
    texts = {document.id: document.text for document in lareqa.suite.corpus(lareqa_data, "")}
    assert len(texts) == 8
    assert texts["th-0.0-1"] == "สะพานนี้ยาว 1,560 เมตร"


def test_lareqa_refuses_an_answer_that_is_in_no_sentence(tmp_path: Path) -> None:
    paragraph = shapes.paragraph(["Yksi.", "Kaksi."], [("?", "Kaksi")], start=9)
    shapes.squad(tmp_path / "tr.json", "tr", {**paragraph, "sentence_breaks": [[0, 5]]})
    with pytest.raises(InputError, match=r"tr\.json: the answer to q9 starts in no sentence"):
        list(lareqa.suite.load(tmp_path, ""))


def test_mkqa_asks_the_same_question_in_every_language(mkqa_data: Path) -> None:
    finnish, chinese = mkqa.suite.load(mkqa_data, "")
    assert finnish.group == chinese.group == "-42"
    assert (finnish.language, chinese.language) == ("fi", "zh")
    assert finnish.answers == ("Reijo Taipale",)


def test_an_xor_task_asks_for_an_answer_in_the_language_of_its_gold(xor_data: Path) -> None:
    (full,) = xor_tydi.suite.load(xor_data, "full")
    (span,) = xor_tydi.suite.load(xor_data, "eng_span")
    assert (full.answer_language, full.answers) == ("", ("3776メートル",))
    assert (span.answer_language, span.answers) == ("en", ("3,776.24 m",))
    (passage,) = xor_tydi.suite.corpus(xor_data, "full")
    assert passage.text == 'Mount "Fuji" is 3,776.24 m high, in Japan.'


def test_an_xor_task_whose_file_is_missing_is_refused_by_that_file(xor_data: Path) -> None:
    (xor_data / "xor_dev_full_v1_1.jsonl").unlink()
    with pytest.raises(InputError, match=r"xor_dev_full_v1_1.jsonl or mia_2022_dev_xorqa.jsonl"):
        list(xor_tydi.suite.load(xor_data, "full"))


def test_an_answer_is_retrieved_if_it_stands_within_so_many_tokens(xor_data: Path) -> None:
    (sample,) = xor_tydi.suite.load(xor_data, "retrieve")
    passages = ("Honshu, in Japan", "is 3,776.24 m high")
    assert xor_tydi.retrieved_within(11)(record(sample, *passages)) == 1.0
    assert xor_tydi.retrieved_within(10)(record(sample, *passages)) == 0.0
    assert xor_tydi.retrieved_within(2000)(record(sample)) == 0.0


@given(st.text() | st.sampled_from(["富士山", 'a "b" c', '"x" and "y"']))
def test_a_field_that_csv_has_quoted_is_read_as_it_was(text: str) -> None:
    quoted = text.replace('"', '""')
    assert xor_tydi.unquoted(f'"{quoted}"') == text


def test_neither_yes_and_no_nor_other_tasks_have_an_answer_to_retrieve(xor_data: Path) -> None:
    (sample,) = xor_tydi.suite.load(xor_data, "retrieve")
    (full,) = xor_tydi.suite.load(xor_data, "full")
    within = xor_tydi.retrieved_within(2000)
    assert within(record(sample.model_copy(update={"answers": ("yes",)}), "yes")) is None
    assert within(record(full, "3776メートル")) is None


@pytest.mark.parametrize("name", ["correct", "correct_in_language"])
def test_an_english_yes_is_no_answer_that_a_reader_could_use(xor_data: Path, name: str) -> None:
    (sample,) = xor_tydi.suite.load(xor_data, "full")
    scorers = xor_tydi.suite.scorers

    def asked(*answers: str) -> Record:
        said = record(sample.model_copy(update={"answers": answers}), text="はい、そうです。")
        return said.model_copy(update={"sentences": 1})

    assert scorers[name](asked("yes")) is scorers[name](asked("no", "No ")) is None
    assert scorers[name](asked("yes", "はい")) == 1.0
    assert scorers[name](asked("富士山", "yes")) == 0.0
    assert scorers["f1"](asked("yes")) == scorers["exact_match"](asked("yes")) == 0.0


def test_afriqa_asks_the_questions_of_the_test_set_that_have_a_passage(afriqa_data: Path) -> None:
    wolof, yoruba = afriqa.suite.load(afriqa_data, "asked")
    assert (yoruba.language, yoruba.question, yoruba.answers) == (
        "yo",
        NIGERIA["question"],
        ("Nnamdi Azikiwe",),
    )
    assert (wolof.language, wolof.evidence_language) == ("wo", "fr")
    passages = {document.id: document for document in afriqa.suite.corpus(afriqa_data, "asked")}
    assert len(passages) == 3
    assert passages[yoruba.relevant[0]].text == NIGERIA["context"]
    assert passages[wolof.relevant[0]].language == "fr"


def test_afriqa_translated_is_asked_and_answered_in_the_pivot_language(afriqa_data: Path) -> None:
    wolof, yoruba = afriqa.suite.load(afriqa_data, "translated")
    assert (yoruba.language, yoruba.answers) == ("en", ("Nnamdi Azikiwe", "Azikiwe"))
    assert (wolof.language, wolof.question) == ("fr", "Où se trouve Abidjan ?")
    assert wolof.answers == ("Côte d'Ivoire",)


def test_an_afriqa_passage_of_several_questions_is_one_document(tmp_path: Path) -> None:
    again = {**NIGERIA, "id": 9, "question": "Ọdún wo ni Azikiwe kúrò lórí àlééfà?"}
    shapes.afriqa(tmp_path, "yor", "en", "test", NIGERIA, again)
    first, second = afriqa.suite.load(tmp_path, "asked")
    assert first.relevant == second.relevant == ("en-0",)
    assert len(list(afriqa.suite.corpus(tmp_path, "asked"))) == 1


def test_an_afriqa_passage_whose_question_is_not_a_text_is_still_in_the_pool(afriqa_data: Path) -> None:
    gold = afriqa_data / "gold_passages" / "yor" / "gold_span_passages.afriqa.yor.en.test.json"
    shapes.write(
        gold, gold.read_text("utf-8").replace(json.dumps(NIGERIA["question"], ensure_ascii=False), "NaN")
    )
    assert [sample.language for sample in afriqa.suite.load(afriqa_data, "asked")] == ["wo"]
    assert len(list(afriqa.suite.corpus(afriqa_data, "asked"))) == 3


@given(st.lists(st.text() | st.sampled_from(["Côte d'Ivoire", 'a "b"', "Ẹ̀kọ́", "M'Backé", "ቡና"])))
def test_a_list_of_answers_is_read_as_it_was_printed(answers: list[str]) -> None:
    assert afriqa.listed(repr(answers)) == tuple(answers)


@given(st.from_regex(r"[a-zɔɛẹọ ]{1,9}'[a-zɔɛẹọ ]{1,9}", fullmatch=True))
def test_an_answer_with_an_apostrophe_that_is_not_escaped_is_read_whole(answer: str) -> None:
    assert afriqa.listed(f"['{answer}']") == (answer,)


@given(st.text() | st.text("[]'\"\\, a", max_size=12))
def test_any_text_is_a_list_of_answers_or_is_refused(text: str) -> None:
    with suppress(ValueError):
        assert all(answer in text or "\\" in text for answer in afriqa.listed(text))


@pytest.mark.parametrize(
    "text", ["", "Abuja", "['a'b', 'c']", "{'a': 1}", "[1963]", "['", "['']x", "[" * 9999]
)
def test_what_is_not_a_list_of_answers_for_sure_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="list of"):
        afriqa.listed(text)


def test_nomiracl_asks_the_question_of_its_own_passages(nomiracl_data: Path) -> None:
    (relevant,) = nomiracl.suite.load(nomiracl_data, "relevant")
    (other,) = nomiracl.suite.load(nomiracl_data, "non_relevant")
    assert (relevant.question, relevant.language) == ("Mamalia gani anaruka?", "sw")
    assert relevant.documents == ("relevant-sw-11-0", "relevant-sw-11-4")
    assert (relevant.answerable, other.answerable) == (True, False)
    texts = {document.id: document.text for document in nomiracl.suite.corpus(nomiracl_data, "relevant")}
    assert texts == {f"relevant-sw-{name.replace('#', '-')}": text for name, text in MAMMALS.items()}


def test_nomiracl_counts_answers_without_evidence_and_abstentions_with_it(nomiracl_data: Path) -> None:
    (relevant,) = nomiracl.suite.load(nomiracl_data, "relevant")
    (other,) = nomiracl.suite.load(nomiracl_data, "non_relevant")
    hallucination, error = nomiracl.suite.scorers["hallucination"], nomiracl.suite.scorers["error"]
    assert [hallucination(record(other, verdict=verdict)) for verdict in ("answered", "abstained")] == [
        1.0,
        0.0,
    ]
    assert [error(record(relevant, verdict=verdict)) for verdict in ("answered", "abstained")] == [0.0, 1.0]
    assert (hallucination(record(relevant)), error(record(other))) == (None, None)


def test_nomiracl_asks_both_subsets_in_one_run_unless_one_is_named(nomiracl_data: Path) -> None:
    both = list(nomiracl.suite.load(nomiracl_data, nomiracl.suite.settings[0]))
    assert [(one.setting, one.answerable) for one in both] == [("non_relevant", False), ("relevant", True)]
    assert both == [one for name in nomiracl.suite.settings[1:] for one in nomiracl.load(nomiracl_data, name)]
    names = [document.id for document in nomiracl.corpus(nomiracl_data, "")]
    assert sorted(names) == sorted(name for one in both for name in one.documents)
    found = figures([record(one, verdict="answered") for one in both], nomiracl.suite).means()
    assert {name: found[name] for name in nomiracl.suite.headline} == {"hallucination": 1.0, "error": 0.0}


_TEXT = st.text(min_size=1).filter(lambda text: "\n\n" not in text and not text.startswith("\n"))


@given(_TEXT, st.lists(_TEXT, min_size=1, max_size=10))
def test_a_prompt_is_read_as_it_was_written(question: str, passages: list[str]) -> None:
    found = nomiracl.parsed(shapes.prompt(question, passages))
    assert found == nomiracl.Prompt(question=question, passages=tuple(passages))


@given(st.text())
def test_a_text_of_another_shape_is_no_prompt(text: str) -> None:
    with pytest.raises(ValueError, match="not a question and passages"):
        nomiracl.parsed(text)


@pytest.mark.parametrize("passages", [["x\n\n[7] y"], ["x", "y\n\n[2] z"]])
def test_passages_that_are_not_numbered_in_turn_are_refused(passages: list[str]) -> None:
    with pytest.raises(ValueError, match="numbered from 1"):
        nomiracl.parsed(shapes.prompt("ฝนคืออะไร", passages))


def test_an_instruction_is_to_be_followed_in_its_language_or_in_the_one_it_names(
    confusion_data: Path,
) -> None:
    (own,) = language_confusion.suite.load(confusion_data, "monolingual")
    (named,) = language_confusion.suite.load(confusion_data / "test_sets", "crosslingual")
    assert (own.language, own.answer_language, own.question) == (
        "ko",
        "ko",
        "열기구는\n\n어떻게, 작동하는가?",
    )
    assert (named.language, named.answer_language, named.facts["source"]) == ("en", "hi", "complex_prompts")


def test_the_language_confusion_figures_tell_hindi_from_english(confusion_data: Path) -> None:
    (sample,) = language_confusion.suite.load(confusion_data, "crosslingual")
    hindi = "बादलों में जमा पानी जब बूँदों के रूप में धरती पर गिरता है तो उसे वर्षा कहते हैं।"
    english = "Rain is water that falls from the clouds to the ground in drops."
    figures = language_confusion.suite.figures
    assert figures([record(sample, text=hindi)]) == {"lpr": 1.0, "wpr": 1.0, "lcpr": 1.0}
    assert figures([record(sample, text=english)])["lpr"] == 0.0
    assert set(language_confusion.suite.headline) == set(figures([record(sample, text=hindi)]))


async def test_what_is_retrieved_goes_by_the_name_that_is_relevant(xquad_data: Path, tmp_path: Path) -> None:
    samples = by_id(xquad.suite, xquad_data, "all")
    with Agent(store=tmp_path / "store", graph="quote") as agent:
        index(agent, xquad.suite.corpus(xquad_data, "all"))
        asked = await ask(agent, samples["all-zh-q2"], key="")
    assert xquad.suite.scorers["reciprocal_rank"](asked) == 1.0
    assert {"shown_own", "cited_own", "shown_bias"} <= set(xquad.suite.figures([asked]))


DATA = [
    (xquad.suite, "xquad_data"),
    (lareqa.suite, "lareqa_data"),
    (mkqa.suite, "mkqa_data"),
    (xor_tydi.suite, "xor_data"),
    (afriqa.suite, "afriqa_data"),
    (nomiracl.suite, "nomiracl_data"),
    (language_confusion.suite, "confusion_data"),
]
NAMES = [suite.name for suite, _ in DATA]


@pytest.mark.parametrize(("suite", "data"), DATA, ids=NAMES)
def test_a_suite_names_each_sample_once_and_the_documents_as_its_corpus_does(
    suite: Suite, data: str, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(data)
    found: dict[str, Sample] = {}
    for setting in suite.settings:
        names: list[str] = []
        there = [document.id for document in suite.corpus(folder, setting)]
        assert len(set(there)) == len(there)
        for sample in suite.load(folder, setting):
            names.append(sample.id)
            assert sample.setting == setting or (not setting and sample.setting in suite.settings)
            assert {*sample.documents, *sample.relevant} <= set(there)
            assert found.setdefault(sample.id, sample) == sample
        assert names
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(("suite", "data"), DATA, ids=NAMES)
def test_the_scorers_of_a_suite_judge_any_answer(
    suite: Suite, data: str, request: pytest.FixtureRequest
) -> None:
    samples = [
        sample for setting in suite.settings for sample in suite.load(request.getfixturevalue(data), setting)
    ]
    for sample, verdict in product(samples, get_args(Verdict)):
        one = record(sample, "3,776.24 m", verdict=verdict)
        scores = [score(one) for score in suite.scorers.values()]
        assert all(score is None or 0 <= score <= 1 for score in scores)


@pytest.mark.parametrize("suite", [suite for suite, _ in DATA], ids=NAMES)
def test_a_folder_without_the_data_is_refused_by_what_is_missing(suite: Suite, tmp_path: Path) -> None:
    for setting in suite.settings:
        with pytest.raises(InputError, match=r"has no .*\.(json|jsonl|csv)"):
            list(suite.load(tmp_path, setting))


def without_question(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name != "question"}


def without_closing_quote(row: dict[str, object]) -> dict[str, object]:
    return {**row, "answers": "['Azikiwe"}


def with_another_passage(row: dict[str, object]) -> dict[str, object]:
    return {**row, "docids": ["11#0"]}


def with_another_prompt(row: dict[str, object]) -> dict[str, object]:
    return {**row, "prompt": "QUESTION:\nMamalia gani anaruka?"}


@pytest.mark.parametrize(
    ("suite", "data", "setting", "file", "spoil", "complaint"),
    [
        (mkqa.suite, "mkqa_data", "", "mkqa_dev/mkqa-fi.jsonl", without_question, "line 2, question"),
        (xor_tydi.suite, "xor_data", "full", "xor_dev_full_v1_1.jsonl", without_question, "line 2, question"),
        (
            afriqa.suite, "afriqa_data", "asked", "queries/yor/queries.afriqa.yor.en.test.json",
            without_closing_quote, "line 3, answers: .* not a list of answers",
        ),
        (
            nomiracl.suite, "nomiracl_data", "relevant", "relevant/sw.test.vanilla_prompt.jsonl",
            with_another_passage, "line 2: .* 1 docids, 2 passages",
        ),
        (
            nomiracl.suite, "nomiracl_data", "relevant", "relevant/sw.test.vanilla_prompt.jsonl",
            with_another_prompt, "line 2, prompt: .* not a question and passages",
        ),
    ],
)  # fmt: skip
def test_a_bad_row_is_refused_by_its_line_and_field(
    suite: Suite,
    data: str,
    setting: str,
    file: str,
    spoil: Callable[[dict[str, object]], dict[str, object]],
    complaint: str,
    request: pytest.FixtureRequest,
) -> None:
    path = request.getfixturevalue(data) / file
    if not path.exists():  # packed in the fixture
        shapes.lines(path, shapes.nomiracl("3#0", "Mamalia gani anaruka?", MAMMALS))
        path.with_name(f"{path.name}.gz").unlink()
    text = path.read_text("utf-8")
    bad = spoil(json.loads(text.splitlines()[0]))
    shapes.write(path, text + json.dumps(bad, ensure_ascii=False))
    with pytest.raises(InputError, match=f"{path.name}, {complaint}"):
        list(suite.load(request.getfixturevalue(data), setting))


def test_a_prompt_in_a_table_without_its_language_is_refused(confusion_data: Path) -> None:
    path = confusion_data / "test_sets/monolingual/native/ko.csv"
    shapes.write(path, "prompt,source,language\n비는 왜 내리나요?,native_prompts\n")
    with pytest.raises(InputError, match=r"ko\.csv, line 2"):
        list(language_confusion.suite.load(confusion_data, "monolingual"))
