"""The detectors are loaded offline, once, from a copy of the bundled model."""

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from xagent import detectors, writing
from xagent.languages import detect, known_languages

LOAD = """
import socket
def refuse(*_): raise AssertionError("the network was asked")
socket.socket.connect = socket.create_connection = refuse
from xagent.languages import detect
print(detect("Gestern sind wir durch die Stadt spaziert, um einzukaufen.", ["de"]).code)
"""


def load(home: Path) -> subprocess.Popen[str]:
    environment = {
        "XDG_CACHE_HOME": str(home),
        "PYTHONPATH": ":".join(sys.path),
        "HOME": str(home),
        "FTLANG_CACHE": "/nowhere",
    }
    return subprocess.Popen([sys.executable, "-c", LOAD], env=environment, stdout=subprocess.PIPE, text=True)


def test_several_processes_copy_the_model_at_once(tmp_path: Path) -> None:
    processes = [load(tmp_path) for _ in range(2)]
    assert [process.communicate(timeout=60)[0].strip() for process in processes] == ["de", "de"]
    assert [path.name for path in (tmp_path / "xagent" / "fasttext").iterdir()] == ["lid.176.ftz"]


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "home"
    blocked.write_text("a file where a folder should be: nobody can write below it, root included")
    assert load(blocked).communicate(timeout=60)[0].strip() == "de"


def test_a_damaged_copy_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    damaged = tmp_path / "xagent" / "fasttext" / "lid.176.ftz"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"half a mod")
    with detectors._model_folder() as folder:
        assert folder == damaged.parent
        assert damaged.stat().st_size > 900_000


def test_threads_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        f"{word} sont arrivés hier soir à la gare" for word in ("Ils", "Elles", "Nous", "Les amis", "Deux")
    ] * 8
    alone = [detect(text, ["de"]) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda text: detect(text, ("de", "it")).code, texts)) == [
            one.code for one in alone
        ]


def test_langid_gives_what_rank_gives() -> None:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    ranked = dict(
        LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True).rank("Where is the old library?")
    )
    for label, probability in detectors.detector("langid")("Where is the old library?", 8).items():
        assert probability == pytest.approx(ranked[label], rel=1e-4)


def test_data_names_only_known_languages() -> None:
    known = {one.code for one in known_languages()}
    assert detectors._settings().rare <= known
    assert set(writing.cues().newcomers) <= known


def test_cues_speak_for_known_languages() -> None:
    known = {one.code for one in known_languages()}
    for cue in writing.cues().cues:
        assert {*cue.languages, *cue.within} <= known
        assert not cue.within or set(cue.languages) & set(cue.within)


def test_importing_is_cheap() -> None:
    heavy = "{'numpy', 'ftlangdetect', 'py3langid', 'lingua'}"
    code = f"import sys, xagent.languages; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


def test_sockets_are_never_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("the network was asked"))
    assert detect("Wir haben gestern keinen Zug genommen.").code == "de"
