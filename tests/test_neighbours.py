"""Neighbours of a passage: sentences that a cut went through are whole again, offsets stay exact."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xagent.corpus import BUDGET
from xagent.ingest import ingest
from xagent.neighbours import neighbours, pieces
from xagent.nodes.verify import stands
from xagent.passages import Passage
from xagent.state import Quotation
from xagent.store import Store

from .test_store import put

ENDLESS = {
    "ar": "ثم سار المركب جنوبا مع الريح",
    "de": "dann fuhr das Boot mit dem Wind weiter nach Süden",
    "hi": "फिर नाव हवा के साथ दक्षिण की ओर चली",
    "th": "แล้วเรือก็แล่นไปทางใต้ตามลม",
    "tr": "sonra tekne rüzgârla birlikte güneye gitti",
    "yo": "lẹ́yìn náà ọkọ̀ ojú omi náà lọ sí gúúsù",
    "zh": "然后小船顺风向南行驶",
}
"""Clauses without an end, for a sentence that no passage can hold."""

SHORT = "The ferry leaves at noon. It comes back at night."


def guide() -> str:
    sections = [
        f"## Part {n}\n\n" + " ".join(f"Sentence {n}-{m} tells of the harbour." for m in range(60))
        for n in "ABC"
    ]
    return "# The guide\n\n" + "\n\n".join(sections)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("neighbours")
    endless = {
        f"{code}.txt": ", ".join([clause] * (3 * BUDGET // len(clause))) + "."
        for code, clause in ENDLESS.items()
    }
    docs = put(folder / "docs", {**endless, "guide.md": guide(), "short.txt": SHORT})
    with Store.create(folder / "store") as made:
        ingest(made, [docs], root=docs)
        yield made


def of(store: Store, source: str) -> list[Passage]:
    return [passage for passage in store.catalog.passages_after(0, 1000) if passage.source == source]


@pytest.mark.parametrize("code", [code for code in ENDLESS if code != "th"])
def test_a_sentence_that_was_cut_is_whole_again(store: Store, code: str) -> None:
    first, second, third, *_ = of(store, f"{code}.txt")
    joined = neighbours(store.catalog, [first, second])
    assert joined[first.key] == (second,)
    assert joined[second.key] == (first, third)


def test_whole_sentences_and_paragraphs_need_no_neighbour(store: Store) -> None:
    passages = [*of(store, "guide.md"), *of(store, "short.txt")]
    assert len(passages) > 4
    assert neighbours(store.catalog, passages) == {}
    assert neighbours(store.catalog, []) == {}


def test_passages_that_follow_each_other_are_read_in_one_piece(store: Store) -> None:
    first, second, *_, last = of(store, "guide.md")
    (short,) = of(store, "short.txt")
    one, other, alone = pieces(store.catalog, [(second,), (short,), (last,), (first,)])
    assert (one.key, one.end, alone.source) == (second.key, second.end, "guide.md")
    assert one.text.startswith("## Part A\n\nSentence A-0 tells")
    assert other == short
    assert alone.end == last.end


def test_a_heading_right_before_it_belongs_to_it(store: Store) -> None:
    first, second, *_ = of(store, "guide.md")
    (piece,) = pieces(store.catalog, [(first,)])
    assert piece.text == f"## Part A\n\n{first.text}"
    assert (second.heading, pieces(store.catalog, [(second,)])) == ("Part A", (second,))


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_piece_is_the_documents_text_and_can_be_quoted(store: Store, data: st.DataObject) -> None:
    everything = store.catalog.passages_after(0, 1000)
    chosen = data.draw(st.lists(st.sampled_from(everything), min_size=1, max_size=8, unique=True))
    joined = neighbours(store.catalog, chosen)
    read = pieces(store.catalog, [(one, *joined.get(one.key, ())) for one in chosen])
    assert len({piece.key for piece in read}) == len(read)
    assert read[0].start <= chosen[0].start
    assert all(
        any(p.source == c.source and p.start <= c.start and c.end <= p.end for p in read) for c in chosen
    )
    for piece in read:
        assert stands(Quotation(piece, piece.start, piece.end, piece.text), store)
        end = piece.start + min(5, len(piece.text))
        assert stands(Quotation(piece, piece.start, end, piece.text[:5]), store)
    spans = sorted((piece.source, piece.start, piece.end) for piece in read)
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in itertools.pairwise(spans)), "nothing twice"
