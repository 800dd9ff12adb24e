"""How a server is made to keep a reply to a language: xagent's plug-in, else a pattern of its script."""

import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache

from xagent.capabilities import Capabilities
from xagent.guided.preference import target
from xagent.writing import SCRIPT_NAMES

Schema = dict[str, object]

LONGEST = 400
"""Characters, and names in another script, of a string that is held to a pattern."""

_ANYWHERE = " .,;:!?()'«»“”‘’„…–—/%&+=°€$£¥№"
# Joiners, which Persian and Hindi are spelt with, and accents that Yoruba adds to letters.
_ANYWHERE += "\u200c\u200d\u0300-\u036f"
_OPENING = "0-9«“‘„(「『《"
_EAST_ASIAN = "、。，！？；：（）「」『』《》〈〉・％～"
# A word of another script, as readers of this one write names: capitalised.
_NAME = "[A-Z][A-Za-zÀ-ÿ'’.-]{0,30}"


@dataclass(frozen=True, slots=True)
class KeepTo:
    """What of a reply is to be in which language."""

    language: str
    fields: tuple[str, ...]
    """The keys of the JSON reply whose strings are to be in it."""
    script: str = ""
    """ISO 15924, where the language has several and one of them is meant."""
    strictly: bool = False
    """By a pattern, where the server has no plug-in: worth it for what came out wrong before."""

    @property
    def name(self) -> str:
        """The language with its script, as in `sr-Latn`."""
        return f"{self.language}-{self.script}" if self.script else self.language

    def arguments(self) -> dict[str, object]:
        """What the plug-in is asked for."""
        return {"xagent_language": self.name, "xagent_fields": ",".join(self.fields)}


def kept(schema: Schema, keep: KeepTo | None, can: Capabilities | None) -> tuple[Schema, dict[str, object]]:
    """The schema a reply is to have, and what else goes into the request, as far as the server can do it."""
    if keep is None or can is None or keep.language == "und":
        return schema, {}
    if can.guided:
        return schema, {"vllm_xargs": keep.arguments()}
    if keep.strictly and can.patterns:
        return _patterned(schema, keep.fields, pattern(keep.name)), {}
    return schema, {}


def _patterned(schema: Schema, fields: Collection[str], regex: str) -> Schema:
    """The schema with the pattern in place of the greatest length: not every decoder heeds both."""
    return {key: _with(key, value, fields, regex) for key, value in schema.items()}


def _with(key: str, value: object, fields: Collection[str], regex: str) -> object:
    if isinstance(value, list):
        return [_with("", one, fields, regex) for one in value]
    if not isinstance(value, dict):
        return value
    if key in fields and value.get("type") == "string":
        return {name: one for name, one in value.items() if name != "maxLength"} | {"pattern": regex}
    return _patterned(value, fields, regex)


@cache
def pattern(name: str) -> str:
    """The regular expression of a text in a language's script, in which names of another may stand.

    Not at its beginning: what begins in another script went on in it, when that was tried.

    Written with ranges of characters alone, since `\\p{...}` is not known to every decoder. Raises
    UnknownLanguage.
    """
    to = target(name)
    east = _EAST_ASIAN if to.scripts & {"Hani", "Hira", "Kana", "Hang"} else ""
    own = "".join(first if first == last else f"{first}-{last}" for first, last in _ranges(to.scripts))
    letters = f"[{own}0-9{_ANYWHERE}{east}\\[\\]-]"
    begin = f"[{own}{_OPENING}]"
    if "Latn" in to.scripts:
        return f"^{begin}{letters}{{0,{LONGEST}}}$"
    return f"^{begin}(?:{letters}|{_NAME}){{0,{LONGEST}}}$"


def _ranges(scripts: Collection[str]) -> Iterator[tuple[str, str]]:
    """The runs of characters of the scripts, letters, marks, digits and signs, up to U+FFFF."""
    first = last = 0
    for code in range(0x41, 0x10000):
        if _belongs(chr(code), scripts):
            first, last = (first or code), code
        elif first and unicodedata.category(chr(code)) != "Cn":
            yield chr(first), chr(last)
            first = 0


def _belongs(char: str, scripts: Collection[str]) -> bool:
    words = unicodedata.name(char, "").replace("-", " ").split()  # EXTENDED ARABIC-INDIC DIGIT ONE
    return unicodedata.category(char)[0] in "LMNP" and any(SCRIPT_NAMES.get(w, "") in scripts for w in words)
