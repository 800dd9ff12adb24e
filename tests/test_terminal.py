"""Whatever a document holds, a terminal gets text and nothing else; JSON gets all of it."""

import json
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xagent.terminal import clean, console, isolated, one_line, to_json

STRINGS = [
    "\x1b]0;title\x07", "\x1b]8;;https://x.example/\x1b\\", "\x1b]52;c;QQ==\x9c", "\x1bPq#0\x1b\\",
    "\x1b^private\x1b\\", "\x1b_apc\x1b\\", "\x1bXsos\x1b\\", "\x9d0;title\x07", "\x90q\x9c",
]  # fmt: skip
CONTROLS = [
    "\x1b[31m", "\x1b[1;2H", "\x1b[2J", "\x1bc", "\x1b(0", "\x1b", "\x1b\x1b[m", "\x9b31m", "\x9b", "\x9d",
    "\r", "\x08", "\x07", "\x00", "\x7f", "\x85", "\x0b", "\x0c",
]  # fmt: skip
INVISIBLE = [
    "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069", "\u200e",
    "\u200f", "\u061c", "\u200b", "\u2060", "\u2063", "\ufeff", "\U000e0001", "\U000e0041", "\U000e007f",
    "\ud800", "\udc80",
]  # fmt: skip
ESCAPES = [*STRINGS, *CONTROLS, *INVISIBLE]

pieces = st.sampled_from(ESCAPES) | st.text(st.characters()) | st.text("[]m;0 \n\t\\")
hostile = st.lists(pieces, max_size=12).map("".join)
"""Any text, and what commands terminals, in any order."""

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | hostile,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hostile, inner, max_size=4),
    max_leaves=12,
)


def is_harmless(text: str) -> bool:
    return not any(
        (ord(c) < 0x20 and c not in "\n\t")
        or 0x7F <= ord(c) < 0xA0
        or 0x202A <= ord(c) <= 0x202E
        or 0x2066 <= ord(c) <= 0x2069
        or 0xE0000 <= ord(c) <= 0xE007F
        or 0xD800 <= ord(c) <= 0xDFFF
        or c in "\u200b\u200e\u200f\u061c\u2060\ufeff"
        for c in text
    )


@given(hostile)
def test_clean_leaves_no_command_and_changes_nothing_twice(text: str) -> None:
    cleaned = clean(text)
    assert is_harmless(cleaned)
    assert clean(cleaned) == cleaned
    cleaned.encode("utf-8")


@given(hostile)
def test_one_line_is_one_line(text: str) -> None:
    line = one_line(text)
    assert is_harmless(line)
    assert "\n" not in line
    assert "\t" not in line
    assert len(line.splitlines()) <= 1
    assert one_line(line) == line
    assert one_line(clean(text)).split() == one_line(one_line(clean(text))).split()


@given(values, st.sampled_from([None, 2]))
def test_json_is_harmless_and_whole(value: object, indent: int | None) -> None:
    text = to_json(value, indent)
    assert is_harmless(text)
    text.encode("utf-8")
    if indent is None:
        assert "\n" not in text
    if is_encodable(value):
        assert json.loads(text) == value
    else:
        json.loads(text)


def is_encodable(value: object) -> bool:
    """Without lone surrogates, which UTF-8 has no bytes for."""
    try:
        repr(value).encode("utf-8")
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.parametrize("escape", ESCAPES)
def test_text_around_an_escape_stays(escape: str) -> None:
    # Letters that end no sequence stand around it.
    kept = clean(f"avant é{escape}é après")
    assert kept.startswith("avant é")
    assert kept.endswith("é après")
    assert len(kept) <= len("avant éé après") + 1


def test_an_unended_string_hides_nothing_after_its_line() -> None:
    assert clean("one \x1b]0;two\nthree") == "one 0;two\nthree"
    assert clean("one \x9d0;two\nthree\x07") == "one 0;two\nthree"
    assert clean("one \x1b]0;two\x07 three") == "one  three"


@pytest.mark.parametrize(
    "text", ["\x1b]" * 50_000, "\x9d" * 100_000, "\x1b[" + "0" * 100_000, "\x1b" * 100_000]
)
def test_cleaning_takes_time_in_proportion(text: str) -> None:
    started = time.perf_counter()
    clean(text)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    "text",
    [
        "خانه‌های کوهستانی",  # ZWNJ in Persian
        "क्‍ष श्री",  # ZWJ in Hindi
        "👩‍👩‍👧‍👦 🏳️‍🌈",  # ZWJ in emoji
        "한국어 中文 ไทย Yorùbá Tiếng Việt \u00ad soft",
        "tab\tand\nline",
        "[bold red]not markup[/bold red] :smile: \\[x]",
    ],
)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert clean(text) == text
    assert json.loads(to_json(text)) == text


def test_line_breaks_of_every_kind_become_spaces() -> None:
    assert one_line("  a\r\nb\u2028c\x85d\te\n ") == "a b c d e"
    assert clean("a\r\nb") == "a\nb"


def test_a_number_that_json_has_not() -> None:
    assert math.isnan(json.loads(to_json(float("nan"))))


def test_isolated_is_balanced() -> None:
    assert isolated("مرحبا") == "\u2068مرحبا\u2069"


def test_the_console_takes_markup_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    console().print("[bold]x[/bold] :smile: [link=https://x.example]y[/link]", soft_wrap=True)
    console(stderr=True).print("[red]told[/red]")
    assert capsys.readouterr() == (
        "[bold]x[/bold] :smile: [link=https://x.example]y[/link]\n",
        "[red]told[/red]\n",
    )
