"""One writer at a time: the second is told who the first is, and a dead one blocks nobody."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from xagent.errors import StoreBusy, StoreFull
from xagent.ingest import ingest
from xagent.store import Store
from xagent.vectors import VectorIndex
from xagent.writer import writing

from .test_store import BRIDGE, assert_sound, jsonl, put, store, texts, varied

__all__ = ["store"]

HOLD = """
import sys
from pathlib import Path
from xagent.store import Store
from xagent.writer import writing

with Store.open(Path(sys.argv[1])) as store, writing(store):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_writer(store: Store) -> Iterator["subprocess.Popen[str]"]:
    """A process that holds the store's lock until its standard input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(store.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_second_process_is_told_who_writes(store: Store, tmp_path: Path) -> None:
    docs = put(tmp_path / "docs", {"de.txt": BRIDGE["de"]})
    with another_writer(store) as first:
        with pytest.raises(StoreBusy, match=rf"process {first.pid}\b.*--wait"):
            ingest(store, [docs])
        begun = time.monotonic()
        with pytest.raises(StoreBusy):
            ingest(store, [docs], wait=0.3)
        assert time.monotonic() - begun >= 0.3
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(ingest, store, [docs], wait=-1)
            assert not waiting.done()
            assert first.stdin is not None
            first.stdin.close()
            assert waiting.result().read == 1
    assert_sound(store)


def test_a_killed_writer_blocks_nobody(store: Store, tmp_path: Path) -> None:
    docs = put(tmp_path / "docs", {"sw.txt": BRIDGE["sw"]})
    with another_writer(store) as first:
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert (store.path / "writer.pid").read_text() == str(first.pid)
    assert ingest(store, [docs]).read == 1
    assert not (store.path / "writer.pid").exists()
    assert_sound(store)


def test_a_note_of_nonsense_blocks_nobody(store: Store, tmp_path: Path) -> None:
    (store.path / "writer.pid").write_bytes(b"\xff\xfe not a number")
    assert ingest(store, [put(tmp_path / "docs", {"fa.txt": BRIDGE["fa"]})]).read == 1
    assert_sound(store)


def test_a_writer_that_was_killed_is_not_trusted(store: Store, tmp_path: Path) -> None:
    docs = put(tmp_path / "docs", {"hi.txt": BRIDGE["hi"], "zh.txt": BRIDGE["zh"]})
    ingest(store, [docs])
    store.vectors.remove("hi", store.catalog.keys("hi"))
    (store.path / "writer.pid").write_text("1")
    assert ingest(store, [docs]).unchanged == 2
    assert_sound(store)


def test_two_threads(store: Store, tmp_path: Path) -> None:
    docs = put(tmp_path / "docs", {"ja.txt": BRIDGE["ja"]})
    held, enough = Event(), Event()

    def hold() -> None:
        with writing(store):
            held.set()
            enough.wait(20)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(hold)
        assert held.wait(20)
        with pytest.raises(StoreBusy, match=f"process {os.getpid()}"):
            ingest(store, [docs])
        second = pool.submit(ingest, store, [docs], wait=20)
        enough.set()
        assert second.result().read == 1
        first.result()
    assert_sound(store)


def test_many_threads_ingest_at_once(store: Store, tmp_path: Path) -> None:
    folders = [put(tmp_path / code, {f"{code}.txt": text}) for code, text in list(BRIDGE.items())[:6]]
    with ThreadPoolExecutor(6) as pool:
        reports = list(pool.map(lambda folder: ingest(store, [folder], wait=-1), folders))
    assert [report.read for report in reports] == [1] * 6
    assert texts(store) == {BRIDGE[folder.name] for folder in folders}
    assert_sound(store)


# Interrupted from the keyboard


@pytest.mark.integration
def test_ctrl_c_on_the_command_line(tmp_path: Path) -> None:
    rows = [varied("tr", n) for n in range(1200)]
    docs = put(tmp_path / "docs", {f"{n}.txt": row for n, row in enumerate(rows)})
    # Where the tests run in the background, the shell has them ignore Ctrl-C, and a child would too.
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = [sys.executable, "-c", f"{heeding}; from xagent.cli import main; main()"]
    with subprocess.Popen(
        [*command, "ingest", str(docs), "--store", str(tmp_path / "store"), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        until((tmp_path / "store" / "writer.pid").exists)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "Traceback" not in said
    with Store.open(tmp_path / "store") as store:
        assert_sound(store, finished=False)
        ingest(store, [docs])
        assert texts(store) == set(rows)
        assert_sound(store)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# A full disk


def test_a_catalog_without_room(store: Store, tmp_path: Path) -> None:
    docs = put(tmp_path / "docs", {"en.txt": BRIDGE["en"]})
    ingest(store, [docs])
    pages = store.catalog._connection.execute("PRAGMA page_count").fetchone()[0]
    store.catalog._connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    put(docs, {"rows.jsonl": jsonl(*(varied("ru", n) for n in range(300)))})
    with pytest.raises(StoreFull, match="free some room"):
        ingest(store, [docs])
    assert texts(store) == {BRIDGE["en"]}
    assert_sound(store, finished=False)
    store.catalog._connection.execute("PRAGMA max_page_count = 1000000")
    ingest(store, [docs])
    assert len(texts(store)) == 301
    assert_sound(store)


def test_a_text_index_that_does_not_say_why_it_failed_on_a_full_disk(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("An error occurred in a thread: 'Worker thread failed.'")

    free = type("Usage", (), {"free": 0})
    docs = put(tmp_path / "docs", {"ar.txt": BRIDGE["ar"], "th.txt": BRIDGE["th"]})
    for step in ("add", "commit"):
        with monkeypatch.context() as broken:
            broken.setattr(f"xagent.lexical.TextIndex.{step}", fails)
            broken.setattr("xagent.faults.shutil.disk_usage", lambda _: free)
            with pytest.raises(StoreFull, match="free some room"):
                ingest(store, [docs])
    ingest(store, [docs])
    assert len(texts(store)) == 2


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        ValueError("An IO error occurred: 'No space left on device (os error 28)'"),
        RuntimeError("error returned from database: (code: 13) database or disk is full"),
    ],
)
@pytest.mark.parametrize("engine", ["vectors", "text"])
def test_an_index_without_room(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, error: Exception
) -> None:
    docs = put(tmp_path / "docs", {"en.txt": BRIDGE["en"]})
    ingest(store, [docs])
    put(docs, {"fi.txt": BRIDGE["fi"], "th.txt": BRIDGE["th"]})

    def full(*_: object) -> None:
        raise error

    with monkeypatch.context() as broken:
        if engine == "vectors":
            broken.setattr(VectorIndex, "_of", full)
        else:
            broken.setattr("xagent.lexical.TextIndex.add", full)
        with pytest.raises(StoreFull, match="free some room"):
            ingest(store, [docs])
    assert_sound(store, finished=False)
    ingest(store, [docs])
    assert len(texts(store)) == 3
    assert_sound(store)


LIMITED = """
import resource, sys
from pathlib import Path
import xagent.ingest
from xagent.errors import StoreError
from xagent.languages import detect
from xagent.store import Store

xagent.ingest.BATCH = 128
detect("Der erste Aufruf schreibt die Modelle auf die Platte.")
with Store.open(Path(sys.argv[1])) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
    try:
        xagent.ingest.ingest(store, [sys.argv[2]])
    except StoreError as error:
        print(error)
"""


@pytest.mark.integration
def test_files_that_may_not_grow(tmp_path: Path) -> None:
    """Writes really fail here, in whichever engine first; SQLite does not say why."""
    docs = put(tmp_path / "docs", {"rows.jsonl": jsonl(*(varied("de", n) for n in range(1500)))})
    Store.create(tmp_path / "store").close()
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "store"), str(docs), "1000000"],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.stdout.count("\n") == 1, done
    with Store.open(tmp_path / "store") as store:
        ingest(store, [docs])
        assert len(texts(store)) == 1500
        assert_sound(store)
