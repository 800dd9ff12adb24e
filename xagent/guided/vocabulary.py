"""Which tokens keep to a script? A vocabulary is sorted by the letters of its tokens, once."""

from collections.abc import Callable, Collection, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xagent.writing import script_of_sign

Mask = NDArray[np.bool_]
"""One entry a token."""

_LENGTHS = ((0xC2, 0xE0, 2), (0xE0, 0xF0, 3), (0xF0, 0xF5, 4))  # of a character, by its first byte
_SMALLEST = {2: 0x80, 3: 0x800, 4: 0x10000}  # what needs fewer bytes must not be written with more


class Signs(NamedTuple):
    """What a run of bytes says, taken as UTF-8."""

    stray: bool
    """Whether there are bytes in it that no character has in that place."""
    scripts: frozenset[str]
    """Of its letters."""
    begun: bytes
    """The first bytes of a character that it ends within."""


class Vocabulary:
    """The tokens of a model, as bytes by their ids; those that are `special` keep to every script."""

    def __init__(self, tokens: list[bytes], special: Collection[int] = ()) -> None:
        self.tokens = tokens
        self.numbers = {token: n for n, token in enumerate(tokens)}
        """Ids by the tokens' bytes."""
        kinds: dict[Signs, int] = {}
        plain = Signs(False, frozenset(), b"")
        found = [plain if n in special else signs(token) for n, token in enumerate(tokens)]
        self._kind = np.array([kinds.setdefault(one, len(kinds)) for one in found], dtype=np.int64)
        self._kinds = list(kinds)
        for kind in self._kinds:
            _could_be(kind.begun, frozenset())  # takes a moment, which no request should wait for
        self._special = frozenset(special)
        self._inner = [n for n, token in enumerate(tokens) if _goes_on(token) and n not in special]

    def __len__(self) -> int:
        return len(self.tokens)

    def keeping(self, scripts: Collection[str]) -> Mask:
        """Tokens that have letters, all of them of these scripts (ISO 15924)."""
        wanted = frozenset(scripts)
        return self._mask(lambda kind: bool(kind.scripts) and kind.scripts <= wanted)

    def leaving(self, scripts: Collection[str], begun: bytes = b"") -> Mask:
        """Tokens with a letter of another script, or the beginning of one, or that spoil what is `begun`."""
        wanted = frozenset(scripts)
        if not begun:
            return self._mask(lambda kind: _leaves(kind, wanted))
        found = np.ones(len(self), dtype=np.bool_)
        found[list(self._special)] = False
        found[self._inner] = [_leaves(signs(begun + self.tokens[n]), wanted) for n in self._inner]
        return found

    def _mask(self, holds: Callable[[Signs], bool]) -> Mask:
        return np.array([holds(kind) for kind in self._kinds], dtype=np.bool_)[self._kind]


def _goes_on(token: bytes) -> bool:
    """Whether it begins within a character."""
    return 0x80 <= token[0] < 0xC0 if token else False


def signs(text: bytes) -> Signs:
    """The letters in a run of bytes, which may begin and end within a character."""
    begun = _unfinished(text)
    whole = text[: len(text) - len(begun)].decode("utf-8", "replace")
    scripts = frozenset(script_of_sign(char) for char in whole) - {""}
    return Signs("\ufffd" in whole, scripts, begun)


def _leaves(found: Signs, scripts: frozenset[str]) -> bool:
    return found.stray or not found.scripts <= scripts or not _could_be(found.begun, scripts)


def _unfinished(text: bytes) -> bytes:
    """The end of `text` that is the beginning of a character."""
    for back in range(1, min(3, len(text)) + 1):
        first = text[-back]
        if 0x80 <= first < 0xC0:
            continue
        return text[-back:] if back < _length(first) and any(_characters(text[-back:])) else b""
    return b""


def _length(first: int) -> int:
    return next((length for low, high, length in _LENGTHS if low <= first < high), 1)


def _characters(begun: bytes) -> Iterator[str]:
    """Every character that begins with these bytes."""
    length = _length(begun[0])
    bits = begun[0] & (0xFF >> (length + 1))
    for byte in begun[1:]:
        bits = bits << 6 | byte & 0x3F
    free = 6 * (length - len(begun))
    for code in range(max(bits << free, _SMALLEST[length]), min((bits + 1) << free, 0x110000)):
        if not 0xD800 <= code < 0xE000:
            yield chr(code)


def _could_be(begun: bytes, scripts: frozenset[str]) -> bool:
    """Whether a character with this beginning could be of the scripts, or most such are of none."""
    possible, plain = _possible(begun) if begun else (scripts, True)
    return plain or not possible.isdisjoint(scripts)


@cache
def _possible(begun: bytes) -> tuple[frozenset[str], bool]:
    """The scripts of the characters with this beginning, and whether most of them are of none."""
    found = [script_of_sign(char) for char in _characters(begun) if char.isprintable()]
    return frozenset(found) - {""}, 2 * found.count("") > len(found)
