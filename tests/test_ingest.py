"""Ingest: what is found afterwards is what lies in the files now, however the last run ended."""

import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import xagent.ingest
from xagent import vectors
from xagent.doctor import examine
from xagent.errors import InputError, StoreError
from xagent.ingest import IngestProgress, Naming, ingest
from xagent.lexical import TextIndex
from xagent.retrieval import Query, search
from xagent.store import Store

from .test_store import BRIDGE, Row, assert_sound, contents, jsonl, put, sources, store, texts, varied

__all__ = ["store"]

KILLER = multiprocessing.get_context("forkserver")
# What a child needs, imported once: each then starts in milliseconds.
KILLER.set_forkserver_preload(["tests.test_ingest", "chromadb.api.rust"])


@pytest.fixture(autouse=True)
def no_runaway() -> Iterator[None]:
    """No file over 256 MiB, here and in children: Chroma once made one of 79 GB of a damaged graph."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 28, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder with one document in each of thirteen languages."""
    return put(tmp_path / "docs", {f"{code}.txt": text for code, text in BRIDGE.items()})


def keys(store: Store) -> set[int]:
    return {key for language in store.languages() for key in store.catalog.keys(language)}


def no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        pytest.fail(f"{path} was read")

    monkeypatch.setattr(xagent.ingest, "read", refuse)


# What a run reports


def test_counts_by_language(store: Store, docs: Path) -> None:
    report = ingest(store, [docs])
    assert report.passages == report.documents == Counter(dict.fromkeys(BRIDGE, 1))
    assert (report.read, report.unchanged, report.failed) == (len(BRIDGE), 0, {})
    assert store.languages() == dict.fromkeys(sorted(BRIDGE), (1, 1))
    assert texts(store) == set(BRIDGE.values())
    assert_sound(store)


def test_an_unchanged_tree_changes_nothing(store: Store, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(store, [docs])
    before = keys(store)
    no_reading(monkeypatch)
    report = ingest(store, [docs, docs / "de.txt"], prune=True)
    assert (report.read, report.unchanged, report.dropped) == (0, len(BRIDGE), [])
    assert not report.passages
    assert keys(store) == before


def test_a_touched_file_is_read_and_kept(store: Store, docs: Path) -> None:
    ingest(store, [docs])
    before = keys(store)
    os.utime(docs / "ja.txt", ns=(1, 1))
    report = ingest(store, [docs])
    assert (report.read, report.unchanged, report.passages) == (1, len(BRIDGE) - 1, Counter())
    assert keys(store) == before
    assert ingest(store, [docs]).read == 0


def test_a_run_tells_how_far_it_is(store: Store, docs: Path) -> None:
    states: list[IngestProgress] = []
    ingest(store, [docs], progress=states.append)
    assert [state.file for state in states[:-1]] == [f"docs/{code}.txt" for code in sorted(BRIDGE)]
    assert states[0].done == 0
    assert states[-1].done == states[-1].total == sum(len(text.encode()) for text in BRIDGE.values())


def test_unreadable_files_are_named_and_the_rest_goes_on(store: Store, docs: Path) -> None:
    (docs / "binary.txt").write_bytes(bytes(range(256)) * 4)
    (docs / "broken.jsonl").write_text(jsonl(BRIDGE["hi"] + " 1") + "{no json\n", "utf-8")
    (docs / "empty.md").touch()
    (docs / "link.txt").symlink_to("nowhere")
    report = ingest(store, [docs, docs / "missing.txt", docs / "*.none"])
    assert {Path(path).name: reason for path, reason in report.failed.items()} == {
        "binary.txt": report.failed[str(docs / "binary.txt")],
        "broken.jsonl": report.failed[str(docs / "broken.jsonl")],
        "empty.md": "empty",
        "link.txt": "a link that leads nowhere",
        "missing.txt": "no such file or folder",
        "*.none": "nothing matches",
    }
    assert "line 2 is not JSON" in report.failed[str(docs / "broken.jsonl")]
    assert report.read == len(BRIDGE)
    assert texts(store) >= set(BRIDGE.values())
    assert_sound(store)
    again = ingest(store, [docs])
    assert "empty.md" in {Path(path).name for path in again.failed}
    assert (again.read, again.unchanged) == (0, len(BRIDGE))


# What changes


def test_a_changed_file_replaces_its_passages(store: Store, docs: Path) -> None:
    ingest(store, [docs])
    (docs / "fi.txt").write_text(
        "Uusi tuulimylly pystytettiin mäelle vuonna 1911, ja se jauhoi ruista.", "utf-8"
    )
    report = ingest(store, [docs])
    assert (report.read, report.unchanged) == (1, len(BRIDGE) - 1)
    assert BRIDGE["fi"] not in texts(store)
    assert "docs/fi.txt" not in sources(store, "silta joen satakaksikymmentä")[:1]
    assert sources(store, "tuulimylly")[0] == "docs/fi.txt"
    assert_sound(store)


def test_rows_come_and_go(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xagent.ingest, "BATCH", 3)
    rows = [f"{BRIDGE['ru']} Запись {n}." for n in range(10)]
    docs = put(tmp_path / "docs", {"rows.jsonl": jsonl(*rows)})
    for wanted in (rows, rows[:4], [*rows, rows[0]], ["Другая строка.", *rows[1:3]], rows[:1]):
        put(docs, {"rows.jsonl": jsonl(*wanted)})
        ingest(store, [docs])
        found = sorted((int(source.partition("=")[2]), text) for source, _, _, text in contents(store))
        assert [text for _, text in found] == wanted
        assert_sound(store)
    assert contents(store) == {("docs/rows.jsonl#line=1", 0, len(rows[0]), rows[0])}


def test_a_row_replaces_its_older_self_even_if_the_file_breaks_off(store: Store, tmp_path: Path) -> None:
    docs = put(tmp_path / "docs", {"rows.jsonl": jsonl(BRIDGE["de"], BRIDGE["en"])})
    ingest(store, [docs])
    put(docs, {"rows.jsonl": jsonl(BRIDGE["tr"]) + "{"})
    assert ingest(store, [docs]).failed
    assert {(source, text) for source, _, _, text in contents(store)} == {
        ("docs/rows.jsonl#line=1", BRIDGE["tr"]),
        ("docs/rows.jsonl#line=2", BRIDGE["en"]),
    }
    assert_sound(store)


def test_a_file_that_lost_all_its_text_is_not_found(store: Store, docs: Path) -> None:
    ingest(store, [docs])
    (docs / "yo.txt").write_bytes(b"")
    assert "empty" in ingest(store, [docs]).failed.values()
    (docs / "yo.txt").write_text("Ilé ìwé tuntun ni a kọ́ sí ìlú náà ní ọdún 1950.", "utf-8")
    ingest(store, [docs])
    assert BRIDGE["yo"] not in texts(store)
    assert_sound(store)


def test_two_files_with_the_same_content(store: Store, tmp_path: Path) -> None:
    docs = put(tmp_path / "docs", {"a.txt": BRIDGE["th"], "b.txt": BRIDGE["th"]})
    ingest(store, [docs])
    (hit,) = search(store, [Query(BRIDGE["th"], "th")])
    assert {hit.passage.source, *(one.source for one in hit.siblings)} == {"docs/a.txt", "docs/b.txt"}
    (docs / "a.txt").unlink()
    ingest(store, [docs], prune=True)
    assert sources(store, BRIDGE["th"]) == ["docs/b.txt"]
    assert_sound(store)


def test_there_and_back_again(store: Store, docs: Path) -> None:
    ingest(store, [docs])
    before = {(p.id, p.language) for p in store.catalog.passages_after(0, 1000)}
    for text in (BRIDGE["en"], BRIDGE["sw"]):
        (docs / "sw.txt").write_text(text, "utf-8")
        ingest(store, [docs])
    assert {(p.id, p.language) for p in store.catalog.passages_after(0, 1000)} == before
    assert_sound(store)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(sorted(BRIDGE)), max_size=6), min_size=2, max_size=4))
def test_any_history_ends_in_what_the_file_holds(tmp_path: Path, history: list[list[str]]) -> None:
    docs = put(tmp_path / "any", {"keep.txt": BRIDGE["en"]})
    with Store.create(tmp_path / "any-store") as store:
        for turn, codes in enumerate(history):
            put(docs, {"rows.jsonl": jsonl(*(BRIDGE[code] for code in codes))})
            os.utime(docs / "rows.jsonl", ns=(turn, turn))
            if not codes:
                (docs / "rows.jsonl").unlink()
            ingest(store, [docs], prune=True)
        wanted = {(f"any/rows.jsonl#line={n}", BRIDGE[code]) for n, code in enumerate(codes, start=1)}
        found = {(source, text) for source, _, _, text in contents(store)}
        assert found == wanted | {("any/keep.txt", BRIDGE["en"])}
        assert_sound(store)


# What is pruned


def test_prune_forgets_only_what_is_gone_from_the_given_paths(store: Store, tmp_path: Path) -> None:
    put(tmp_path, {f"{place}.txt": BRIDGE["de"] for place in ("one/a", "one/b", "one/deep/er/c", "two/d")})
    ingest(store, [tmp_path / "one", tmp_path / "two"])
    for gone in ("one/a.txt", "one/deep/er/c.txt", "two/d.txt"):
        (tmp_path / gone).unlink()
    assert ingest(store, [tmp_path / "one"]).dropped == []
    assert len(contents(store)) == 4
    assert ingest(store, [tmp_path / "one"], prune=True).dropped == ["one/a.txt", "one/deep/er/c.txt"]
    assert {source for source, *_ in contents(store)} == {"one/b.txt", "two/d.txt"}
    shutil.rmtree(tmp_path / "two")
    assert ingest(store, [tmp_path / "two"], prune=True).dropped == ["two/d.txt"]
    assert_sound(store)


@pytest.mark.parametrize(
    ("given", "dropped"),
    [
        ("docs/*.txt", ["docs/a.txt"]),
        ("docs/**/*.txt", ["docs/a.txt", "docs/x/b.txt", "docs/x/y/c.txt"]),
        ("docs/**", ["docs/a.txt", "docs/x/b.txt", "docs/x/y/c.txt", "docs/x/y/d.md"]),
        ("docs/x/*", ["docs/x/b.txt", "docs/x/y/c.txt", "docs/x/y/d.md"]),
        ("docs/a.txt", ["docs/a.txt"]),
        ("other", []),
    ],
)
def test_prune_under_a_glob(store: Store, tmp_path: Path, given: str, dropped: list[str]) -> None:
    put(
        tmp_path,
        dict.fromkeys(["docs/a.txt", "docs/x/b.txt", "docs/x/y/c.txt", "docs/x/y/d.md"], "Ein Satz."),
    )
    ingest(store, [tmp_path / "docs"])
    shutil.rmtree(tmp_path / "docs")
    assert ingest(store, [tmp_path / given], prune=True).dropped == dropped


# Names


ODD = [
    "with space.txt",
    "a#b.txt",
    "line\nbreak.txt",
    "emoji 🌉.txt",
    "Приложение.txt",
    "%20.txt",
    "C:\\x.txt",
    "*.txt",
]


@pytest.mark.parametrize("name", ODD)
def test_odd_names(store: Store, tmp_path: Path, name: str) -> None:
    docs = put(tmp_path / "docs", {name: BRIDGE["hi"]})
    ingest(store, [docs / name])
    assert contents(store) == {(f"docs/{name}", 0, len(BRIDGE["hi"]), BRIDGE["hi"])}
    assert ingest(store, [docs], prune=True).unchanged == 1
    assert len(contents(store)) == 1
    (docs / name).unlink()
    assert ingest(store, [docs], prune=True).dropped == [f"docs/{name}"]


def test_a_name_that_is_not_utf8(store: Store, tmp_path: Path) -> None:
    docs = put(tmp_path / "docs", {"a.txt": BRIDGE["en"]})
    odd = os.fsencode(docs) + b"/caf\xe9.txt"
    Path(os.fsdecode(odd)).write_text(BRIDGE["tr"], "utf-8")
    assert ingest(store, [docs]).failed == {}
    assert {source for source, *_ in contents(store)} == {"docs/a.txt", "docs/caf\\udce9.txt"}
    again = ingest(store, [docs], prune=True)
    assert (again.unchanged, again.dropped) == (2, [])
    assert_sound(store)
    Path(os.fsdecode(odd)).unlink()
    assert ingest(store, [docs], prune=True).dropped == ["docs/caf\\udce9.txt"]
    assert texts(store) == {BRIDGE["en"]}


def test_a_moved_project_keeps_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    put(old / "docs", {"ar.txt": BRIDGE["ar"], "fa.txt": BRIDGE["fa"]})
    with Store.create(old / ".xagent") as store:
        ingest(store, [old / "docs"])
    old.rename(new)
    no_reading(monkeypatch)
    monkeypatch.chdir(new)
    with Store.open(Path(".xagent")) as store:
        assert ingest(store, ["docs"], prune=True).unchanged == 2
        assert {source for source, *_ in contents(store)} == {"docs/ar.txt", "docs/fa.txt"}


def test_a_project_reached_through_a_link_keeps_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "real" / "docs", {"de.txt": BRIDGE["de"], "en.txt": BRIDGE["en"]})
    (tmp_path / "link").symlink_to("real")
    with Store.create(tmp_path / "link" / "store") as store:
        ingest(store, [tmp_path / "link" / "docs"])
        assert {source for source, *_ in contents(store)} == {"docs/de.txt", "docs/en.txt"}
        (tmp_path / "real/docs/en.txt").unlink()
        no_reading(monkeypatch)
        report = ingest(store, [tmp_path / "link" / "docs"], prune=True)
        assert (report.unchanged, report.dropped) == (1, ["docs/en.txt"])


def test_files_outside_the_root_have_their_whole_path(tmp_path: Path) -> None:
    naming = Naming(tmp_path / "project")
    assert naming.name(tmp_path / "project/a/b.txt") == "a/b.txt"
    assert naming.name(tmp_path / "elsewhere.txt") == str(tmp_path / "elsewhere.txt")
    assert naming.path(str(tmp_path / "elsewhere.txt")) == tmp_path / "elsewhere.txt"


# Text and languages


def test_a_passage_is_what_its_document_says(store: Store, tmp_path: Path) -> None:
    mixed = "\n\n".join(f"{text} 🌉 {text}" for text in BRIDGE.values())
    docs = put(
        tmp_path / "docs", {"mixed.md": f"# Über Brücken\n\n{mixed}", "rows.jsonl": jsonl(mixed, mixed[::-1])}
    )
    ingest(store, [docs])
    passages = store.catalog.passages_after(0, 1000)
    assert len(passages) > 10
    for passage in passages:
        assert passage.text == store.catalog.quotation(passage.key, passage.start, passage.end)
        whole = store.catalog.quotation(passage.key, 0, 1_000_000)
        assert passage.text == whole[passage.start : passage.end] != ""
    assert len({passage.id for passage in passages}) == len(passages)
    assert_sound(store)


def test_a_document_may_mix_languages(store: Store, tmp_path: Path) -> None:
    long = "\n\n".join(" ".join([BRIDGE[code]] * 7) for code in ("de", "ru", "zh", "ar"))
    report = ingest(store, [put(tmp_path / "docs", {"mixed.txt": long})])
    assert set(report.passages) == {"de", "ru", "zh", "ar"}
    assert report.documents.total() == 1
    assert_sound(store)


# Whatever stops a run


def rows_of(version: int, count: int) -> str:
    """Rows in two languages; versions differ in length and in a third of their rows."""
    codes = ("de", "hi")
    return jsonl(
        *(
            varied(codes[n % 2], n + 100_000 * version * (n % 3 == 0))
            for n in range(count - count // 12 * version)
        )
    )


def undisturbed(folder: Path, version: int, count: int) -> tuple[set[Row], float]:
    """What a run that nothing stops leaves, and the seconds it takes."""
    docs = put(folder / "docs", {"rows.jsonl": rows_of(version, count)})
    with Store.create(folder / "calm") as store:
        begun = time.perf_counter()
        ingest(store, [docs])
        return contents(store), time.perf_counter() - begun


@pytest.fixture(scope="module")
def rows_stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a closed store lies that holds the first version of some rows: ingested once."""
    folder = tmp_path_factory.mktemp("rows")
    with Store.create(folder / "store") as made, pytest.MonkeyPatch.context() as patch:
        patch.setattr(xagent.ingest, "BATCH", 15)
        ingest(made, [put(folder / "docs", {"rows.jsonl": rows_of(0, 48)})])
    return folder


@pytest.fixture
def rows_copy(rows_stored: Path, tmp_path: Path) -> Iterator[Store]:
    """A copy of the stored rows and of their file, open."""
    shutil.copytree(rows_stored, tmp_path, dirs_exist_ok=True)
    with Store.open(tmp_path / "store") as copy:
        yield copy


@pytest.mark.parametrize("error", [RuntimeError("no"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize(
    "point",
    [
        "vectors.VectorIndex.add",
        "vectors.VectorIndex.remove",
        "lexical.TextIndex.add",
        "lexical.TextIndex.remove",
        "lexical.Lexical.commit",
        "catalog.Catalog.add",
        "catalog.Catalog.touch",
        "catalog.Catalog.publish",
        "catalog.Catalog.forget_removed",
    ],
)
def test_an_error_anywhere_loses_nothing(
    rows_copy: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str, error: BaseException
) -> None:
    monkeypatch.setattr(xagent.ingest, "BATCH", 15)
    store = rows_copy
    put(tmp_path / "docs", {"rows.jsonl": rows_of(1, 48)})
    with monkeypatch.context() as broken:
        fail_at_second_call(broken, point, error)
        with pytest.raises((type(error), StoreError)):
            ingest(store, [tmp_path / "docs"])
    assert_sound(store, finished=False)
    ingest(store, [tmp_path / "docs"])
    rows = [json.loads(line)["text"] for line in rows_of(1, 48).splitlines()]
    assert contents(store) == {
        (f"docs/rows.jsonl#line={n}", 0, len(row), row) for n, row in enumerate(rows, 1)
    }
    assert_sound(store)


def fail_at_second_call(monkeypatch: pytest.MonkeyPatch, point: str, error: BaseException) -> None:
    module, name, method = point.split(".")
    owner = getattr(__import__(f"xagent.{module}", fromlist=[name]), name)
    real = getattr(owner, method)
    calls = iter(range(1_000))

    def failing(*values: object, **named: object) -> object:
        if next(calls) == 1:
            raise error
        return real(*values, **named)

    monkeypatch.setattr(owner, method, failing)


def test_ctrl_c_between_files_loses_nothing(store: Store, docs: Path) -> None:
    def interrupt(state: IngestProgress) -> None:
        if state.file.endswith("ja.txt"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(store, [docs], progress=interrupt)
    assert_sound(store, finished=False)
    ingest(store, [docs])
    assert texts(store) == set(BRIDGE.values())
    assert_sound(store)


def test_a_writer_of_the_text_index_that_broke_is_replaced(
    store: Store, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def add_document(self, _: object) -> None:
            raise ValueError("An IO error occurred: 'No space left on device'")

        def wait_merging_threads(self) -> None:
            raise ValueError("The writer was killed")

    with monkeypatch.context() as broken:
        broken.setattr(TextIndex, "_writing", lambda self: self.__dict__.setdefault("_broken", Broken()))
        broken.setattr(TextIndex, "close", lambda self: Broken().wait_merging_threads())
        with pytest.raises(StoreError):
            ingest(store, [docs])
    ingest(store, [docs])
    assert texts(store) == set(BRIDGE.values())
    assert_sound(store)


def ingest_and_be_killed(store: Path, docs: Path, begun: "multiprocessing.synchronize.Event") -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 28, 1 << 28))
    xagent.ingest.BATCH = 64
    # So small that Chroma writes its graph to disk again and again: it does so in place.
    vectors._HNSW.update({"sync_threshold": 60, "batch_size": 30})
    with Store.create(store) as opened:
        begun.set()
        ingest(opened, [docs])


def kill(process: ForkServerProcess, seconds: float) -> None:
    process.join(seconds)
    if process.pid and process.is_alive():
        with suppress(ProcessLookupError):  # it has just ended by itself, and is not ours to wait for
            os.kill(process.pid, signal.SIGKILL)
    process.join()
    process.close()


def kill_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kills: int, rows: int) -> None:
    chance = random.Random(kills)
    monkeypatch.setattr(xagent.ingest, "BATCH", 64)
    calm, seconds = undisturbed(tmp_path, kills % 5, rows)
    for turn in range(kills):
        put(tmp_path / "docs", {"rows.jsonl": rows_of(turn % 5, rows)})
        begun = KILLER.Event()
        process = KILLER.Process(
            target=ingest_and_be_killed, args=(tmp_path / "store", tmp_path / "docs", begun)
        )
        process.start()
        assert begun.wait(30)
        kill(process, chance.uniform(0, 1.2 * seconds))
        with Store.open(tmp_path / "store") as store:
            assert_no_lie(store)
    put(tmp_path / "docs", {"rows.jsonl": rows_of(kills % 5, rows)})
    with Store.open(tmp_path / "store") as store:
        ingest(store, [tmp_path / "docs"])
        assert contents(store) == calm
        assert_sound(store)


def assert_no_lie(store: Store) -> None:
    """Chroma's graph may be damaged if it was just being written; the next ingest knows, and mends it."""
    health = examine(store)
    assert not health.lost_text
    assert health.sound or (store.path / "writer.pid").exists(), health


@pytest.mark.integration
def test_killed_at_any_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_again_and_again(tmp_path, monkeypatch, kills=9, rows=400)


@pytest.mark.integration
@pytest.mark.timeout(900)
def test_killed_forty_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_again_and_again(tmp_path, monkeypatch, kills=40, rows=1500)


def test_a_question_is_no_path(store: Store) -> None:
    assert not issubclass(StoreError, InputError)
    assert ingest(store, []).read == 0
