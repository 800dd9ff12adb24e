"""Passages and documents as they go into the store and come out; offsets count characters of the document."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a document's text: `text` is the document's `[start:end]`, in characters."""

    key: int
    source: str
    """The file, and where in it: `guide.pdf#page=3`, `rows.jsonl#line=12`."""
    title: str
    heading: str
    language: str
    script: str
    start: int
    end: int
    text: str

    @property
    def id(self) -> str:
        """Sixteen hexadecimal digits, the same whenever the same text is ingested again."""
        named = f"{self.source}\0{self.start}\0{self.text}"
        return hashlib.blake2b(named.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class NewPassage:
    """A passage on its way in: where it lies and what language it is in."""

    start: int
    end: int
    heading: str
    language: str
    script: str


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document on its way in, cut into passages."""

    file: str
    part: str
    title: str
    text: str
    digest: bytes
    passages: tuple[NewPassage, ...]
