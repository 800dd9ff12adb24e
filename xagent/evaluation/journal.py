"""How is what was paid for kept? As lines of JSON that are only ever added to, and outlive a kill."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar, overload

from pydantic import BaseModel, ConfigDict, ValidationError

from xagent.errors import InputError

L = TypeVar("L", bound=BaseModel)

_BLOCK = 1 << 16  # bytes


class Journal:
    """Adds lines to a file, each with one write: a kill leaves at most a part of the last line.

    >>> with Journal(path) as journal:
    ...     journal.add(record)
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        os.ftruncate(self._file, whole(self._path))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def add(self, line: BaseModel) -> None:
        """Write a line. Raises InputError where the disk has no room for it, and takes back what it had."""
        data = line.model_dump_json().encode() + b"\n"
        before = os.fstat(self._file).st_size
        try:
            complete = os.write(self._file, data) == len(data)
        except OSError as error:
            raise InputError(f"{self._path} cannot be written: {error.strerror}") from error
        if not complete:
            os.ftruncate(self._file, before)
            raise InputError(f"{self._path} cannot be written: the disk is full; make room and run again")


def whole(path: Path) -> int:
    """The bytes of a file up to the end of its last whole line; 0 where there is none."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - _BLOCK)
            file.seek(start)
            if (found := file.read(end - start).rfind(b"\n")) >= 0:
                return start + found + 1
            end = start
    return 0


class Head(BaseModel):
    """What lines are told apart by, and whether there is anything in them but an error."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line is, in bytes, and what number it has, from 1."""

    start: int
    end: int
    number: int
    failed: bool


def places(path: Path) -> dict[str, Place]:
    """The newest line of each key, in the order in which the keys came; a torn last line is passed over.

    Raises InputError for a line that is damaged.
    """
    found: dict[str, Place] = {}
    if not path.exists():
        return found
    start, end = 0, whole(path)
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if start >= end:
                break
            head = _read(path, number, line, Head)
            found[head.key] = Place(start, start + len(line), number, bool(head.error))
            start += len(line)
    return found


class Lines(Sequence[L], Generic[L]):
    """Lines of a journal, each read from the file whenever it is looked at: memory holds one at a time."""

    def __init__(self, path: Path, kind: type[L], places: Sequence[Place]) -> None:
        self._path, self._kind, self._places = path, kind, places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> L: ...
    @overload
    def __getitem__(self, index: slice) -> "Lines[L]": ...
    def __getitem__(self, index: int | slice) -> "L | Lines[L]":
        if isinstance(index, slice):
            return Lines(self._path, self._kind, self._places[index])
        return next(iter(Lines(self._path, self._kind, [self._places[index]])))

    def __iter__(self) -> Iterator[L]:
        if not self._places:
            return
        with self._path.open("rb") as file:
            for place in self._places:
                file.seek(place.start)
                yield _read(self._path, place.number, file.read(place.end - place.start), self._kind)


def _read(path: Path, number: int, line: bytes, kind: type[L]) -> L:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ", ".join([f"{path}, line {number}", *map(str, problem["loc"])])
        raise InputError(f"{where}: {problem['msg']}: remove the line, and run again") from error
