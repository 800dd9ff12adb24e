"""Paths, folders and globs to files: each once, in order; what leads nowhere is reported, never raised."""

import glob
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from xagent.readers import READABLE
from xagent.store import MARKER


@dataclass
class FoundFiles:
    """What paths, folders and globs led to."""

    files: list[Path] = field(default_factory=list)
    """Each once, in the order found; a folder's are sorted."""
    failed: dict[Path, str] = field(default_factory=dict)
    """What led to nothing, with the reason."""
    skipped: int = 0
    """Files in folders whose suffix is none that is read."""


def find_files(patterns: Iterable[str | Path]) -> FoundFiles:
    """Find the files that paths, folders (with all below them) and globs such as 'docs/**/*.md' name.

    In folders, hidden files, stores and files that are no documents are passed over; a file
    named itself is always taken. Nothing raises: what cannot be found or opened is in `failed`.
    """
    found = FoundFiles()
    seen: set[str] = set()
    for pattern in patterns:
        for path in _matches(Path(pattern), found):
            if path.is_dir():
                _walk(path, found, seen)
            else:
                _take(path, found, seen)
    return found


def _matches(pattern: Path, found: FoundFiles) -> list[Path]:
    try:
        pattern.lstat()
        return [pattern] if _reachable(pattern, found) else []
    except (OSError, ValueError) as error:
        if not glob.has_magic(str(pattern)):
            missing = isinstance(error, FileNotFoundError | NotADirectoryError)
            found.failed[pattern] = "no such file or folder" if missing else _reason(error)
            return []
    return _glob(pattern, found)


def _glob(pattern: Path, found: FoundFiles) -> list[Path]:
    try:
        matches = [Path(match) for match in sorted(glob.glob(str(pattern), recursive=True))]
    except (OSError, ValueError, re.error) as error:
        found.failed[pattern] = _reason(error)
        return []
    if not matches:
        found.failed[pattern] = "nothing matches"
    # '**' lists every folder and its files; the files alone are meant.
    return [match for match in matches if not match.is_dir()] or matches


def _reachable(path: Path, found: FoundFiles) -> bool:
    try:
        path.stat()
    except OSError as error:
        found.failed[path] = "a link that leads nowhere" if path.is_symlink() else _reason(error)
        return False
    return True


def _walk(folder: Path, found: FoundFiles, seen: set[str]) -> None:
    """Take the documents below a folder. A folder is entered once, however many links lead to it."""
    entered: set[str] = set()

    def failed(error: OSError) -> None:
        found.failed[Path(error.filename or folder)] = _reason(error)

    for where, folders, files in os.walk(folder, onerror=failed, followlinks=True):
        real = os.path.realpath(where)
        if real in entered or MARKER in files:
            folders.clear()
            continue
        entered.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in files if not name.startswith(".")):
            if Path(name).suffix.lower() in READABLE:
                _take(Path(where, name), found, seen)
            else:
                found.skipped += 1


def _take(path: Path, found: FoundFiles, seen: set[str]) -> None:
    real = os.path.realpath(path)
    if real not in seen and _reachable(path, found):
        seen.add(real)
        found.files.append(path)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
