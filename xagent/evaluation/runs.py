"""What is a run on disk? A folder: what was run, a record a line, and the figures of them.

run.json             what was run: suite, graph, prompts, model, settings, with their hashes
samples.jsonl        a Record a line, in the order in which they came
judgements.jsonl     what judges say of them, a vote a line (judge.py)
selected.txt         which of them the last command asked for, by key
scores.json          the figures, without clocks: the same answers give the same bytes
store/               the suite's documents, ingested
corpus.sha256        what they were
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from xagent.errors import InputError, XagentError
from xagent.evaluation.journal import Lines, Place, places
from xagent.evaluation.records import Record
from xagent.evaluation.samples import Sample

MANIFEST = "run.json"
FORMAT = 1

_BESIDE = {  # what no answer depends on
    "data", "model_url", "server", "structured", "context_length", "packages", "started",
}  # fmt: skip


class Manifest(BaseModel):
    """What a run is of. Two runs with the same `fingerprint` ask the same in the same way."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    suite: str
    setting: str = ""
    data: str = ""
    """The path or name of the data, as it was given; empty for what comes with xagent."""
    data_sha256: str = ""
    graph: str
    graph_sha256: str
    prompts: Mapping[str, str]
    """SHA-256 of each prompt file."""
    model: str = ""
    """Empty for a graph that asks none."""
    guided: bool = False
    """Whether the model's server keeps its decoding to a language."""
    settings: Mapping[str, str | int | float | bool | Sequence[str]] = {}
    """The choices of the run's context, without addresses and keys."""
    seed: int = 7
    version: str
    """xagent's."""
    model_url: str = ""
    server: Mapping[str, str] = {}
    """Its kind, its version where it says one, and what it was started with where xagent did that."""
    structured: str = ""
    """What holds the model's replies to a schema, where that is known."""
    context_length: int = 0
    """The model's, in tokens; 0 where its server does not say."""
    packages: Mapping[str, str] = {}
    started: str = ""
    """In UTC, ISO 8601."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that could change an answer."""
        return sha256(json.dumps(self.model_dump(mode="json", exclude=_BESIDE), sort_keys=True))

    def key(self, sample: Sample, repeat: int) -> str:
        """What a record of this sample is found by."""
        return sha256(f"{self.fingerprint}\0{repeat}\0{sample.model_dump_json()}")


def sha256(content: str | bytes) -> str:
    """The hash of a text or of bytes, in hexadecimal digits."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


@dataclass(frozen=True)
class Run:
    """A run's folder."""

    path: Path
    manifest: Manifest

    @classmethod
    def open(cls, path: Path) -> Self:
        """The run in a folder. Raises InputError where there is none, or one of a newer xagent."""
        try:
            manifest = Manifest.model_validate_json((path / MANIFEST).read_bytes())
        except OSError as error:
            raise InputError(f"{path} holds no run: {error.strerror}; make one with `xagent eval`") from error
        except ValidationError as error:
            raise InputError(
                f"{path / MANIFEST} is damaged, or of a newer xagent: run into another folder"
            ) from error
        return cls(path, manifest)

    @classmethod
    def begin(cls, path: Path, manifest: Manifest) -> Self:
        """The run in a folder, made when there is none. Raises InputError where it is another run."""
        if (path / MANIFEST).exists():
            found = cls.open(path)
            if differing := _differing(found.manifest, manifest):
                raise InputError(
                    f"{path} holds a run with another {differing}: name another folder with --out"
                )
            return found
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{path} cannot be a run's folder ({error.strerror}): name another with --out"
            ) from error
        write(path / MANIFEST, manifest.model_dump_json(indent=2))
        return cls(path, manifest)

    @property
    def samples(self) -> Path:
        """Where the records are."""
        return self.path / "samples.jsonl"

    @property
    def scores(self) -> Path:
        """Where the figures are."""
        return self.path / "scores.json"

    def places(self) -> dict[str, Place]:
        """Where each key's newest record is. Raises InputError for a damaged line."""
        return places(self.samples)

    def records(self, keys: Sequence[str] | None = None) -> Sequence[Record]:
        """The newest record of each of the keys, in their order; without keys, of those last selected."""
        found = self.places()
        keys = self.selected() if keys is None else keys
        wanted = list(found) if keys is None else [key for key in keys if key in found]
        return Lines(self.samples, Record, [found[key] for key in wanted])

    def select(self, keys: Sequence[str]) -> None:
        """Keep the keys of what was asked for last: a run's folder may have more."""
        write(self.path / "selected.txt", "\n".join(keys))

    def selected(self) -> list[str] | None:
        """The keys that were selected last; None where nothing was yet. Raises InputError for damage."""
        path = self.path / "selected.txt"
        try:
            return path.read_text("utf-8").split() if path.exists() else None
        except UnicodeDecodeError as error:
            raise InputError(f"{path} is damaged: delete it, and run the same command again") from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """The right to write to the folder. Raises InputError while another process has it."""
        lock = FileLock(self.path / "run.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise InputError(f"another process is at work on {self.path}: wait for it") from error
        try:
            yield
        finally:
            lock.release()


def _differing(before: Manifest, now: Manifest) -> str:
    """What two runs differ in, by the names of fields; empty where they ask the same."""
    one, other = (manifest.model_dump(mode="json", exclude=_BESIDE) for manifest in (before, now))
    return ", ".join(name for name in one if one[name] != other[name])


def write(path: Path, text: str) -> None:
    """Put a text and a line feed into a file, all or nothing. Raises XagentError where it cannot be done."""
    draft = path.with_name(f"{path.name}.new")
    try:
        draft.write_text(f"{text}\n", "utf-8")
        os.replace(draft, path)
    except OSError as error:
        raise XagentError(f"{path} cannot be written: {error.strerror}") from error
