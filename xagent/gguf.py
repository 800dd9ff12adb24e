"""What does a model's file say of itself: is it GGUF, how large is the model, how long a text can it read?

GGUF is the format of llama.cpp: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.
"""

import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from xagent.errors import InputError
from xagent.terminal import one_line

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)  # those that llama.cpp reads
_STRING, _ARRAY = 8, 9
_NUMBERS = dict(zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIif?Qqd", strict=True))
_MOST = 1 << 26  # bytes of a header: with 256,000 tokens it has 15 million
_AXES = 4  # of a tensor, at most

_Value = str | int | float | None  # of a field; None stands for an array

# That of the smallest was measured with SmolLM2-135M on 60 questions of XQuAD, the passage at hand: 42 % of
# the answers in English had what was looked for, and 0 to 13 % of those in six other languages. Of the
# others we have no measurement: it is what their makers say of them.
_ABLE = (
    (1e9, "it can hold the form of an answer, but is seldom right, and in English only at best"),
    (6e9, "it can answer simple questions in the large languages, is often wrong, and weak in others"),
    (math.inf, "it can answer in the large languages, is weaker in others, and slow without a GPU"),
)


@dataclass(frozen=True, slots=True)
class Header:
    """What is used of a file's header."""

    bytes: int
    """Of the file."""
    parameters: int
    """Of the model; estimated from the first file of a model in several."""
    context: int
    """Tokens of the longest texts it was trained on; 0 where the file does not say."""

    @property
    def note(self) -> str:
        """The model's size, and in plain words what models of that size can and cannot do."""
        able = next(words for limit, words in _ABLE if self.parameters < limit)
        return f"{_short(self.parameters)} parameters, {self.bytes / 1e9:.1f} GB: {able}"


def size_note(path: str | Path) -> str:
    """The name of a GGUF file and the note on its size. Raises InputError as `read_header` does."""
    return f"{one_line(Path(path).name)}: {read_header(path).note}"


def _short(parameters: int) -> str:
    return f"{parameters / 1e9:.1f}B" if parameters >= 1e9 else f"{parameters / 1e6:.0f}M"


def read_header(path: str | Path) -> Header:
    """The header of a GGUF file. Raises InputError for what is no such file, or a damaged one."""
    name = one_line(str(path))
    try:
        if Path(path).is_dir():
            raise InputError(f"the model {name} is a folder: name the file in it")
        if not Path(path).is_file():  # nor is a pipe one, which would be waited for
            raise InputError(f"there is no model file {name}")
        with Path(path).open("rb") as file:
            return _header(file)
    except (struct.error, ValueError) as error:
        raise InputError(f"{name} is no GGUF file that can be read: {error}; download it again") from error
    except OSError as error:
        raise InputError(f"the model {name} cannot be read: {error.strerror}") from error


def _header(file: BinaryIO) -> Header:
    reader = _Reader(file)
    if reader.take(4) != _MAGIC:
        raise ValueError("it does not begin with the letters GGUF")
    version = reader.code()
    if version not in _VERSIONS:
        raise ValueError(f"it is of version {version}, not 2 or 3")
    tensors, count = reader.length(), reader.length()
    fields = dict(reader.field() for _ in range(count))
    parameters = sum(reader.tensor() for _ in range(tensors)) * max(1, _whole(fields.get("split.count")))
    context = _whole(fields.get(f"{fields.get('general.architecture')}.context_length"))
    return Header(reader.size, parameters, context)


def _whole(value: _Value) -> int:
    return max(0, value) if isinstance(value, int) else 0


class _Reader:
    """Reads a header piece by piece, never past its end. Raises ValueError where it is damaged."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = os.fstat(file.fileno()).st_size
        self._left = min(self.size, _MOST)

    def take(self, count: int) -> bytes:
        """The next bytes."""
        self._pass(count)
        return self._file.read(count)

    def _skip(self, count: int) -> None:
        self._pass(count)
        self._file.seek(count, os.SEEK_CUR)

    def _pass(self, count: int) -> None:
        if count > self._left:
            raise ValueError("its header has no end")
        self._left -= count

    def length(self) -> int:
        """How many there are of what comes next."""
        return int.from_bytes(self.take(8), "little")

    def code(self) -> int:
        """What kind of thing comes next."""
        return int.from_bytes(self.take(4), "little")

    def field(self) -> tuple[str, _Value]:
        """A name and its value; an array is passed over."""
        name, kind = self._string(), self.code()
        if kind == _ARRAY:
            self._skip_array()
            return name, None
        return name, self._string() if kind == _STRING else self._number(_form(kind))

    def _string(self) -> str:
        return self.take(self.length()).decode("utf-8", "replace")

    def _number(self, form: str) -> int | float:
        number: int | float = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return number

    def _skip_array(self) -> None:
        kind, count = self.code(), self.length()
        if kind != _STRING:
            self._skip(count * struct.calcsize(_form(kind)))
            return
        for _ in range(count):
            self._skip(self.length())

    def tensor(self) -> int:
        """How many parameters the next tensor has."""
        self._skip(self.length())  # its name
        axes = self.code()
        if axes > _AXES:
            raise ValueError("its header has a tensor of no known shape")
        shape = [self.length() for _ in range(axes)]
        self._skip(12)  # its type, and where it begins
        return math.prod(shape)


def _form(kind: int) -> str:
    """How `struct` calls a type of number."""
    if kind not in _NUMBERS:
        raise ValueError("its header has a value of no known type")
    return f"<{_NUMBERS[kind]}"
