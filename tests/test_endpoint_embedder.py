"""A served model: asked as much at once as it takes, never twice for a text, and what it cuts off is told."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from xagent.concept_embedder import ConceptEmbedder
from xagent.corpus import BUDGET
from xagent.doctor import examine
from xagent.embedder_cards import BARE, EmbedderCard, card_of
from xagent.embeddings import Vectors, make_embedder
from xagent.endpoint_embedder import EndpointEmbedder
from xagent.errors import EmbedderMismatch, EndpointError, MissingExtra
from xagent.ingest import ingest
from xagent.local_embedder import LocalEmbedder
from xagent.store import MARKER, Store
from xagent.testing import EmbeddingServer

from .test_store import BRIDGE, assert_sound, jsonl, put, texts, varied

TEXTS = [varied("fi", n) for n in range(40)]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xagent.embedding_client._LONGEST_PAUSE", 0.0)


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with EmbeddingServer() as running:
        yield running


# Known models


@pytest.mark.parametrize(
    ("name", "passage", "maximum", "languages"),
    [
        ("intfloat/multilingual-e5-small", "passage: {text}", 512, "many"),
        ("Multilingual-E5-Large", "passage: {text}", 512, "many"),
        ("intfloat/multilingual-e5-large-instruct", BARE, 512, "many"),
        ("/models/bge-m3/", BARE, 8192, "many"),
        ("bge-m3:latest", BARE, 8192, "many"),
        ("BAAI/bge-small-en-v1.5", BARE, 512, "english"),
        ("intfloat/e5-base-v2", "passage: {text}", 512, "english"),
        ("google/embeddinggemma-300m", "title: none | text: {text}", 2048, "many"),
        ("somebody/else", BARE, 0, ""),
    ],
)
def test_what_is_known_of_a_model(name: str, passage: str, maximum: int, languages: str) -> None:
    card = card_of(name)
    assert (card.passage, card.maximum, card.languages) == (passage, maximum, languages)
    assert card.crosslingual is (languages == "many")


def test_a_larger_model_of_a_family_has_its_own_dimension() -> None:
    assert [card_of(f"Qwen/Qwen3-Embedding-{size}").dimension for size in ("0.6B", "4B", "8B")] == [
        1024,
        2560,
        4096,
    ]


def test_a_template_takes_any_text() -> None:
    card = EmbedderCard(query="q: {text}!")
    assert card.for_query("{text} {0} \\1 ما هذا؟") == "q: {text} {0} \\1 ما هذا؟!"


def test_templates_are_sent(server: EmbeddingServer) -> None:
    embedder = EndpointEmbedder("multilingual-e5-small", server.url)
    embedder.embed_passages(["daraja"])
    embedder.embed_query("คำถาม")
    assert server.texts == ["passage: daraja", "query: คำถาม"]
    assert (embedder.crosslingual, embedder.maximum) == (True, 512)
    assert not EndpointEmbedder("fake", server.url).crosslingual


# Requests


def test_many_at_once_in_their_order() -> None:
    with EmbeddingServer(delay=0.05) as server:
        embedder = EndpointEmbedder("fake", server.url, batch=4, concurrency=5)
        vectors = embedder.embed_passages(TEXTS)
    assert np.allclose(vectors, ConceptEmbedder().embed_passages(TEXTS), atol=1e-6)
    assert server.requests == 10
    assert 1 < server.busiest <= 5


def test_a_busy_server_is_sent_less() -> None:
    with EmbeddingServer(delay=0.02, limit=2) as server:
        embedder = EndpointEmbedder("fake", server.url, batch=1, concurrency=8)
        vectors = embedder.embed_passages(TEXTS)
        assert embedder._line.client().limit.allowed <= 4
    assert np.allclose(vectors, ConceptEmbedder().embed_passages(TEXTS), atol=1e-6)
    assert 0 < server.refused < 40
    assert len(server.texts) == 40


def test_a_busy_server_says_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry-After is heeded, within reason."""
    import httpx2
    import openai

    from xagent.embedding_client import _told

    monkeypatch.setattr("xagent.embedding_client._LONGEST_PAUSE", 60.0)

    def seconds(header: str) -> float:
        request = httpx2.Request("POST", "http://server/v1/embeddings")
        response = httpx2.Response(429, headers={"Retry-After": header}, request=request)
        return _told(openai.APIStatusError("busy", response=response, body=None))

    assert [seconds(h) for h in ("7", "-1", "3600", "Wed, 21 Oct 2026 07:28:00 GMT")] == [7, 0, 60, 0]


def test_the_same_text_is_asked_once(server: EmbeddingServer) -> None:
    vectors = EndpointEmbedder("fake", server.url).embed_passages(["мост", "гора", "мост"])
    assert np.array_equal(vectors[0], vectors[2])
    assert server.texts == ["мост", "гора"]


# What was paid for


def test_nothing_is_asked_twice(server: EmbeddingServer, tmp_path: Path) -> None:
    docs = put(tmp_path / "docs", {f"{code}.txt": text for code, text in BRIDGE.items()})
    with Store.create(tmp_path / "store", "fake", server.url) as store:
        ingest(store, [docs])
        asked = len(server.texts)
        store.vectors.remove("yo", store.catalog.keys("yo"))
        assert examine(store, repair=True).repaired
        put(docs, {"yo.txt": BRIDGE["yo"] + "\n", "copy.txt": "Kopio."})
        ingest(store, [docs])
        assert len(server.texts) == asked + 1  # the copy: the Yoruba text is the same
        assert_sound(store)


def test_a_failure_in_the_middle_costs_no_second_request(server: EmbeddingServer, tmp_path: Path) -> None:
    docs = put(tmp_path / "docs", {"rows.jsonl": jsonl(*TEXTS)})
    with Store.create(tmp_path / "store", "fake", server.url) as store:
        assert isinstance(store.embedder, EndpointEmbedder)
        store.embedder.batch = 4
        reply = server.reply
        failing = iter(range(100))
        server.reply = lambda asked: reply(asked) if next(failing) < 5 else (418, b"{}")  # type: ignore[assignment,method-assign]
        with pytest.raises(EndpointError):
            ingest(store, [docs])
        server.reply = reply  # type: ignore[method-assign]
        before = len(server.texts)
        ingest(store, [docs])
        assert before > 10
        assert len(server.texts) < 40 + 1 + 4 * 8  # what was under way when it failed is asked again
        assert texts(store) == set(TEXTS)


def test_unused_vectors_go_with_a_repair(server: EmbeddingServer, tmp_path: Path) -> None:
    docs = put(tmp_path / "docs", {"a.txt": BRIDGE["hi"], "b.txt": BRIDGE["zh"]})
    with Store.create(tmp_path / "store", "fake", server.url) as store:
        ingest(store, [docs])
        (docs / "b.txt").unlink()
        ingest(store, [docs], prune=True)
        store.vectors.remove("hi", store.catalog.keys("hi"))
        cache = store.embedder.cache  # type: ignore[attr-defined]
        assert cache.count() == 2
        examine(store, repair=True)
        assert cache.count() == 1


def test_a_damaged_cache_is_begun_anew_and_told(server: EmbeddingServer, tmp_path: Path) -> None:
    docs = put(tmp_path / "docs", {"a.txt": BRIDGE["fa"]})
    with Store.create(tmp_path / "store", "fake", server.url) as store:
        (tmp_path / "store" / "embeddings.sqlite").write_bytes(b"rotten " * 1000)
        report = ingest(store, [docs])
        assert ["damaged" in note for note in report.notes] == [True]
        assert "\n" not in report.notes[0]
        assert_sound(store)


# Too long


@pytest.mark.parametrize(
    ("truncates", "tokenizes"), [(True, True), (True, False), (False, True), (False, False)]
)
def test_what_is_too_long_is_counted(truncates: bool, tokenizes: bool) -> None:
    long = {code: " ".join([text] * 4) for code, text in BRIDGE.items()}
    with EmbeddingServer(maximum=60, truncates=truncates, tokenizes=tokenizes) as server:
        given = [*BRIDGE.values(), *long.values()]
        cut = EndpointEmbedder("fake", server.url).embed_measured(given).cut
    assert cut.tolist() == [server.tokens(text) > 60 for text in given]
    assert 0 < cut.sum() < len(given)


def test_where_nothing_counts_it_is_an_estimate() -> None:
    with EmbeddingServer(maximum=60, tokenizes=False, counts=False) as server:
        found = EndpointEmbedder("fake", server.url).embed_measured([" ".join([BRIDGE["sw"]] * 9), "fupi"])
    assert found.cut.tolist() == [True, False]
    assert found.estimated


def test_truncation_is_reported(tmp_path: Path) -> None:
    docs = put(tmp_path / "docs", {"x" * 200 + ".txt": " ".join([BRIDGE["de"]] * 9), "kurz.txt": "Kurz."})
    with (
        EmbeddingServer(maximum=40) as server,
        Store.create(tmp_path / "store", "fake", server.url) as store,
    ):
        report = ingest(store, [docs])
    assert report.truncated > 0
    assert not report.truncated_by_estimate
    assert any("longer than the 40 tokens that fake reads" in note for note in report.notes)
    assert json.loads(json.dumps(report.as_dict()))["truncated"] == report.truncated


@pytest.mark.parametrize("code", ["ar", "de", "fi", "hi", "ja", "th", "yo", "zh"])
@pytest.mark.parametrize("tokenizes", [True, False])
def test_passages_fit_what_is_read(code: str, tokenizes: bool, tmp_path: Path) -> None:
    docs = put(tmp_path / "docs", {"a.txt": " ".join([BRIDGE[code]] * 30)})
    with (
        EmbeddingServer(maximum=150, tokenizes=tokenizes) as server,
        Store.create(tmp_path / "store", "fake", server.url) as store,
    ):
        report = ingest(store, [docs])
        assert report.truncated == 0
        assert max(map(len, texts(store))) < BUDGET


def test_a_model_that_reads_enough_is_not_asked_to_count(server: EmbeddingServer, tmp_path: Path) -> None:
    docs = put(tmp_path / "docs", {"a.txt": " ".join([BRIDGE["tr"]] * 30)})
    with Store.create(tmp_path / "store", "bge-m3", server.url) as store:
        before = len(server.texts)
        report = ingest(store, [docs])
        assert len(server.texts) - before == len(set(texts(store)))
    assert report.truncated == 0


# The store


def test_an_english_model_is_told_of(server: EmbeddingServer, tmp_path: Path) -> None:
    docs = put(tmp_path / "docs", {f"{code}.txt": BRIDGE[code] for code in ("en", "sw", "th")})
    with Store.create(tmp_path / "store", "all-MiniLM-L6-v2", server.url) as store:
        (note,) = ingest(store, [docs]).notes
        assert "English only: 2 passages in other languages (sw, th)" in note
        assert ingest(store, [docs]).notes == []


def test_a_changed_template_is_another_embedder(server: EmbeddingServer, tmp_path: Path) -> None:
    Store.create(tmp_path / "store", "multilingual-e5-small", server.url).close()
    marker = tmp_path / "store" / MARKER
    recorded = json.loads(marker.read_text("utf-8"))
    assert recorded["passage"] == "passage: {text}"
    marker.write_text(json.dumps({**recorded, "passage": "text: {text}"}), "utf-8")
    with pytest.raises(EmbedderMismatch, match=r"'text: \{text\}' for each passage.*'passage: \{text\}' now"):
        Store.open(tmp_path / "store", url=server.url)


def test_a_store_from_before_templates_goes_on_without(server: EmbeddingServer, tmp_path: Path) -> None:
    Store.create(tmp_path / "store", "multilingual-e5-small", server.url).close()
    marker = tmp_path / "store" / MARKER
    recorded = json.loads(marker.read_text("utf-8"))
    del recorded["passage"]
    marker.write_text(json.dumps(recorded), "utf-8")
    with Store.open(tmp_path / "store", url=server.url) as store:
        store.embedder.embed_passages(["silta"])
    assert server.texts[-1] == "silta"


# In this process


class FakeTransformer:
    """As much of a SentenceTransformer as is used."""

    max_seq_length = 12
    loaded: list[str] = []  # noqa: RUF012

    def __init__(self, name: str) -> None:
        if "/" not in name:
            raise OSError(f"{name} is not a\nmodel")
        self.loaded.append(name)

    def tokenizer(self, given: list[str], **_: object) -> dict[str, list[list[int]]]:
        return {"input_ids": [[0] * len(text.split()) for text in given]}

    def encode(self, sentences: list[str], prompt: str = "?", **_: object) -> Vectors:
        assert prompt == ""
        return ConceptEmbedder().embed_passages(sentences)


@pytest.fixture
def transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("sentence_transformers")
    module.SentenceTransformer = FakeTransformer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)


@pytest.mark.usefixtures("transformers")
def test_a_local_model(tmp_path: Path) -> None:
    name = "local:intfloat/multilingual-e5-small"
    embedder = make_embedder(name)
    assert isinstance(embedder, LocalEmbedder)
    given = ["lyhyt", "sana " * 20, *TEXTS]
    found = embedder.embed_measured(given)
    assert np.allclose(
        found.vectors, ConceptEmbedder().embed_passages([f"passage: {t}" for t in given]), atol=1e-6
    )
    assert found.cut[:2].tolist() == [False, True]
    with Store.create(tmp_path / "store", name) as store:
        ingest(store, [put(tmp_path / "docs", {"a.txt": BRIDGE["fi"]})])
        assert_sound(store)
    with Store.open(tmp_path / "store") as store:
        assert (store.embedder.name, store.embedder.crosslingual, store.embedder.maximum) == (name, True, 12)


@pytest.mark.usefixtures("transformers")
def test_no_such_local_model() -> None:
    with pytest.raises(EndpointError, match="'nothing' cannot be loaded: nothing is not a model"):
        make_embedder("local:nothing").embed_query("x")


def test_a_local_model_needs_its_extra(tmp_path: Path) -> None:
    with pytest.raises(MissingExtra, match=r"xagent\[local\]"):
        Store.create(tmp_path / "store", "local:intfloat/multilingual-e5-small")
