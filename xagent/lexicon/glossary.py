"""A user's own terms: a table with a column for each language and a row for each thing.

    en,de,zh
    heat pump,Wärmepumpe,热泵
    planning permission | building permit,Baugenehmigung,建筑许可

The first row names the languages by code or name. Cells are separated by commas, semicolons or tabs, and
quoted as in any CSV file (RFC 4180); a cell may be empty. `|` stands between several terms for one thing.
Ingested with documents, a copy is kept in their store, where every search uses it.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from xagent.errors import BadGlossary, FileError, UnknownLanguage
from xagent.faults import storage
from xagent.languages import language
from xagent.lexicon.entries import Entries
from xagent.readers._decoding import clean
from xagent.readers.table import rows

FILE = "glossary.csv"

Glossary = Mapping[str, Entries]
"""The terms by language and thing; a thing is called what its row says."""

NO_GLOSSARY: Glossary = {}


def read_glossary(path: Path) -> Glossary:
    """The terms in a file. Raises BadGlossary, which names the row and what is wrong with it."""
    try:
        return _by_language([(number, [clean(cell).strip() for cell in row]) for number, row in rows(path)])
    except (FileError, UnknownLanguage) as error:
        raise BadGlossary(f"the glossary {path}: {error}") from error
    except OSError as error:
        raise BadGlossary(f"the glossary {path} cannot be read: {error.strerror or error}") from error


def keep(path: Path, store: Path) -> None:
    """Put a copy of a file into a store's folder, in place of the one before. Raises StoreError."""
    with storage("glossary"):
        shutil.copyfile(path, store / f"{FILE}.new")
        (store / f"{FILE}.new").replace(store / FILE)


def kept(store: Path) -> Glossary:
    """The glossary of a store; an empty one when it has none. Raises BadGlossary."""
    return read_glossary(store / FILE) if (store / FILE).exists() else NO_GLOSSARY


def _by_language(table: Sequence[tuple[int, list[str]]]) -> Glossary:
    if not table:
        raise FileError("it has no rows; the first names languages, such as en,de,zh")
    codes = _codes(table[0][1])
    found: dict[str, dict[str, tuple[str, ...]]] = {code: {} for code in codes}
    for number, cells in table[1:]:
        if len(cells) > len(codes):
            raise FileError(f"row {number:,} has {len(cells)} cells and the first {len(codes)}")
        terms = {code: tuple(_terms(cell)) for code, cell in zip(codes, cells, strict=False)}
        if sum(map(bool, terms.values())) < 2:
            raise FileError(f"row {number:,} has a term in one language only; add it in another")
        for code, listed in terms.items():
            found[code] |= {" = ".join(cells): listed} if listed else {}
    return found


def _codes(cells: Sequence[str]) -> tuple[str, ...]:
    codes = tuple(language(cell).code for cell in cells)
    if len(codes) < 2 or len(set(codes)) < len(codes):
        raise FileError("its first row has to name two languages or more, each once, such as en,de,zh")
    return codes


def _terms(cell: str) -> Iterator[str]:
    for term in cell.split("|"):
        if any(map(str.isalnum, term)):
            yield " ".join(term.split())
