"""Is the lexicon sound? Every line of its files, and how much of it each language has."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xagent.languages import Language, detect, language, script_of
from xagent.lexicon.entries import PREFIXES, Line, concepts, lines, written
from xagent.terminal import one_line

BLOCK = 150
"""Lines of which the first words together are long enough to tell their language."""

ABBREVIATION = 6
"""Letters of a word that may be Latin in any script: DNA, NATO."""

_SIGNS = '()[]{}<>/\\=;:|*_"،、。؛'
_JOINERS = "\u200c\u200d"
_HAN = ("Hans", "Hant", "Jpan")


@dataclass(frozen=True, slots=True)
class Examined:
    """What there is in the lexicon, and what is wrong with it."""

    concepts: int
    coverage: Mapping[str, int]
    """Concepts that a language has words for."""
    problems: tuple[str, ...]
    """Each with its file and line."""

    def as_dict(self) -> dict[str, object]:
        """The figures as plain data."""
        return {
            "concepts": self.concepts,
            "languages": len(self.coverage),
            "entries": sum(self.coverage.values()),
            "problems": len(self.problems),
            "coverage": dict(self.coverage),
            "found": list(self.problems),
        }


def examine() -> Examined:
    """Check the list of concepts and every language's file."""
    listed = concepts()
    meant = set(listed) - {PREFIXES}
    problems = [f"concepts.txt: {key!r} is listed twice" for key in _doubled(listed)]
    coverage = {}
    for code in written():
        rows = lines(code)
        coverage[code] = len(meant.intersection(row.key for row in rows))
        problems += [f"{code}.txt, line {n}: {one_line(said)}" for n, said in check(code, rows, listed)]
    return Examined(len(meant), coverage, tuple(problems))


def check(code: str, rows: Sequence[Line], listed: Sequence[str]) -> Iterator[tuple[int, str]]:
    """What is wrong in a language's file: line numbers, from 1, each with what is to be mended."""
    known, seen, written_in = set(listed), set[str](), language(code)
    for row in rows:
        if row.key not in known:
            yield row.number, f"{row.key!r} is not in concepts.txt; a line is `KEY = word, word`"
        elif row.key in seen:
            yield row.number, f"{row.key!r} was there before"
        seen.add(row.key)
        yield from ((row.number, wrong) for wrong in _wrong(written_in, row.words))
    yield from _foreign(code, rows)


def _wrong(written_in: Language, words: Sequence[str]) -> Iterator[str]:
    for word in _doubled(words):
        yield f"{word!r} is there twice"
    for word in dict.fromkeys(words):
        if not word or word != " ".join(word.split()):
            yield "a word is empty, or has spaces around it"
        elif not any(map(str.isalnum, word)) or not set(word).isdisjoint(_SIGNS) or _hidden(word):
            yield f"{word!r} is not a word as it stands in running text"
        elif not _is_written(written_in.scripts, word):
            yield f"{word!r} is in another script than {written_in.name}"


def _hidden(word: str) -> bool:
    """Whether there are characters in it that nobody sees, apart from joiners, which spelling needs."""
    return not word.translate(dict.fromkeys(map(ord, _JOINERS))).isprintable()


def _is_written(scripts: Sequence[str], word: str) -> bool:
    if word.isascii():
        return "Latn" in scripts or len(word) <= ABBREVIATION
    script = script_of(word)
    han = script in _HAN and not set(_HAN).isdisjoint(scripts)
    return han or script in scripts or script == "Zyyy"


def _foreign(code: str, rows: Sequence[Line]) -> Iterator[tuple[int, str]]:
    """Blocks that read as another language of the lexicon, such as a part pasted into the wrong file."""
    words = [row for row in rows if not row.key[:1].isupper()]  # names are alike in many languages
    for start in range(0, len(words) - BLOCK + 1, BLOCK):
        block = words[start : start + BLOCK]
        found = detect(". ".join(row.words[0] for row in block), written())
        if found.code in set(written()) - {code}:
            name = language(found.code).name
            yield block[0].number, f"the {BLOCK} lines from here read as {name}"


def _doubled(listed: Sequence[str]) -> list[str]:
    return [one for one, times in Counter(listed).items() if times > 1]
