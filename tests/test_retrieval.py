"""Retrieval: properties that hold whatever the documents are."""

from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.as_asked import AsAsked
from xagent.ingest import ingest
from xagent.nodes.retrieve import read_on
from xagent.passages import Passage
from xagent.rankings import Ranking, overall
from xagent.retrieval import Found, Query, best
from xagent.retrieval import search as search_with
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


def search(
    store: Store, query: str, *, language: str = "und", k: int = 10, languages: Collection[str] = ()
) -> Found:
    return search_with(store, [Query(query, language)], k=k, languages=languages)


def ids(found: Found) -> list[str]:
    return [hit.passage.id for hit in found]


@pytest.mark.parametrize("code", CODES)
def test_a_passage_is_the_best_answer_to_itself(library: Store, code: str) -> None:
    best = search(library, BRIDGE[code], language=code).hits[0]
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
    found = search(library, BRIDGE[query], k=first)
    assert ids(search(library, BRIDGE[query], k=first)) == ids(found)
    assert found.hits[0].passage.id in ids(search(library, BRIDGE[query], k=first + more))


@pytest.mark.parametrize("code", ["de", "fi", "ja", "ru", "sw", "tr", "yo"])
def test_the_best_of_each_language_with_something_to_say_is_among_the_hits(library: Store, code: str) -> None:
    """Forty passages of English match an English question better than any other language's one."""
    question = "Was the old bridge, Eski köprü, silta, Brücke, daraja, мост, afárá, 古い橋, built in 1894?"
    alone = search(library, question, language="en", k=26, languages=[code]).hits[0]
    assert alone.relevant
    together = search(library, question, language="en", k=26)
    assert alone.passage.id in ids(together)


def test_a_language_with_nothing_relevant_yields(library: Store) -> None:
    found = search(library, BRIDGE["en"], language="und", k=20)
    given = {share.language: share for share in found.shares}
    assert (given["fa"].relevant, given["fa"].by_share) == (0, 0)
    assert given["en"].by_rank + given["en"].by_share > 10
    assert all(share.by_share == 0 for share in found.shares if not share.relevant)
    assert sum(share.by_rank + share.by_share for share in found.shares) == len(found)


ASKED = {
    "zh": "Varnholm 灯塔是 1894 年建的吗？",
    "ar": "هل بُنيت منارة Varnholm سنة 1894؟",
    "th": "ประภาคาร Varnholm สร้างในปี 1894 ใช่ไหม",
}
CROWD = {
    "zh": "Varnholm 灯塔在 1894 年之后每天点亮，第 {} 位守塔人记录了天气和船只。",
    "ar": "كانت منارة Varnholm تضاء كل ليلة بعد سنة 1894، وسجل حارسها رقم {} أحوال الطقس والسفن.",
    "th": "ประภาคาร Varnholm จุดไฟทุกคืนหลังปี 1894 ผู้ดูแลคนที่ {} บันทึกสภาพอากาศและเรือ",
}
ALONE = {
    "en": "The lighthouse at Varnholm was built in 1894 by Marta Lindqvist.",
    "fi": "Varnholmin majakka valmistui 1894.",
}


@pytest.mark.parametrize(("code", "many"), [("zh", 1000), ("ar", 60), ("th", 60)])
def test_a_thousand_documents_of_another_language_push_nothing_out(
    tmp_path: Path, code: str, many: int
) -> None:
    docs = put(tmp_path / "docs", {f"{language}.txt": text for language, text in ALONE.items()})
    put(docs, {f"{code}.jsonl": jsonl(*(CROWD[code].format(n) for n in range(many)))})
    with Store.create(tmp_path / "store") as store:
        ingest(store, [docs], root=docs)
        assert store.languages()[code][0] == many
        for k in (5, 8, 40):
            found = search(store, ASKED[code], language=code, k=k)
            assert {"en.txt", "fi.txt"} <= {hit.passage.source for hit in found}
            read = best(found.hits, 5)
            assert {"en", "fi", code} == {hit.passage.language for hit in read}


# Copies, translations and more than one query


def test_eleven_copies_of_a_fact_do_not_fill_the_context(tmp_path: Path) -> None:
    fact = "The lighthouse at Varnholm was built in 1894 by Marta Lindqvist."
    other = {f"other{n}.txt": f"The lighthouse at Varnholm: {varied('en', n)[30:]}." for n in range(8)}
    docs = put(tmp_path / "docs", {**{f"copy{n}.txt": fact for n in range(11)}, **other})
    with Store.create(tmp_path / "store") as store:
        ingest(store, [docs], root=docs)
        found = search(store, "When was the lighthouse at Varnholm built?", language="en", k=8)
        copies = [hit for hit in found if hit.passage.text == fact]
        assert [len(hit.siblings) for hit in copies] == [10]
        sources = {copies[0].passage.source, *(sibling.source for sibling in copies[0].siblings)}
        assert sources == {f"copy{n}.txt" for n in range(11)}
        assert len(found) == 8


def test_of_translations_the_reader_gets_the_one_to_be_read(tmp_path: Path) -> None:
    texts = {
        "de": "Die Werft Rosenlund baute 1927 die Aurelia und gab sie 1931 für 3400 Kronen Lindqvist.",
        "fi": "Rosenlundin telakka rakensi Aurelian 1927 ja myi sen 1931 Lindqvistille 3400 kruunulla.",
        "tr": "Rosenlund tersanesi Aurelia uskunasını 1927'de yaptı, 1931'de 3400 krona Lindqvist'e sattı.",
    }
    docs = put(tmp_path / "docs", {f"{code}.txt": text for code, text in texts.items()})
    with Store.create(tmp_path / "store") as store:
        ingest(store, [docs], root=docs)
        for asked, others in (("de", {"fi", "tr"}), ("tr", {"de", "fi"})):
            (hit,) = search(store, "Rosenlund Aurelia Lindqvist 1927 1931 3400", language=asked)
            assert hit.passage.language == asked
            assert {sibling.language for sibling in hit.siblings} == others


def test_a_rewording_adds_and_takes_nothing_away(library: Store) -> None:
    asked = Query(BRIDGE["tr"], "und")
    alone = search_with(library, [asked], k=26)
    added = Query(BRIDGE["zh"], "und", "rewording")
    both = search_with(library, [asked, added], k=26)
    first = {hit.passage.source: hit for hit in both.hits[:3]}
    assert {"docs/tr.txt", "docs/zh.txt"} <= set(first)
    assert first["docs/tr.txt"].lexical_rank == alone.hits[0].lexical_rank == 1
    places = {(place.query, place.engine): place for place in first["docs/zh.txt"].places}
    assert (places[1, "text"].overall, places[1, "text"].within) == (1, 1)


def test_a_translation_searches_its_languages_only(library: Store) -> None:
    queries = [Query("?? 77", "und"), Query(BRIDGE["sw"], "sw", "translation", frozenset({"sw"}))]
    found = search_with(library, queries, k=30)
    languages = {hit.passage.language for hit in found for place in hit.places if place.query == 1}
    assert languages == {"sw"}


@pytest.mark.parametrize(
    ("language", "question", "into"),
    [
        ("ar", "الجسر القديم", "th"),
        ("fi", "vanha silta", "ja"),
        ("hi", "पुराना पुल", "zh"),
        ("sw", "daraja la kale", "ar"),
        ("th", "สะพานเก่า", "tr"),
        ("tr", "eski köprü", "ru"),
        ("yo", "afárá àtijọ́", "de"),
        ("zh", "旧桥", "fi"),
    ],
)
def test_the_lexicon_finds_what_the_question_alone_cannot(
    library: Store, monkeypatch: pytest.MonkeyPatch, language: str, question: str, into: str
) -> None:
    asked = Query(question, language)
    assert any(hit.relevant for hit in search_with(library, [asked], languages=[into]))
    monkeypatch.setattr(library, "lexicon", AsAsked())
    assert not any(hit.relevant for hit in search_with(library, [asked], languages=[into]))


def test_what_a_translation_says_is_not_looked_up_word_by_word(library: Store) -> None:
    def found_by(*queries: Query) -> set[int]:
        found = search_with(library, queries, languages=["de"])
        return {place.query for hit in found for place in hit.places if place.engine == "text"}

    asked = Query("eski köprü", "tr")
    assert found_by(asked) == {0}
    assert found_by(asked, Query("die alte Brücke", "de", "translation", frozenset({"de"}))) == {1}


VALUES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40)), max_size=15)


@given(st.lists(VALUES, min_size=1, max_size=6), st.floats(0.01, 100), st.permutations(range(6)))
def test_ranks_over_all_languages_need_no_scale_and_no_order(
    found: list[list[tuple[int, int]]], scale: float, order: list[int]
) -> None:
    made = [
        Ranking(
            0,
            "text",
            CODES[n],
            tuple(
                (100 * n + m, float(value)) for m, (_, value) in enumerate(sorted(of, key=lambda p: -p[1]))
            ),
        )
        for n, of in enumerate(found)
    ]
    scaled = [
        Ranking(0, "text", one.language, tuple((key, scale * value) for key, value in one.found))
        for one in made
    ]
    turned = [scaled[n] for n in order if n < len(scaled)]
    assert overall(turned) == overall(made)


def test_a_follow_up_reads_on_where_a_longer_piece_was_read(library: Store) -> None:
    def piece(source: str, start: int, end: int) -> Passage:
        return Passage(start, source, "", "", "en", "Latn", start, end, "x" * (end - start))

    before = (piece("a", 0, 100), piece("b", 0, 10))
    assert read_on(before, (piece("a", 50, 100), piece("c", 0, 10))) == (*before, piece("c", 0, 10))
    longer = piece("a", 50, 150)
    assert read_on(before, (longer,)) == (*before, longer)


def test_an_empty_store(store: Store) -> None:
    assert search(store, "Wann wurde die Brücke gebaut?", language="de").hits == ()
    assert search(store, "bridge", languages=["en", "xx"]).hits == ()


def test_a_language_the_store_does_not_have(library: Store) -> None:
    assert search(library, "bridge", languages=["ko"]).hits == ()


@pytest.mark.parametrize("query", ["?!", " ", "🌉", "a", "\x00", "\u200d", "x" * 4000, "the of and"])
def test_odd_questions(library: Store, query: str) -> None:
    assert len(search(library, query, language="en", k=7)) <= 7


def test_hits_as_plain_values(library: Store) -> None:
    hit = search(library, BRIDGE["hi"], language="hi").hits[0]
    values = hit.as_dict()
    assert values["id"] == hit.passage.id
    assert values["text"] == BRIDGE["hi"]
    assert values["source"] == "docs/hi.txt"
    assert "key" not in values


def test_vectors_are_left_alone_while_another_process_writes(tmp_path: Path) -> None:
    with agent_over(tmp_path, {"fi.md": "Porvoon tuomiokirkko rakennettiin 1400-luvulla."}) as agent:
        store = agent.store
        assert search(store, "Porvoon tuomiokirkko", language="fi").hits[0].dense_rank == 1
        store.note_path.write_text("1", "utf-8")
        with FileLock(store.lock_path, thread_local=False):
            hit = search(store, "Porvoon tuomiokirkko", language="fi").hits[0]
            assert (hit.dense_rank, hit.lexical_rank) == (None, 1)
        assert search(store, "Porvoon tuomiokirkko", language="fi").hits[0].dense_rank == 1
