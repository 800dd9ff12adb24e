"""Retrieval: properties that hold whatever the documents are."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from xagent.ingest import ingest
from xagent.retrieval import Hit, search
from xagent.store import Store
from xagent.testing import agent_over

from .test_store import BRIDGE, jsonl, put, store, varied

__all__ = ["store"]

CODES = sorted(BRIDGE)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with one document in each of thirteen languages, and forty rows more of English."""
    folder = tmp_path_factory.mktemp("library")
    docs = put(folder / "docs", {f"{code}.txt": text for code, text in BRIDGE.items()})
    english = [f"{BRIDGE['en'][:45]} {varied('en', n)[30:]}." for n in range(40)]
    put(docs, {"rows.jsonl": jsonl(*english)})
    with Store.create(folder / "store") as store:
        ingest(store, [docs])
        yield store


def ids(hits: list[Hit]) -> list[str]:
    return [hit.passage.id for hit in hits]


@pytest.mark.parametrize("code", CODES)
def test_a_passage_is_the_best_answer_to_itself(library: Store, code: str) -> None:
    best = search(library, BRIDGE[code], language=code)[0]
    assert best.passage.source == f"docs/{code}.txt"
    assert best.lexical_rank == 1
    assert best.dense_rank == 1


@given(query=st.sampled_from(CODES), k=st.integers(1, 60), chosen=st.sets(st.sampled_from(CODES)))
@settings(max_examples=40, deadline=None)
def test_what_is_asked_for_is_given(library: Store, query: str, k: int, chosen: set[str]) -> None:
    hits = search(library, BRIDGE[query], language=query, k=k, languages=chosen)
    there = sum(passages for code, (passages, _) in library.languages().items() if code in (chosen or CODES))
    assert len(hits) <= min(k, there)
    assert {hit.passage.language for hit in hits} <= (chosen or set(CODES))
    assert len(set(ids(hits))) == len(hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(0 <= hit.coverage <= 1 for hit in hits)
    assert all(hit.dense_rank or hit.lexical_rank for hit in hits)


@given(query=st.sampled_from(CODES), order=st.permutations(CODES), size=st.integers(1, len(CODES)))
@settings(max_examples=30, deadline=None)
def test_the_order_of_languages_does_not_matter(
    library: Store, query: str, order: list[str], size: int
) -> None:
    chosen = order[:size]
    assert ids(search(library, BRIDGE[query], languages=chosen)) == ids(
        search(library, BRIDGE[query], languages=sorted(chosen))
    )


@given(query=st.sampled_from(CODES), first=st.integers(1, 40), more=st.integers(1, 40))
@settings(max_examples=30, deadline=None)
def test_the_same_question_has_the_same_hits(library: Store, query: str, first: int, more: int) -> None:
    hits = search(library, BRIDGE[query], k=first)
    assert ids(search(library, BRIDGE[query], k=first)) == ids(hits)
    assert hits[0].passage.id in ids(search(library, BRIDGE[query], k=first + more))


@given(query=st.sampled_from([code for code in CODES if code != "en"]))
@settings(max_examples=13, deadline=None)
def test_the_best_of_each_language_is_among_the_hits(library: Store, query: str) -> None:
    """Forty passages of English match an English question better than any other language's one."""
    k = 2 * len(CODES)
    alone = search(library, BRIDGE["en"], language="en", k=k, languages=[query])
    together = search(library, BRIDGE["en"], language="en", k=k)
    assert ids(alone)[0] in ids(together)


@given(added=st.lists(st.sampled_from(CODES), min_size=1, max_size=3, unique=True))
@settings(max_examples=5, deadline=None)
def test_documents_of_another_language_do_not_push_out_the_best(
    tmp_path_factory: pytest.TempPathFactory, added: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("growing")
    first = next(code for code in ("de", "ru", "th", "yo") if code not in added)
    docs = put(folder / "docs", {"first.txt": BRIDGE[first]})
    with Store.create(folder / "store") as store:
        ingest(store, [docs])
        for code in added:
            rows = [f"{BRIDGE[code]} {n}" for n in range(15)]
            put(docs, {f"{code}.jsonl": jsonl(*rows)})
            ingest(store, [docs])
            # The question is in the language that was added: each of its passages matches better.
            hits = search(store, BRIDGE[code], language=code, k=8)
            assert "docs/first.txt" in {hit.passage.source for hit in hits}
            assert len(hits) == 8


def test_an_empty_store(store: Store) -> None:
    assert search(store, "Wann wurde die Brücke gebaut?", language="de") == []
    assert search(store, "bridge", languages=["en", "xx"]) == []


def test_a_language_the_store_does_not_have(library: Store) -> None:
    assert search(library, "bridge", languages=["ko"]) == []


@pytest.mark.parametrize("query", ["?!", " ", "🌉", "a", "\x00", "\u200d", "x" * 4000, "the of and"])
def test_odd_questions(library: Store, query: str) -> None:
    assert len(search(library, query, language="en", k=7)) <= 7


def test_hits_as_plain_values(library: Store) -> None:
    hit = search(library, BRIDGE["hi"], language="hi")[0]
    values = hit.as_dict()
    assert values["id"] == hit.passage.id
    assert values["text"] == BRIDGE["hi"]
    assert values["source"] == "docs/hi.txt"
    assert "key" not in values


def test_vectors_are_left_alone_while_another_process_writes(tmp_path: Path) -> None:
    with agent_over(tmp_path, {"fi.md": "Porvoon tuomiokirkko rakennettiin 1400-luvulla."}) as agent:
        store = agent.store
        assert search(store, "Porvoon tuomiokirkko", language="fi")[0].dense_rank == 1
        store.note_path.write_text("1", "utf-8")
        with FileLock(store.lock_path, thread_local=False):
            hit = search(store, "Porvoon tuomiokirkko", language="fi")[0]
            assert (hit.dense_rank, hit.lexical_rank) == (None, 1)
        assert search(store, "Porvoon tuomiokirkko", language="fi")[0].dense_rank == 1
