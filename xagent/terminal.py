"""What may reach a terminal: text without commands to it. Documents and model output are hostile."""

import json
import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

# Whole escape sequences first (CSI, OSC and other strings, two-character ones), or their letters would be
# left over. A string that is not ended on its line is no sequence: it would take others' text along with it.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\n\x07\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]?"
)
# Controls but tab and line feed; bidi embeddings, overrides and isolates; tag characters; invisible
# marks that join nothing. ZWNJ and ZWJ stay: Persian and Hindi are spelt with them.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u061c\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
_LINE_BREAKING = re.compile("[\r\n\t\u2028\u2029\x0b\x0c\x85]+")

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"


def clean(text: str) -> str:
    """`text` without anything that a terminal would act on or hide; lines are kept."""
    without = _CONTROL.sub("", _SEQUENCE.sub("", text.replace("\r\n", "\n")))
    return without.encode("utf-8", "replace").decode()


def one_line(text: str) -> str:
    """`clean`, with line breaks and tabs made spaces: for names, titles and table cells."""
    return clean(_LINE_BREAKING.sub(" ", text)).strip()


def isolated(text: str) -> str:
    """`text` set apart, so that its writing direction does not reorder what stands around it (UAX #9)."""
    return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}"


def to_json(value: object, indent: int | None = 2) -> str:
    """JSON in which whatever `clean` would take out is escaped: the data whole, the terminal safe."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _CONTROL.sub(_escape, text.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    if character == "\r" or ord(character) > 0xFFFF:
        return json.dumps(character)[1:-1]
    return f"\\u{ord(character):04x}"


def console(stderr: bool = False) -> "Console":
    """Where the commands print; markup in the text is not interpreted."""
    from rich.console import Console

    return Console(
        file=sys.stderr if stderr else sys.stdout, stderr=stderr, markup=False, highlight=False, emoji=False
    )


def is_terminal() -> bool:
    """Whether a person reads along, rather than a file or a pipe."""
    return sys.stdout.isatty()
