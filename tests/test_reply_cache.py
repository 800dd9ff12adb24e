"""Replies are kept by all of what was asked, and a cache that cannot be used is as good as none."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xagent.reply_cache import FILE, ReplyCache, _key

SAID = ["Ada Lovelace doğdu mu?", "הרצל", "ทะเล", "नदी", "川", "\ud800 half a letter", ""]


@pytest.mark.parametrize("said", SAID[:5])
def test_what_was_put_is_there(tmp_path: Path, said: str) -> None:
    cache = ReplyCache(tmp_path)
    assert cache.get("bridge", said) is None
    assert not cache.path.exists()
    assert cache.put(said, "bridge", said)
    assert ReplyCache(tmp_path).get("bridge", said) == said
    assert cache.get("bridge", said, "en") is None


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_another_question_has_another_key(one: list[str], other: list[str]) -> None:
    assert (_key(one) == _key(other)) == (one == other)


def test_the_first_put_in_give_way(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path, most=3)
    for n in range(5):
        cache.put(str(n), "asked", str(n))
    cache.put("again", "asked", "2")
    assert [cache.get("asked", str(n)) for n in range(5)] == [None, None, "again", "3", "4"]


@pytest.mark.parametrize("content", [b"no database at all", b""])
def test_a_damaged_file_costs_no_more_than_the_replies(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    cache = ReplyCache(tmp_path)
    assert cache.get("asked") is None
    assert cache.put("said", "asked") is (content == b"")


def test_a_file_that_another_holds_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = ReplyCache(tmp_path)
    cache.put("said", "asked")
    monkeypatch.setattr("xagent.reply_cache._PATIENCE", 0.01)
    holder = sqlite3.connect(cache.path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert cache.get("asked") is None
    assert not cache.put("other", "asked")
    holder.close()
    assert cache.get("asked") == "said"


def test_half_a_letter_is_no_error(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path)
    assert not cache.put(SAID[5], "asked")
    assert cache.put("fine", SAID[5])
    assert cache.get(SAID[5]) == "fine"
