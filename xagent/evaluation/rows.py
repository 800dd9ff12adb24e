"""How is a published data set read: row by row, each checked, each bad one named by file, line and field?"""

import csv
import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from xagent.errors import InputError, MissingExtra

Row = TypeVar("Row", bound=BaseModel)
Parsed = TypeVar("Parsed")

_UNREADABLE = (OSError, EOFError, UnicodeDecodeError, zlib.error)
_ON_HUB = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


class _Csv(csv.excel):
    strict = True  # else a quotation mark that is never closed takes the rest of the file into one field


class _Tsv(csv.excel_tab):
    quoting = csv.QUOTE_NONE


_DIALECTS: dict[str, type[csv.Dialect]] = {".csv": _Csv, ".tsv": _Tsv}


def rows(data: Path, model: type[Row], file: str = "") -> Iterator[Row]:
    """The rows of `data` in order: a file, or `file` in a folder or in a dataset of the hub ("owner/name").

    JSON Lines, or by their ending .csv and .tsv (where a quotation mark is a mark like any other), with a
    header; packed if it ends in .gz. A byte order mark, CRLF and empty lines are let pass. Raises InputError
    naming the file, the line and the field of a bad row, or why nothing can be read; MissingExtra for a
    dataset of the hub without the extra `eval`.
    """
    return (row for _, row in numbered(data, model, file))


def numbered(data: Path, model: type[Row], file: str = "") -> Iterator[tuple[int, Row]]:
    """The same, each with its line in the file, from 1; of a dataset of the hub, its row."""
    if file and not data.exists() and _ON_HUB.fullmatch(data.as_posix()):
        return _from_hub(data.as_posix(), file, model)
    path = data / file if file and not data.is_file() else data
    dialect = _DIALECTS.get(_kind(path))
    return _from_table(path, dialect, model) if dialect else _from_lines(path, model)


def whole(path: Path, kind: type[Parsed]) -> Parsed:
    """A JSON file that is one value of `kind`. Raises InputError naming the file and the field."""
    text = "".join(_lines(path, newline=""))
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError as error:
        raise InputError(_complaint(str(path), error)) from error


def _kind(path: Path) -> str:
    return path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix


def _from_lines(path: Path, model: type[Row]) -> Iterator[tuple[int, Row]]:
    # Not splitlines(): it takes U+2028, which may stand in a JSON string, for the end of a line.
    for number, line in enumerate(_lines(path, newline="\n"), start=1):
        if line.strip():
            try:
                yield number, model.model_validate_json(line)
            except ValidationError as error:
                raise InputError(_complaint(f"{path}, line {number}", error)) from error


def _from_table(path: Path, dialect: type[csv.Dialect], model: type[Row]) -> Iterator[tuple[int, Row]]:
    table = csv.DictReader(_lines(path, newline=""), dialect=dialect)
    try:
        for cells in table:
            where = f"{path}, line {table.line_num}"
            if None in cells or None in cells.values():
                raise InputError(f"{where}: not {len(table.fieldnames or ())} fields, as in the header")
            yield table.line_num, _checked(cells, where, model)
    except csv.Error as error:
        raise InputError(f"{path}, line {table.line_num + 1}: {error}") from error


def _checked(cells: dict[str, str], where: str, model: type[Row]) -> Row:
    try:
        return model.model_validate(cells)
    except ValidationError as error:
        raise InputError(_complaint(where, error)) from error


def _lines(path: Path, newline: str) -> Iterator[str]:
    try:
        with _opened(path, newline) as file:
            yield from file
    except _UNREADABLE as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read: {reason}") from error


def _opened(path: Path, newline: str) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline=newline)
    return path.open(encoding="utf-8-sig", newline=newline)


def _complaint(where: str, error: ValidationError) -> str:
    problem = error.errors()[0]
    return f"{', '.join([where, *map(str, problem['loc'])])}: {problem['msg']}"


def _from_hub(name: str, file: str, model: type[Row]) -> Iterator[tuple[int, Row]]:
    """The rows of a file of a dataset, downloaded once and kept where `datasets` keeps what it gets."""
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise MissingExtra(f"There is no file or folder {name}; to read it from the hub", "eval") from error
    try:
        found = load_dataset(name, data_files=file, split="train")
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"There is no file or folder {name}, nor can the hub be read: {reason}") from error
    for number, row in enumerate(found, start=1):
        yield number, _checked(row, f"{name}, {file}, row {number}", model)


def content_id(text: str) -> str:
    """A document's name drawn from its text: the same text has the same one, in every file and run."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
