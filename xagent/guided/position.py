"""Where has a reply come to: within a character, and within which field of its JSON?"""

from collections.abc import Collection

from xagent.guided.vocabulary import signs


class Position:
    """Follows a reply, token by token.

    With `fields`, the reply is JSON, and only the strings under these keys are to keep to a language.
    """

    def __init__(self, fields: Collection[str] = ()) -> None:
        self.begun = b""
        """The first bytes of a character whose others are still to come."""
        self._fields = frozenset(fields)
        self._key = ""
        self._string: bytearray | None = None  # the one that is open
        self._last = ""  # the one before, which was a key if a colon follows
        self._escaped = False
        self._within: list[int] = []

    @property
    def open(self) -> bool:
        """Whether what comes next is to keep to the language."""
        return not self._fields or (self._string is not None and self._key in self._fields)

    def read(self, token: bytes) -> None:
        """Go on by a token."""
        self.begun = signs(self.begun + token).begun
        if self._fields:
            for byte in token:
                self._in_string(byte) if self._string is not None else self._outside(byte)

    def _in_string(self, byte: int) -> None:
        assert self._string is not None
        if self._escaped or byte == ord("\\"):
            self._escaped = not self._escaped
        elif byte == ord('"'):
            self._last, self._string = self._string.decode("utf-8", "replace"), None
            return
        self._string.append(byte)

    def _outside(self, byte: int) -> None:
        if byte == ord('"'):
            self._string = bytearray()
        elif byte == ord(":"):
            self._key = self._last
        elif byte in b"{[":
            self._within.append(byte)
            self._key = self._key if byte == ord("[") else ""
        elif byte in b"}]":
            self._within = self._within[:-1]
        elif byte == ord(",") and self._within[-1:] != [ord("[")]:
            self._key = ""
