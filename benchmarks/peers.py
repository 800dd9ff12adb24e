"""Other libraries, each in an environment of its own, so that none of theirs is ever part of xagent's.

An environment is made once and kept in a cache folder (`XAGENT_PEERS`, else `xagent-peers` in the user's
cache); deleting the folder is safe. A peer that cannot be installed or fails is a reason, never a crash.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

RANKINGS = Path(__file__).parent / "peer_rankings.py"
STORES = Path(__file__).parent / "peer_stores.py"

INSTALL_SECONDS = 1200
"""At most, for one environment."""


@dataclass(frozen=True)
class Peer:
    """A library as its users get it: what `pip install` is told, one time after another."""

    name: str
    installs: tuple[tuple[str, ...], ...]


# Its text index needs none of what txtai asks for otherwise, which is several gigabytes.
_TXTAI = (
    ("--no-deps", "txtai==9.14.0"),
    ("numpy==2.4.6", "regex==2026.11.15", "pyyaml==6.0.3", "msgpack==1.2.4"),
)

TEXT_PEERS = (
    Peer("langchain", (("langchain-community==0.4.2", "rank-bm25==0.2.2"),)),
    # Later ones ask for a certifi that has not been published everywhere.
    Peer("haystack", (("haystack-ai==3.4.0",),)),
    Peer("llamaindex", (("llama-index-retrievers-bm25==0.8.0",),)),
    Peer("txtai", _TXTAI),
    Peer("txtai_legacy", _TXTAI),
)
"""Text search with default settings. txtai has two default tokenisers: its keyword index splits by
Unicode's rules, its word weights (`txtai_legacy`) keep what is made of Latin letters."""

_STORE = (
    (
        "chromadb==1.5.9",
        "langchain-chroma==1.1.0",
        "langchain-classic==1.0.8",
        "langchain-community==0.4.2",
        "rank-bm25==0.2.2",
    ),
)
STORE_PEERS = (Peer("chroma_where", _STORE), Peer("langchain_ensemble", _STORE))
"""One Chroma collection for all languages, and LangChain's ensemble of BM25 and such a collection."""


class PeerFailed(Exception):
    """A peer could not be installed or run; the message says why, in one line."""


def cache_folder() -> Path:
    """Where the environments are kept."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("XAGENT_PEERS") or cache / "xagent-peers")


def environment(peer: Peer, cache: Path) -> Path:
    """The Python of an environment that has the peer, made when it is not there. Raises PeerFailed."""
    digest = hashlib.blake2b(repr((peer.installs, sys.version_info[:2])).encode(), digest_size=6)
    folder = cache / digest.hexdigest()
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        try:
            venv.create(folder, with_pip=True)
            for arguments in peer.installs:
                command = [str(python), "-m", "pip", "install", "--quiet", *arguments]
                _finished(command, "cannot be installed", INSTALL_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            raise PeerFailed(f"no environment: {one_line(str(error))}") from error
        (folder / "ready").touch()
    return python


def ask(peer: Peer, script: Path, task: Mapping[str, object], seconds: float = 3600) -> dict[str, object]:
    """What `script`, run with the peer, makes of `task`; both are JSON. Raises PeerFailed."""
    python = environment(peer, cache_folder())
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "task.json", Path(folder) / "made.json"
        given.write_text(json.dumps(task), "utf-8")
        _finished([str(python), str(script), peer.name, str(given), str(made)], "fails", seconds)
        try:
            reply = json.loads(made.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise PeerFailed(f"wrote nothing to be read: {one_line(str(error))}") from error
    if not isinstance(reply, dict):
        raise PeerFailed(f"wrote {type(reply).__name__}, not an object")
    return reply


def _finished(command: Sequence[str], what: str, seconds: float) -> None:
    """Run to the end, apart from this process's environment. Raises PeerFailed."""
    # Nor may the peers find xagent's own packages, or send usage figures anywhere.
    apart = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    quiet = {"HAYSTACK_TELEMETRY_ENABLED": "False", "ANONYMIZED_TELEMETRY": "False", "TQDM_DISABLE": "1"}
    try:
        done = subprocess.run(
            command, env=apart | quiet, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise PeerFailed(f"{what}: not done after {seconds:.0f} s") from error
    if done.returncode:
        raise PeerFailed(f"{what}: {last_line(done.stderr) or f'exit {done.returncode}'}")


def last_line(complaint: str) -> str:
    """The line of an installer's or a traceback's complaint that says what is wrong."""
    lines = [line for line in complaint.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return one_line((errors or lines or [""])[0 if errors else -1])


def one_line(text: str) -> str:
    """White space as single spaces, and no more than 200 characters."""
    return " ".join(text.split())[:200]


Ranking = Sequence[Sequence[float]]
"""Paragraph and score of what was found for a question, best first; what has no score is not found."""


@dataclass(frozen=True)
class TextScores:
    """How well text search within each language does."""

    same_r1_macro: float
    worst: float
    """The lowest language's recall@1."""
    no_hit: float
    """The share of questions for which nothing is found."""


def text_scores(rankings: Mapping[str, Sequence[Ranking]], right: Mapping[str, Sequence[int]]) -> TextScores:
    """Score rankings of every language's questions against the right paragraphs."""
    first = {
        language: fmean(
            float(bool(found) and int(found[0][0]) == gold)
            for found, gold in zip(ranked, right[language], strict=True)
        )
        for language, ranked in rankings.items()
    }
    missed = fmean(float(not found) for ranked in rankings.values() for found in ranked)
    return TextScores(round(fmean(first.values()), 4), round(min(first.values()), 4), round(missed, 4))


def measure_text(
    peer: Peer, task: Mapping[str, object], right: Mapping[str, Sequence[int]]
) -> TextScores | str:
    """A peer's scores, or why there are none.

    `task` has, by language, `paragraphs` and `questions`, both lists of text.
    """
    try:
        rankings = ask(peer, RANKINGS, task)
    except PeerFailed as failure:
        return str(failure)
    try:
        return text_scores(
            {str(language): list(_listed(ranked)) for language, ranked in rankings.items()}, right
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        return f"wrote rankings that cannot be read: {one_line(repr(error))}"


def _listed(ranked: object) -> list[Ranking]:
    if not isinstance(ranked, list):
        raise TypeError(f"{type(ranked).__name__} instead of a list")
    return ranked
