"""`xagent search --explain`: the whole transcript, for people and as data."""

from pathlib import Path

import pytest

from xagent.agent import Agent

from .test_cli import Command, xagent
from .test_store import put

__all__ = ["xagent"]

ENGLISH = "The yard Rosenlund built the schooner Aurelia in 1927 and sold her in 1931 for 3400 crowns."
GERMAN = "Die Werft Rosenlund baute 1927 den Schoner Aurelia, 1931 verkaufte sie ihn für 3400 Kronen."
THAI = "อู่ต่อเรือแห่งหนึ่งเปิดทำการทุกวันและมีร้านกาแฟเล็ก ๆ อยู่ริมน้ำ"
OTHER = "The schooner Aurelia lies in the harbour; the yard was sold."

DOCUMENTS = {
    "aurelia.txt": ENGLISH,
    "copy.txt": ENGLISH,
    "schoner.txt": GERMAN,
    "thai.txt": THAI,
    "tour.txt": OTHER,
}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    docs = put(tmp_path / "docs", DOCUMENTS)
    with Agent(tmp_path / "store", "quote") as agent:
        agent.ingest([docs], root=docs)
    return tmp_path / "store"


def test_the_whole_explanation(xagent: Command, store: Path) -> None:
    done = xagent("search", "Who built the schooner Aurelia?", "--store", store, "--k", "2", "--explain")
    assert (done.code, done.err) == (0, "")
    assert done.out == EXPLANATION


def test_the_same_as_data(xagent: Command, store: Path) -> None:
    data = xagent(
        "search", "Who built the schooner Aurelia?", "--store", store, "--k", "2", "--explain", "--json"
    ).data
    assert set(data) == {"queries", "hits", "shares", "cut"}
    assert data["queries"] == [
        {"text": "Who built the schooner Aurelia?", "language": "en", "origin": "question", "within": []}
    ]
    first, second = data["hits"]
    assert (first["source"], second["source"]) == ("aurelia.txt", "tour.txt")
    assert {sibling["source"] for sibling in first["siblings"]} == {"copy.txt", "schoner.txt"}
    assert {place["engine"] for place in first["places"]} == {"text", "vector"}
    assert [cut["why"] for cut in data["cut"]] == ["irrelevant"]
    assert {share["language"]: share["relevant"] > 0 for share in data["shares"]} == {
        "de": True,
        "en": True,
        "th": False,
    }
    plain = xagent("search", "Who built the schooner Aurelia?", "--store", store, "--k", "2", "--json").data
    assert plain == data["hits"]


def test_what_a_document_smuggles_in_is_not_shown(xagent: Command, tmp_path: Path) -> None:
    evil = {"a\x1b[31m.txt": ENGLISH, "b.txt": ENGLISH}
    docs = put(tmp_path / "docs", evil)
    with Agent(tmp_path / "store", "quote") as agent:
        agent.ingest([docs], root=docs)
    done = xagent("search", "Aurelia \x1b]0;owned\x07", "--store", tmp_path / "store", "--explain")
    assert "\x1b" not in done.out
    assert "the same: " in done.out


EXPLANATION = """\
1. aurelia · en · aurelia.txt · 0-91
   score 0.0166 (text rank 1, vector rank 1; covers 47% of the question)
   The yard Rosenlund built the schooner Aurelia in 1927 and sold her in 1931 for 3400 crowns.
   here by its rank
   query 1, question: text 1 in en, 1 over all (covers 0.47); vector 1 in en, 1 over all (cosine 0.69)
   the same: copy.txt · en · 0-91
   the same: schoner.txt · de · 0-91
2. tour · en · tour.txt · 0-60
   score 0.0160 (text rank 3, vector rank 2; covers 24% of the question)
   The schooner Aurelia lies in the harbour; the yard was sold.
   here by its language's share
   query 1, question: text 3 in en, 3 over all (covers 0.24); vector 2 in en, 2 over all (cosine 0.62)
query 1, question: Who built the schooner Aurelia? (en)
de: 1 found, 1 relevant, 0 here by rank, 0 by share
en: 3 found, 3 relevant, 1 here by rank, 1 by share
th: 1 found, 0 relevant, 0 here by rank, 0 by share; nothing relevant: its share is yielded
cut: thai.txt · th · 0-64 · score 0.0002 · bears on the question too little
"""
