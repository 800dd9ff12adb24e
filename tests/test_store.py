"""The store: what it says when it cannot be opened, and that reading goes on while it is written to.

The helpers here serve the other tests of the storage side.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from threading import Event, Thread

import pytest

from xagent.concept_embedder import ConceptEmbedder
from xagent.doctor import examine
from xagent.errors import (
    EmbedderMismatch,
    EndpointError,
    StoreDamaged,
    StoreError,
    StoreMissing,
    StoreVersion,
)
from xagent.faults import storage
from xagent.ingest import ingest
from xagent.lexical import Way
from xagent.retrieval import Query, search
from xagent.store import MARKER, Store

BRIDGE = {
    "ar": "بُني الجسر القديم في مدينة صفاقس سنة ١٨٩٤ فوق النهر، وكان طوله مئة وعشرين مترا.",
    "de": "Die alte Brücke über den Fluss wurde im Jahr 1894 gebaut und war hundertzwanzig Meter lang.",
    "en": "The old bridge over the river was built in 1894, and it was one hundred and twenty metres long.",
    "fa": "پل قدیمی شهر در سال ۱۳۲۱ بر روی رودخانه ساخته شد و طول آن صد و بیست متر بود.",
    "fi": "Vanha silta rakennettiin joen yli vuonna 1894, ja sen pituus oli satakaksikymmentä metriä.",
    "hi": "पुराना पुल 1894 में नदी के ऊपर बनाया गया था और उसकी लंबाई एक सौ बीस मीटर थी।",
    "ja": "この古い橋は1894年に川の上に建てられ、長さは百二十メートルでした。",
    "ru": "Старый мост через реку построили в 1894 году, его длина составляла сто двадцать метров.",
    "sw": "Daraja la zamani lilijengwa juu ya mto mwaka wa 1894, na urefu wake ulikuwa mita mia na ishirini.",
    "th": "สะพานเก่าแห่งนี้สร้างขึ้นข้ามแม่น้ำในปี พ.ศ. 2437 และมีความยาวหนึ่งร้อยยี่สิบเมตร",
    "tr": "Eski köprü 1894 yılında nehrin üzerine yapıldı ve uzunluğu yüz yirmi metreydi.",
    "yo": "Wọ́n kọ́ afárá àtijọ́ náà lórí odò ní ọdún 1894, gígùn rẹ̀ sì jẹ́ ọgọ́fà mítà.",
    "zh": "这座老桥建于一八九四年，横跨河流，全长一百二十米，每天有许多人经过。",
}
"""The same two facts in thirteen languages."""

Row = tuple[str, int, int, str]


def put(folder: Path, documents: Mapping[str, str]) -> Path:
    """Write files into a folder, given as names with their text."""
    for name, text in documents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def jsonl(*texts: str) -> str:
    """JSON lines with these texts."""
    return "".join(json.dumps({"text": text}) + "\n" for text in texts)


def varied(code: str, number: int) -> str:
    """A sentence of its own for each number: Chroma's graph does lose some of thousands nearly alike."""
    chance = Random(number)
    names = ("".join(chance.choice(_SYLLABLES) for _ in range(3)) for _ in range(6))
    return f"{BRIDGE[code][:30].strip()} {' '.join(names)} {number}"


_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]


def contents(store: Store) -> set[Row]:
    """Every visible passage: source, extent and text."""
    return {(p.source, p.start, p.end, p.text) for p in store.catalog.passages_after(0, 1_000_000)}


def texts(store: Store) -> set[str]:
    """The text of every visible passage."""
    return {text for _, _, _, text in contents(store)}


def sources(store: Store, query: str) -> list[str]:
    """Where the hits for a query lie, best first."""
    return [hit.passage.source for hit in search(store, [Query(query)], k=200)]


def assert_sound(store: Store, *, finished: bool = True) -> None:
    """Each passage is found in both indexes, and the indexes hold nothing else."""
    health = examine(store)
    assert health.sound, health
    if finished:
        assert not health.unfinished
        for language, (passages, _) in store.languages().items():
            assert store.vectors.count(language) == passages
            assert store.lexical.of(language).count() == passages


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "store") as made:
        yield made


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder of another owner that one may read but not write to."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="xagent ingest"):
        Store.open(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_made_by_a_newer_xagent(store: Store) -> None:
    (store.path / MARKER).write_text('{"version": 99, "embedder": "concepts", "dimension": 512}')
    with pytest.raises(StoreVersion, match="format 99"):
        Store.open(store.path)


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"version": 1}',
        b"\xff\xfe\x00",
        b'{"version": "x"}',
        b'{"version": null}',
    ],
)
def test_a_marker_that_cannot_be_read(store: Store, garbage: bytes) -> None:
    (store.path / MARKER).write_bytes(garbage)
    with pytest.raises(StoreDamaged, match="--store"):
        Store.open(store.path)
    with pytest.raises(StoreDamaged):
        Store.create(store.path)


def test_another_embedder(store: Store) -> None:
    with pytest.raises(EmbedderMismatch, match="'concepts', not 'bge-m3'"):
        Store.open(store.path, "bge-m3", "http://127.0.0.1:9/v1")
    with pytest.raises(EmbedderMismatch):
        Store.create(store.path, "bge-m3", "http://127.0.0.1:9/v1")
    Store.open(store.path, "concepts").close()


def test_an_endpoint_that_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(EndpointError, match="XAGENT_EMBEDDER_URL"):
        Store.create(tmp_path / "store", "bge-m3")
    assert not (tmp_path / "store").exists()


def test_what_it_was_made_with_is_recorded(store: Store) -> None:
    recorded = json.loads((store.path / MARKER).read_text("utf-8"))
    assert recorded == {"version": 1, "embedder": "concepts", "dimension": ConceptEmbedder.dimension}


def test_a_lost_catalog_is_no_empty_store(store: Store, tmp_path: Path) -> None:
    ingest(store, [put(tmp_path / "docs", {"a.txt": BRIDGE["en"]})])
    store.close()
    for left in store.path.glob("catalog.db*"):
        left.unlink()
    with pytest.raises(StoreDamaged, match="gone"):
        Store.open(store.path)


def test_a_folder_one_may_not_write_to(nobody: Path) -> None:
    documents = put(nobody, {"a.txt": BRIDGE["fi"]})
    with Store.create(nobody / "store") as store:
        ingest(store, [documents / "a.txt"])
    for path in [*(nobody / "store").rglob("*"), nobody / "store"]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        with pytest.raises(StoreDamaged, match="no permission"):
            Store.open(nobody / "store")
        with pytest.raises(StoreDamaged, match="no permission"):
            Store.create(Path("/proc/store") if not root else nobody / "another")
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (PermissionError(13, "Permission denied"), "no permission"),
        (RuntimeError("attempt to write a readonly database"), "no permission"),
        (RuntimeError("anything\nelse"), "anything else.*doctor --repair"),
    ],
)
def test_faults_in_one_line(raised: Exception, message: str) -> None:
    with pytest.raises(StoreDamaged, match=message), storage("vectors"):
        raise raised


def test_a_damaged_catalog_is_not_sent_to_the_doctor() -> None:
    with pytest.raises(StoreDamaged, match="ingest the documents into a new store"), storage("catalog"):
        raise RuntimeError("file is not a database")


def test_errors_of_ours_and_interruptions_pass() -> None:
    for error in (StoreError("ours"), KeyboardInterrupt(), SystemExit(2)):
        with pytest.raises(type(error)), storage("vectors"):
            raise error


def test_eight_threads_search_while_another_ingests(store: Store, tmp_path: Path) -> None:
    put(tmp_path / "docs", {f"{code}.txt": text for code, text in BRIDGE.items()})
    ingest(store, [tmp_path / "docs"])
    done = Event()

    def write() -> None:
        try:
            for turn in range(4):
                rows = [f"Row {turn} of {n} about {BRIDGE['en']}" for n in range(30)]
                put(tmp_path / "docs", {"rows.jsonl": jsonl(*rows), f"{turn}.txt": BRIDGE["tr"] + str(turn)})
                ingest(store, [tmp_path / "docs"])
        finally:
            done.set()

    def read(code: str) -> int:
        turns = 0
        while not done.is_set() or not turns:
            hits = search(store, [Query(BRIDGE[code], code)], k=5, languages=[code]).hits
            assert hits[0].passage.language == code
            assert hits[0].passage.text in store.catalog.quotation(hits[0].passage.key, 0, 10_000)
            turns += 1
        return turns

    writer = Thread(target=write)
    writer.start()
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, ["ar", "de", "fi", "hi", "ja", "ru", "th", "zh"]))
    writer.join()
    assert_sound(store)
    assert len(contents(store)) == len(BRIDGE) + 4 + 30


def test_a_store_opened_before_finds_what_another_ingests(store: Store, tmp_path: Path) -> None:
    docs = put(tmp_path / "docs", {"de.txt": BRIDGE["de"]})
    ingest(store, [docs])
    assert sources(store, "Brücke") == ["docs/de.txt"]
    with Store.open(store.path) as other:
        put(docs, {"de.txt": BRIDGE["de"].replace("Brücke", "Mühle"), "ru.txt": BRIDGE["ru"]})
        ingest(other, [docs])
    assert store.lexical.search([(Way(("_mue", "_muh")),)], "de", 5) != []
    assert set(sources(store, "мост Mühle")) == {"docs/de.txt", "docs/ru.txt"}
    assert_sound(store)


def test_closing_twice_is_harmless(store: Store) -> None:
    store.close()
    store.close()
