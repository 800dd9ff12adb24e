"""Bytes to text, in an encoding found and not assumed; a guess that is not clear is an error.

BOM, strict UTF-8, UTF-16; then every older encoding is tried, and the one whose text is by far the
likeliest, by how often languages use their letters, is taken. charset-normalizer, on 300 bytes of
Spanish or Turkish, misreads a third of such texts, and gives no way to tell which.
"""

import codecs
import math
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from xagent.errors import FileError

SAMPLE = 1 << 18
"""Bytes looked at to find an encoding."""

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = {
    b"%PDF-": "a pdf",
    b"PK\x03\x04": "a zip archive or office document",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x1f\x8b": "a compressed file",
    b"7z\xbc\xaf": "a compressed file",
    b"\x7fELF": "a program",
    b"RIFF": "sound, a picture or a film",
    b"OggS": "sound",
    b"SQLite format 3": "a database",
}


def decode(data: bytes) -> str:
    """The text of a whole file, cleaned. Raises FileError when it is binary or its encoding is unclear."""
    encoding = encoding_of(data[:SAMPLE], len(data) <= SAMPLE)
    try:
        return clean(data.decode(encoding))
    except UnicodeDecodeError as error:
        raise damaged(error.start, encoding) from None


def clean(text: str) -> str:
    """The text as a Document holds it: lines end in '\\n'; no NUL, no BOM, no lone surrogate."""
    text = text.removeprefix("\ufeff").replace("\0", "")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATES.sub("\ufffd", text)


def damaged(place: int, encoding: str) -> FileError:
    """The error for bytes that the encoding of the rest does not have."""
    return FileError(
        f"damaged at byte {place + 1:,}, which is not {encoding.upper()}; repair it or save it as UTF-8"
    )


def encoding_of(sample: bytes, whole: bool = True) -> str:
    """The encoding of a file that starts with `sample`. Raises FileError when it is binary or unclear."""
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            return encoding
    for mark, kind in _BINARY.items():
        if sample.startswith(mark):
            raise FileError(f"not text but {kind}, by its first bytes; give it the suffix of what it is")
    found = _utf(sample, whole)
    if found:
        return found
    _refuse_binary(sample)
    return _legacy(sample, whole)


_SURROGATES = re.compile("[\ud800-\udfff]")


# --- Unicode ---


def _utf(sample: bytes, whole: bool) -> str | None:
    if b"\0" in sample and (wide := _utf16(sample)):
        return wide
    if b"\x1b$" in sample and sample.isascii():
        return "iso2022_jp"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, whole)
    except UnicodeDecodeError as error:
        _refuse_damaged(sample, error)
        return _utf16(sample)
    _refuse_binary(sample)
    return "utf-8"


def _utf16(sample: bytes) -> str | None:
    return next((name for name in ("utf-16-le", "utf-16-be") if _is_utf16(sample, name)), None)


def _is_utf16(sample: bytes, encoding: str) -> bool:
    """Whether these bytes are text in it: spaces and line ends where they belong, and nothing odd."""
    try:
        text = sample[: len(sample) // 2 * 2].decode(encoding, "strict" if len(sample) < SAMPLE else "ignore")
    except UnicodeDecodeError:
        return False
    kinds = Counter(map(unicodedata.category, text[:20_000]))
    odd = (
        kinds["Cn"]
        + kinds["Co"]
        + kinds["Cs"]
        + kinds["Cc"]
        - sum(text[:20_000].count(mark) for mark in "\n\r\t")
    )
    usual = sum(text[:20_000].count(mark) for mark in " \n\t.,。、，")
    return bool(text) and odd * 200 <= min(len(text), 20_000) and usual * 100 >= min(len(text), 20_000)


def _refuse_damaged(sample: bytes, error: UnicodeDecodeError) -> None:
    """Text that is UTF-8 but for a few bytes is damaged UTF-8, not something older."""
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(map(len, _BEYOND_ASCII.findall(text))) - bad
    if good > 10 * bad:
        raise damaged(error.start, "utf-8")


_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b\b")) + b"\x7f"


def _refuse_binary(sample: bytes) -> None:
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls * 100 > len(sample):
        raise FileError("not text: too many of its bytes are control characters")


# --- what came before ---


class _Guess(NamedTuple):
    score: float
    encoding: str
    text: str


def _legacy(sample: bytes, whole: bool) -> str:
    piece = _excerpt(sample)
    guesses = sorted(_guesses(piece, whole and len(piece) == len(sample)), key=lambda guess: -guess.score)
    foreign = max(1, sum(byte > 127 for byte in piece))
    if not guesses or guesses[0].score / foreign < _UNLIKELY:
        raise FileError("its encoding was not recognised; save it as UTF-8")
    best = guesses[0]
    rival = next((guess for guess in guesses if guess.text != best.text), None)
    if rival and best.score - rival.score < _MARGIN:
        raise FileError(f"its encoding may be {best.encoding} or {rival.encoding}; save it as UTF-8")
    return best.encoding


# Windows encodings are what most old files are in; of two that read a text alike, theirs is meant.
_COMMON = re.compile(r"cp125[013-7]|cp874|koi8-r|cp932|euc-jp|gb18030|big5hkscs|cp949")
_UNLIKELY = -5.5
_MARGIN = 4.0


def _excerpt(sample: bytes) -> bytes:
    """Enough of the sample to judge by: the lines around its first bytes beyond ASCII."""
    first = next((place for place, byte in enumerate(sample) if byte > 127), 0)
    start = sample.rfind(b"\n", 0, first) + 1
    return sample[start : start + 8192]


def _guesses(sample: bytes, whole: bool) -> Iterator[_Guess]:
    for encodings, languages, wide in _alphabets():
        for encoding in encodings:
            try:
                text = codecs.getincrementaldecoder(encoding)().decode(sample, whole)
            except UnicodeDecodeError:
                continue
            letters = Counter(_letters(text))
            score = max(_score(letters, language, wide) for language in languages)
            yield _Guess(score + _prior(encoding), encoding, text)


def _prior(encoding: str) -> float:
    return 2.0 if encoding == "cp1252" else 0.0 if _COMMON.fullmatch(encoding) else -4.5


def _letters(text: str) -> Iterator[str]:
    """What is beyond ASCII; a letter of another script inside a Latin word is odd: a NUL."""
    for found in _BEYOND_ASCII_IN_CONTEXT.finditer(text):
        before, run, after = found.groups()
        touching = before.isalpha() or after.isalpha()
        inside = before.isalpha() and after.isalpha() and len(run) == 1
        for letter in run:
            odd = letter.isalpha() and not _is_latin(letter) and (inside if letter >= "\u2e80" else touching)
            yield "\0" if odd else letter


def _is_latin(letter: str) -> bool:
    return letter <= "\u02ff" or "\u1e00" <= letter <= "\u1eff"


_BEYOND_ASCII_IN_CONTEXT = re.compile(r"([\x00-\x7f]?)([^\x00-\x7f]+)(?=([\x00-\x7f]?))")


def _score(letters: Mapping[str, int], language: Mapping[str, float], wide: bool) -> float:
    return sum(count * _likelihood(letter, language, wide) for letter, count in letters.items())


def _likelihood(letter: str, language: Mapping[str, float], wide: bool) -> float:
    known = language.get(letter)
    if known is not None:
        return known
    if letter in _ANYWHERE:
        return -5.0
    if wide and (
        "\u4e00" <= letter <= "\u9fff" or "\u3041" <= letter <= "\u30ff" or "\uac00" <= letter <= "\ud7a3"
    ):
        return -8.5
    if wide and ("\uff01" <= letter <= "\uff5e" or "\u3000" <= letter <= "\u3020"):
        return -7.0
    return -18.0 if unicodedata.category(letter)[0] == "C" else -11.0


_ANYWHERE = frozenset("“”„‘’‚«»‹›–—…•·°§©®™€£№×±½²³¹ºª\u00a0\u00ad´¨")


@cache
def _alphabets() -> list[tuple[list[str], list[dict[str, float]], bool]]:
    tables = tomllib.loads(files("xagent").joinpath("readers/encodings.toml").read_text("utf-8"))
    return [
        (
            table.pop("encodings"),
            [_frequencies(letters) for letters in table.values() if isinstance(letters, str)],
            wide,
        )
        for table in tables.values()
        for wide in [table.pop("wide", False)]
    ]


def _frequencies(letters: str) -> dict[str, float]:
    """Logarithms of how often each letter comes, by Zipf's law; capitals a twentieth of their letter."""
    weights: dict[str, float] = {}
    for rank, letter in enumerate(letters):
        weights.setdefault(letter, 1 / (rank + 4))
    total = sum(weights.values())
    for letter, weight in list(weights.items()):
        weights.setdefault(letter.upper() if len(letter.upper()) == 1 else letter, weight / 20)
    return {letter: math.log(weight / total) for letter, weight in weights.items()}
