"""Conversations that last: LangGraph's checkpoints in a SQLite file of the store, one a turn."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from xagent.errors import StoreDamaged
from xagent.state import CARRIED, Turn

FILE = "conversations.sqlite"


def configured(conversation: str) -> RunnableConfig:
    """How LangGraph is told which conversation is meant."""
    return RunnableConfig(configurable={"thread_id": conversation})


class _Checkpoints(JsonPlusSerializer):
    """LangGraph's serializer, with one error for everything that can be wrong with what was kept."""

    def loads_typed(self, data: tuple[str, bytes]) -> object:
        """Raises StoreDamaged."""
        try:
            return super().loads_typed(data)
        except Exception as error:
            raise StoreDamaged(f"a conversation cannot be read ({error}): begin another") from error


class Conversations:
    """The conversations held over one store, by name."""

    def __init__(self, store: Path) -> None:
        self.path = store / FILE

    @asynccontextmanager
    async def saver(self) -> AsyncIterator[AsyncSqliteSaver]:
        """The checkpointer, open. Raises StoreDamaged when the file is none of SQLite's."""
        try:
            async with aiosqlite.connect(self.path) as connection:
                # With a write-ahead log, which the saver sets, only a power cut can cost a turn.
                await connection.execute("PRAGMA synchronous=NORMAL")
                # A checkpoint may name any class to be made again: none but ours is.
                serde = _Checkpoints(allowed_msgpack_modules=CARRIED)
                yield AsyncSqliteSaver(connection, serde=serde)
        except sqlite3.DatabaseError as error:
            raise StoreDamaged(
                f"the conversations in {self.path} cannot be read ({error}): move the file away"
            ) from error

    async def names(self) -> list[str]:
        """All conversations, the latest first."""
        if not self.path.exists():
            return []
        async with self.saver() as saver:
            found = [item.config["configurable"]["thread_id"] async for item in saver.alist(None)]
        return list(dict.fromkeys(found))

    async def turns(self, name: str) -> tuple[Turn, ...]:
        """What was said in a conversation, in order; nothing, when there is none of this name."""
        if not self.path.exists():
            return ()
        async with self.saver() as saver:
            saved = await saver.aget_tuple(configured(name))
        turns: tuple[Turn, ...] = saved.checkpoint["channel_values"].get("history", ()) if saved else ()
        return tuple(turns)
