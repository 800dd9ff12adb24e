"""Vectors: those built in are the same everywhere; a server's mistakes end in one clear line."""

import hashlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xagent.ingest
from xagent.concept_embedder import ConceptEmbedder
from xagent.embeddings import make_embedder
from xagent.endpoint_embedder import EndpointEmbedder
from xagent.errors import EndpointError
from xagent.ingest import ingest
from xagent.retrieval import Query, search
from xagent.store import MARKER, Store
from xagent.testing import EmbeddingFault, EmbeddingServer

from .test_store import BRIDGE, assert_sound, jsonl, put, sources, texts, varied

WRONG_SIZE = f"{ConceptEmbedder.dimension - 1} components, not {ConceptEmbedder.dimension}"
FAULTS = [fault for fault in get_args(EmbeddingFault) if fault]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client waits between its tries; nothing here gets better by waiting."""
    monkeypatch.setattr("xagent.embedding_client._LONGEST_PAUSE", 0.0)


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with EmbeddingServer() as running:
        yield running


# Built in


@given(st.lists(st.text(), max_size=5))
def test_unit_length_whatever_the_text(given_texts: list[str]) -> None:
    vectors = ConceptEmbedder().embed_passages(given_texts)
    assert vectors.shape == (len(given_texts), ConceptEmbedder.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@given(st.text())
def test_a_question_is_embedded_as_a_passage(text: str) -> None:
    embedder = ConceptEmbedder()
    assert np.array_equal(embedder.embed_query(text), embedder.embed_passages(["other", text])[1:])


def test_nearest_to_itself() -> None:
    vectors = ConceptEmbedder().embed_passages(list(BRIDGE.values()))
    assert np.array_equal(np.argmax(vectors @ vectors.T, axis=1), np.arange(len(BRIDGE)))


def test_the_same_in_every_process() -> None:
    code = (
        "import hashlib, json, sys\n"
        "from xagent.concept_embedder import ConceptEmbedder\n"
        "vectors = ConceptEmbedder().embed_passages(json.load(sys.stdin))\n"
        "print(hashlib.sha256(vectors.tobytes()).hexdigest())"
    )
    given_texts = [*BRIDGE.values(), ""]
    here = hashlib.sha256(ConceptEmbedder().embed_passages(given_texts).tobytes()).hexdigest()
    there = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(given_texts),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    )
    assert there.stdout.strip() == here


# A server


def test_a_server_gives_what_it_is_asked_for(server: EmbeddingServer) -> None:
    embedder = EndpointEmbedder("fake", server.url, batch=4)
    given_texts = list(BRIDGE.values())
    assert np.allclose(
        embedder.embed_passages(given_texts), ConceptEmbedder().embed_passages(given_texts), atol=1e-6
    )
    assert server.requests == 4
    assert embedder.dimension == ConceptEmbedder.dimension
    assert embedder.embed_passages([]).shape == (0, ConceptEmbedder.dimension)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_at_fault(server: EmbeddingServer, fault: EmbeddingFault) -> None:
    embedder = EndpointEmbedder("fake", server.url, dimension=ConceptEmbedder.dimension)
    server.fault = fault
    with pytest.raises(EndpointError) as caught:
        embedder.embed_passages(["Brücke", "мост"])
    message = str(caught.value)
    assert server.url in message
    assert "\n" not in message
    assert len(message) < 300
    if fault.startswith("status"):
        assert fault.removeprefix("status ") in message
    server.fault = ""
    assert embedder.embed_query("Brücke").shape == (1, ConceptEmbedder.dimension)


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(EndpointError, match=f"no embedder answers at {url}.*XAGENT_EMBEDDER_URL"):
            EndpointEmbedder("fake", url).embed_query("x")


@pytest.mark.parametrize("url", ["not a url", "http://", "ftp://127.0.0.1/x"])
def test_no_address_at_all(url: str) -> None:
    with pytest.raises(EndpointError):
        EndpointEmbedder("fake", url).embed_query("x")


def test_a_name_without_a_place() -> None:
    with pytest.raises(EndpointError, match="XAGENT_EMBEDDER_URL"):
        make_embedder("bge-m3")
    assert make_embedder().name == "concepts"


# A store with a server


def test_a_store_remembers_its_model(server: EmbeddingServer, tmp_path: Path) -> None:
    docs = put(tmp_path / "docs", {"th.txt": BRIDGE["th"], "yo.txt": BRIDGE["yo"]})
    with Store.create(tmp_path / "store", "fake", server.url) as store:
        ingest(store, [docs])
        assert_sound(store)
    recorded = json.loads((tmp_path / "store" / MARKER).read_text("utf-8"))
    assert (recorded["embedder"], recorded["dimension"]) == ("fake", ConceptEmbedder.dimension)
    with pytest.raises(EndpointError, match="'fake' needs its server: set XAGENT_EMBEDDER_URL"):
        Store.open(tmp_path / "store")
    with Store.open(tmp_path / "store", url=server.url) as store:
        assert sources(store, BRIDGE["th"])[0] == "docs/th.txt"


def test_a_model_that_changed_its_size(server: EmbeddingServer, tmp_path: Path) -> None:
    docs = put(tmp_path / "docs", {"fi.txt": BRIDGE["fi"]})
    with Store.create(tmp_path / "store", "fake", server.url) as store:
        ingest(store, [docs])
    server.fault = "other size"
    with Store.open(tmp_path / "store", url=server.url) as store:
        with pytest.raises(EndpointError, match=WRONG_SIZE):
            search(store, [Query("silta")])
        put(docs, {"ja.txt": BRIDGE["ja"]})
        with pytest.raises(EndpointError, match=WRONG_SIZE):
            ingest(store, [docs])


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_that_fails_in_the_middle_loses_nothing(
    server: EmbeddingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: EmbeddingFault
) -> None:
    monkeypatch.setattr(xagent.ingest, "BATCH", 10)
    rows = [varied("sw", n) for n in range(40)]
    docs = put(tmp_path / "docs", {"rows.jsonl": jsonl(*rows)})
    reply = server.reply

    def failing(asked: list[str]) -> tuple[int, bytes]:
        server.fault = fault if server.requests == 3 else server.fault
        return reply(asked)

    with Store.create(tmp_path / "store", "fake", server.url) as store:
        with monkeypatch.context() as broken:
            broken.setattr(server, "reply", failing)
            with pytest.raises(EndpointError):
                ingest(store, [docs])
        server.fault = ""
        assert 0 < len(texts(store)) < 40
        assert_sound(store, finished=False)
        ingest(store, [docs])
        assert texts(store) == set(rows)
        assert_sound(store)


def test_a_store_is_not_made_when_its_server_does_not_answer(server: EmbeddingServer, tmp_path: Path) -> None:
    server.fault = "status 500"
    with pytest.raises(EndpointError):
        Store.create(tmp_path / "store", "fake", server.url)
    assert not (tmp_path / "store").exists()
