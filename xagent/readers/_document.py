"""What every reader makes of a file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Document:
    """One text, as it stands in a file or in a part of it."""

    part: str
    """'' for a whole file, 'page=3' of a pdf, 'line=12' of a table, of JSON lines or of a very long text."""
    title: str
    """From the file itself where it has one, else its name made readable."""
    text: str
    """The raw text, which every offset in xagent refers to. Lines end in '\\n'; no NUL, no BOM."""
    headings: tuple[tuple[int, str], ...] = ()
    """Where each section starts, at its heading line, and the heading's text; in order."""
    language: str | None = None
    """As the file declares it, unchecked."""
