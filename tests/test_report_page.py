"""The page is one file that loads nothing, and whatever stands in the data stays data."""

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluation_records import HOSTILE, TEXTS, record, records
from tests.evaluation_reports import report
from xagent.evaluation.records import ForeignPart
from xagent.evaluation.report.page import embedded, page
from xagent.evaluation.report.page_data import Texts, detail, overview


class Elements(HTMLParser):
    """Every element with its attributes, and what the scripts and the style hold."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[tuple[dict[str, str | None], str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.raw.append((dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] in ("script", "style") and self.cdata_elem:
            attributes, before = self.raw[-1]
            self.raw[-1] = (attributes, before + data)


def elements(written: str) -> Elements:
    parser = Elements()
    parser.feed(written)
    parser.close()
    return parser


def data(written: str, name: str = "data") -> dict[str, object]:
    """The JSON in the page's element of this name."""
    (text,) = [text for attributes, text in elements(written).raw if attributes.get("id") == name]
    loaded: dict[str, object] = json.loads(text)
    return loaded


@given(st.text() | st.dictionaries(st.text(), st.lists(st.text() | st.integers() | st.none())))
def test_embedded_json_comes_back_and_has_nothing_that_ends_a_script(value: object) -> None:
    written = embedded(value)
    assert json.loads(written) == value
    assert not set(written) & set("<>&\u2028\u2029")
    written.encode()


def test_lone_surrogates_are_kept_as_escapes() -> None:
    assert embedded("\ud800") == '"\\ud800"'


@pytest.fixture(scope="module")
def written() -> str:
    return page([report(records(40), HOSTILE)])


def test_nothing_in_the_page_names_anything_outside_it(written: str) -> None:
    for tag, attributes in elements(written).found:
        assert tag not in ("iframe", "object", "embed", "base", "form") or attributes.get("id") == "filters"
        for name in ("src", "href", "xlink:href", "action", "srcset"):
            assert (attributes.get(name) or "#").startswith(("#", "data:,")), (tag, attributes)
    (style,) = re.findall(r"<style>(.*?)</style>", written, re.DOTALL)
    assert "url(" not in style
    assert "@import" not in style


def test_hostile_text_makes_no_element_and_no_handler(written: str) -> None:
    found = elements(written).found
    assert not {tag for tag, _ in found} & {"img", "b", "i"}
    assert not [name for _, attributes in found for name in attributes if name.startswith("on")]


def test_the_policy_allows_the_scripts_and_the_style_of_the_page_only(written: str) -> None:
    parsed = elements(written)
    policy = next(a["content"] or "" for tag, a in parsed.found if tag == "meta" and "http-equiv" in a)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    run = [text for attributes, text in parsed.raw if attributes.get("type") != "application/json"]
    hashes = {f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in run}
    assert hashes == set(re.findall(r"'sha256-[^']+'", unescape(policy)))
    assert len(run) == 3


def test_no_script_reads_text_as_markup(written: str) -> None:
    run = "".join(text for attributes, text in elements(written).raw if not attributes)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(", run)
    assert run.count('"use strict";') == 2


def test_every_sample_of_every_run_is_in_the_page() -> None:
    runs = [report(records(20), "one"), report(records(20), "two")]
    whole = page(runs)
    samples = data(whole)["samples"]
    assert isinstance(samples, list)
    assert [one["run"] for one in samples] == ["one"] * 20 + ["two"] * 20
    for one in samples:
        assert data(whole, f"sample-{one['number']}")["id"] == one["id"]


def test_the_same_runs_give_the_same_page() -> None:
    assert page([report(records(20))]) == page([report(records(20))])


def test_a_line_of_the_list_has_what_it_is_filtered_and_sought_by() -> None:
    failed, lost = record(9, "he", "ar", "failed"), record(3, "th", "sw", "language")
    lines = data(page([report([failed, lost])]))["samples"]
    assert isinstance(lines, list)
    assert [line["verdict"] for line in lines] == ["failed", "answered"]
    assert [line["loss"] for line in lines] == ["", "language"]
    assert lines[1]["gold"] == ["แทนซาเนีย"]
    assert (lines[1]["language"], lines[1]["evidence"], lines[1]["setting"]) == ("th", "sw", "cross")


def test_what_the_page_draws_says_of_how_many_samples_a_figure_is_and_what_is_not_compared() -> None:
    whole = report(records(40, ("ar", "fi")))
    drawn = overview([whole, replace(report([], "new"), selected=9)])
    runs, samples = drawn["runs"], whole.figures.overall
    assert isinstance(runs, list)
    total = runs[0]["parts"][0]["rows"][0]
    most = max(one.n for one in samples.values())
    assert total[1] == {"number": str(most)}
    assert [cell[3] for cell in total[2:]] == [
        one.n if one.n < most else 0 for one in (samples[name] for name in runs[0]["parts"][0]["columns"][2:])
    ]
    assert runs[1]["parts"] == [{"note": "new: 0 of 9 asked so far: go on with the same command"}]
    assert drawn["comparisons"] == [
        {"note": "new: not compared with qa: no sample in common that correct_in_language judges"}
    ]


def test_a_sample_is_listed_under_its_stratum_and_its_question_keeps_its_language() -> None:
    said = record(1, "en", "fi", "right")
    bemba = said.model_copy(update={"sample": said.sample.model_copy(update={"stratum": "bem"})})
    samples = data(page([report([bemba])]))["samples"]
    assert isinstance(samples, list)
    (line,) = samples
    assert (line["language"], line["asked"], line["evidence"]) == ("bem", "en", "fi")


def parts(text: str, foreign: list[tuple[int, int]]) -> list[tuple[str, str]]:
    said = record(1, "fi", "fi", "right")
    assert said.answer is not None
    changed = said.model_copy(
        update={
            "answer": said.answer.model_copy(update={"text": text}),
            "foreign": tuple(ForeignPart(start=a, end=b, language="en") for a, b in foreign),
        }
    )
    answer = detail(next(report([changed]).judged()), Texts())["answer"]
    assert isinstance(answer, dict)
    return list(answer["parts"])


def test_foreign_parts_are_marked_by_characters_and_not_by_utf_16() -> None:
    assert parts("𐤀𐤁 is אבג", [(3, 5)]) == [("𐤀𐤁 ", ""), ("is", "en"), (" אבג", "")]


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(0, 35), st.integers(0, 35)), max_size=4))
def test_the_parts_of_an_answer_are_its_text_whatever_is_marked(
    text: str, foreign: list[tuple[int, int]]
) -> None:
    assert "".join(part for part, _ in parts(text, foreign)) == text


def test_a_passage_is_marked_when_it_is_relevant() -> None:
    answer = detail(next(report([record(1, "yo", "zh", "right")]).judged()), Texts())["answer"]
    assert isinstance(answer, dict)
    assert [passage["relevant"] for passage in answer["passages"]] == [True, False]


def test_a_text_that_stands_in_many_samples_is_in_the_page_once() -> None:
    whole = page([report([record(n, "fi", "th", "right") for n in range(5)])])
    passages = [
        text for attributes, text in elements(whole).raw if (attributes.get("id") or "")[:5] == "text-"
    ]
    assert len(passages) == len(set(passages)) == 4
    answered = data(whole, "sample-4")["answer"]
    assert isinstance(answered, dict)
    first = answered["passages"][0]
    assert json.loads(passages[first["text"]]) == TEXTS["th"].passage
