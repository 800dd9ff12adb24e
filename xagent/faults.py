"""What the storage libraries raise when a disk or a file lets them down, as xagent's errors."""

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xagent.errors import StoreBusy, StoreDamaged, StoreFull, XagentError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_ROOM_TEXT = ("disk is full", "no space left", "file too large", "disk quota exceeded", "(code: 13)")
_NO_PERMISSION_TEXT = ("readonly database", "permission denied", "read-only file system")


@contextmanager
def storage(part: str, path: Path | None = None) -> Iterator[None]:
    """Raise StoreFull, StoreBusy or StoreDamaged for whatever a store's `part` raises in here.

    With its `path`, whatever goes wrong on a full disk is put down to that.
    """
    try:
        yield
    except (XagentError, KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException as error:  # a Rust panic arrives as a BaseException
        raise _told(part, error, path) from error


def _told(part: str, error: BaseException, path: Path | None) -> Exception:
    text = " ".join(str(error).split())[:200]
    if _no_room(error, text) or (path and _is_full(path)):
        return StoreFull("the disk is full: free some room and ingest again; what was ingested is kept")
    if isinstance(error, sqlite3.OperationalError) and "locked" in text:
        return StoreBusy("the store is locked by another process: try again in a moment")
    if isinstance(error, PermissionError) or any(sign in text.lower() for sign in _NO_PERMISSION_TEXT):
        return StoreDamaged(
            f"no permission to write to the store's {part} ({text}): even a search needs that"
        )
    remedy = "ingest the documents into a new store" if part == "catalog" else "run `xagent doctor --repair`"
    return StoreDamaged(f"the store's {part} cannot be read ({text}): {remedy}")


def _no_room(error: BaseException, text: str) -> bool:
    return getattr(error, "errno", None) in _NO_ROOM or any(sign in text.lower() for sign in _NO_ROOM_TEXT)


def _is_full(path: Path) -> bool:
    """Chroma may say nothing of a full disk but that it "failed to apply logs"."""
    try:
        return shutil.disk_usage(path).free < 1 << 20
    except OSError:
        return False
