"""A question asked of some documents alone: the others are not searched, whatever they have to say."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xagent.agent import Agent
from xagent.ingest import ingest
from xagent.rankings import rankings
from xagent.retrieval import Query, search
from xagent.store import Store

from .test_store import BRIDGE, jsonl, put

QUERIES = [Query(BRIDGE[code], code) for code in ("ar", "fi", "hi", "ja", "th", "tr", "zh")]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("documents")
    docs = put(folder / "docs", {f"{code}.txt": text for code, text in BRIDGE.items()})
    put(docs, {"odd#name.txt": BRIDGE["en"], "rows.jsonl": jsonl(*list(BRIDGE.values())[:5])})
    with Store.create(folder / "store") as store:
        ingest(store, [docs])
        yield store


def every_source(store: Store) -> list[str]:
    return sorted({passage.source for passage in store.catalog.passages_after(0, 1000)})


@given(st.data())
@settings(max_examples=30)
def test_only_the_documents_named_are_searched_and_as_they_would_be_in_all(
    library: Store, data: st.DataObject
) -> None:
    chosen = data.draw(st.sets(st.sampled_from(every_source(library)), min_size=1))
    query = data.draw(st.sampled_from(QUERIES))
    keys = library.catalog.keys_of(chosen)
    held = {key for of in keys.values() for key in of}
    whole = rankings(library, [query], library.languages())
    some = rankings(library, [query], list(keys), keys)
    for one in some:
        (full,) = [w for w in whole if (w.engine, w.language) == (one.engine, one.language)]
        expected = {key: value for key, value in full.found if key in held}
        assert dict(one.found) == pytest.approx(expected, abs=1e-5)
    hits = search(library, [query], k=50, documents=chosen).hits
    shown = {one.source for hit in hits for one in (hit.passage, *hit.joined)}
    assert shown <= chosen
    assert hits


def test_a_file_with_the_sign_of_a_part_in_its_name_is_found(library: Store) -> None:
    (hit,) = search(library, QUERIES[:1], documents=["docs/odd#name.txt"]).hits
    assert hit.passage.source == "docs/odd#name.txt"
    assert library.languages_of(["docs/odd#name.txt"]) == ("en",)


def test_documents_that_are_not_there_have_nothing_to_say(library: Store) -> None:
    assert not search(library, QUERIES[:1], documents=["docs/none.txt", "docs/rows.jsonl#line=99"]).hits


def test_an_answer_rests_on_the_documents_of_its_context(library: Store) -> None:
    with Agent(library.path, "quote") as agent:
        agent.context = agent.context.but(documents=("docs/fi.txt",))
        answer = agent.ask(BRIDGE["tr"])
    assert {passage.source for passage in answer.passages} == {"docs/fi.txt"}
