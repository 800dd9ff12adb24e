"""What a model said before, in a SQLite file of the store: the same is not asked twice."""

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

FILE = "replies.sqlite"
"""Its name in the store's folder."""

MOST = 50_000
"""Replies kept; those that were put in first give way."""

_SCHEMA = "CREATE TABLE IF NOT EXISTS replies (key BLOB PRIMARY KEY, reply TEXT)"
_PATIENCE = 1.0  # seconds for another process: asking again costs little more


class ReplyCache:
    """Replies by what was asked. Where the file cannot be used, nothing is found and nothing is kept."""

    def __init__(self, store: Path, most: int = MOST) -> None:
        self.path = store / FILE
        self.most = most

    def get(self, *asked: str) -> str | None:
        """The reply kept for what was asked; None when there is none."""
        if not self.path.exists():
            return None
        try:
            with closing(self._connected()) as connection:
                found = connection.execute("SELECT reply FROM replies WHERE key = ?", (_key(asked),))
                row = found.fetchone()
        except sqlite3.Error:
            return None
        return str(row[0]) if row else None

    def put(self, reply: str, *asked: str) -> bool:
        """Keep a reply; whether that could be done."""
        try:
            with closing(self._connected()) as connection, connection:
                connection.execute("INSERT OR REPLACE INTO replies VALUES (?, ?)", (_key(asked), reply))
                # Row numbers only grow: the lowest are those put in first.
                connection.execute(
                    "DELETE FROM replies WHERE rowid <= (SELECT max(rowid) FROM replies) - ?", (self.most,)
                )
        except (sqlite3.Error, UnicodeEncodeError):
            return False
        return True

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_PATIENCE)
        connection.execute(_SCHEMA)
        return connection


def _key(asked: Sequence[str]) -> bytes:
    """Of all the parts, and of where each ends."""
    return hashlib.blake2b(repr(tuple(asked)).encode("utf-8", "backslashreplace"), digest_size=20).digest()
