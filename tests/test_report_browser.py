"""The page in a real browser: it works, it asks for nothing, and it lays out every script as it is read."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import Scheme, Seen, browsing, needed
from tests.evaluation_records import call, record, records
from tests.evaluation_reports import report
from xagent.evaluation.report.losses import LOSSES, called
from xagent.evaluation.report.page import page

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    needed()
    path: Path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page([report(records(400))]), "utf-8")
    return path.as_uri()


@pytest.fixture
def opened(address: str) -> "Iterator[tuple[Page, Seen]]":
    with browsing() as (shown, seen):
        shown.goto(address)
        yield shown, seen
        assert seen.console == []
        assert {one.partition("#")[0] for one in seen.requests} <= {address, "data:,"}


def rows(shown: "Page") -> int:
    return int(shown.locator("#list [role=option]").count())


def only(shown: "Page", **wanted: str) -> None:
    """Set the filters, and look at the first sample that is left."""
    for key, value in wanted.items():
        shown.select_option(f"select[data-key={key}]", value)
    shown.locator("#row-0").click()


def computed(shown: "Page", selector: str) -> str:
    return str(shown.locator(selector).first.evaluate("node => getComputedStyle(node).direction"))


def test_the_list_keeps_few_rows_and_reaches_the_last(opened: "tuple[Page, Seen]") -> None:
    shown, _ = opened
    assert shown.locator("#count").inner_text() == "400 of 400"
    assert 0 < rows(shown) < 40
    shown.locator("#list").focus()
    shown.keyboard.press("End")
    assert shown.locator("#list [aria-selected=true]").get_attribute("aria-posinset") == "400"
    assert rows(shown) < 40
    shown.keyboard.press("ArrowUp")
    active = shown.locator("#list").get_attribute("aria-activedescendant")
    assert active == "row-398"
    shown.keyboard.press("Enter")
    assert shown.evaluate("document.activeElement.id") == "sample"


@pytest.mark.parametrize(("code", "direction"), [("ar", "rtl"), ("he", "rtl"), ("hi", "ltr"), ("zh", "ltr")])
def test_a_question_and_its_answer_are_laid_out_as_they_are_read(
    opened: "tuple[Page, Seen]", code: str, direction: str
) -> None:
    shown, _ = opened
    only(shown, language=code, loss="right", verdict="answered")
    for selector in ("#sample h3", "#sample .answer", "#sample h4 + ul bdi", "#row-0 .question"):
        assert computed(shown, selector) == direction
    assert computed(shown, "#sample") == "ltr"


def test_hostile_text_is_shown_and_does_nothing(opened: "tuple[Page, Seen]") -> None:
    shown, _ = opened
    only(shown, loss="retrieval")
    shown.locator("#sample details summary").evaluate_all("all => all.forEach(one => one.click())")
    assert "<script>window.broken = 1</script><img src=x" in shown.locator("#sample").inner_text()
    assert "[U+202E][U+001B][31m]]> javascript:alert(1)" in shown.locator("#sample").inner_text()
    assert shown.evaluate("typeof window.broken") == "undefined"
    assert shown.locator("#sample script, #sample img, #sample b").count() == 0


def test_no_script_but_the_pages_own_runs_and_no_image_is_fetched(address: str) -> None:
    script = "Object.assign(document.createElement('script'), {text: 'window.broken = 3'})"
    image = "Object.assign(new Image(), {src: 'https://example.org/x.png'})"
    with browsing() as (shown, seen):
        shown.goto(address)
        shown.evaluate(f"document.body.append({script}, {image})")
        assert shown.evaluate("typeof window.broken") == "undefined"
        assert {rule for rule in ("script-src", "img-src") if any(rule in said for said in seen.console)} == {
            "script-src",
            "img-src",
        }


def test_what_is_in_the_wrong_language_is_marked(opened: "tuple[Page, Seen]") -> None:
    shown, _ = opened
    only(shown, loss="language", language="en")
    mark = shown.locator("#sample mark.foreign")
    assert mark.get_attribute("title") == "in de"
    assert mark.inner_text() == "Der Kilimandscharo steht in Tanzania."


def test_a_search_finds_words_of_any_script_in_any_case_and_width(opened: "tuple[Page, Seen]") -> None:
    shown, _ = opened
    for words, code in (("坦桑尼亚", "zh"), ("ＫＥＮＩＡＳＳＡ", "fi"), ("תנזניה", ""), ("แทนซาเนีย", "th")):
        shown.fill("#search", words)
        if code:
            assert shown.locator("#row-0 .about").inner_text().startswith(code)
        else:
            assert rows(shown) == 0


def test_a_call_without_a_reply_is_said_to_have_none_and_no_tokens(tmp_path: Path) -> None:
    needed()
    said = record(1, "fi", "ar", "right")
    silent = call("answer", "").model_copy(update={"prompt_tokens": 7029, "completion_tokens": 1500})
    failed = said.model_copy(update={"calls": (silent, *said.calls)})
    path = tmp_path / "report.html"
    path.write_text(page([report([failed])]), "utf-8")
    with browsing() as (shown, _):
        shown.goto(path.as_uri())
        summaries = shown.locator("#sample h4 ~ details > summary").all_inner_texts()
    assert "answer · no reply, 0.81 s" in summaries
    assert "answer · 900 tokens in, 40 out, 0.81 s" in summaries
    assert not [text for text in summaries if "7,029" in text]


def test_the_page_says_of_how_many_samples_a_figure_is_and_what_is_not_compared(tmp_path: Path) -> None:
    needed()
    path = tmp_path / "report.html"
    path.write_text(page([report(records(60)), report([], "new")]), "utf-8")
    with browsing() as (shown, seen):
        shown.goto(path.as_uri())
        figures = shown.locator("#figures").inner_text()
        assert seen.console == []
    assert "new: not compared with qa: no sample in common that correct_in_language judges" in figures
    assert "new: nothing asked so far" in figures
    assert re.search(r"0\.\d{3} 0\.\d{3}–\d\.\d{3} n=\d+", figures)


def test_a_sample_of_a_stratum_says_what_it_was_asked_in(tmp_path: Path) -> None:
    needed()
    said = record(1, "en", "fi", "right")
    bemba = said.model_copy(update={"sample": said.sample.model_copy(update={"stratum": "bem"})})
    path = tmp_path / "report.html"
    path.write_text(page([report([bemba])]), "utf-8")
    with browsing() as (shown, _):
        shown.goto(path.as_uri())
        assert shown.locator("#row-0 .about").inner_text().startswith("bem (asked in en) ← fi")
        assert shown.locator("#row-0 .question").get_attribute("lang") == "en"


def test_a_link_to_a_sample_opens_it(opened: "tuple[Page, Seen]", address: str) -> None:
    shown, _ = opened
    shown.goto("about:blank")
    shown.goto(f"{address}#sample-37")
    assert shown.locator("#list [aria-selected=true]").get_attribute("aria-posinset") == "38"


LUMINANCE = """node => [getComputedStyle(node).color, getComputedStyle(document.body).backgroundColor].map(
    colour => colour.match(/[0-9.]+/g).slice(0, 3).map(Number).map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, n) => sum + part * [0.2126, 0.7152, 0.0722][n], 0))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(address: str, scheme: Scheme) -> None:
    """By the contrast of WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    losses = [f".badge.{called(loss)}" for loss in LOSSES]
    with browsing(scheme=scheme) as (shown, _):
        shown.goto(address)
        for selector in ("h1", ".note", ".interval", "nav a", *losses):
            low, high = sorted(shown.locator(selector).first.evaluate(LUMINANCE))
            assert (high + 0.05) / (low + 0.05) >= 4.5, selector


def test_a_narrow_window_is_never_scrolled_sideways(address: str) -> None:
    with browsing(width=360, height=640) as (shown, _):
        shown.goto(address)
        assert shown.evaluate("document.documentElement.scrollWidth") == 360
