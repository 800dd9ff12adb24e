"""What the storage libraries raise when a disk or a file lets them down, as xagent's errors."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from xagent.errors import StoreBusy, StoreDamaged, StoreFull, XagentError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_ROOM_TEXT = ("disk is full", "no space left", "file too large", "disk quota exceeded", "(code: 13)")


@contextmanager
def storage(part: str) -> Iterator[None]:
    """Raise StoreFull, StoreBusy or StoreDamaged for whatever a store's `part` raises in here."""
    try:
        yield
    except (XagentError, KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException as error:  # a Rust panic arrives as a BaseException
        raise _told(part, error) from error


def _told(part: str, error: BaseException) -> Exception:
    text = " ".join(str(error).split())[:200]
    if getattr(error, "errno", None) in _NO_ROOM or any(sign in text.lower() for sign in _NO_ROOM_TEXT):
        return StoreFull("the disk is full: free some room and ingest again; what was ingested is kept")
    if isinstance(error, sqlite3.OperationalError) and "locked" in text:
        return StoreBusy("the store is locked by another process: try again in a moment")
    if isinstance(error, PermissionError):
        return StoreDamaged(f"no permission to use the store's {part}: {text}")
    return StoreDamaged(f"the store's {part} cannot be read ({text}): run `xagent doctor --repair`")
