"""What a request asks for in its `vllm_xargs`."""

from collections.abc import Mapping
from dataclasses import dataclass

from xagent.errors import UnknownLanguage
from xagent.guided.preference import Target, target

STRENGTH = 5.0
"""What a foreign token's logit loses, in nats, unless a request says otherwise."""

MOST = 100.0
"""The greatest strength: nearly a ban."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A language to keep to, how strictly, and where."""

    target: Target
    strength: float
    fields: tuple[str, ...]
    """Keys of a JSON reply under which to keep to it; everywhere when there is none."""


def asked(arguments: Mapping[str, object] | None) -> Asked | None:
    """What `xagent_language`, `xagent_strength` and `xagent_fields` (keys, with commas) amount to.

    None without a language. Raises ValueError for what cannot be done.
    """
    given = arguments or {}
    if "xagent_language" not in given:
        return None
    try:
        to = target(str(given["xagent_language"]))
        strength = float(str(given.get("xagent_strength", STRENGTH)))
    except UnknownLanguage as error:
        raise ValueError(f"xagent_language: {error}") from error
    if not 0 <= strength <= MOST:
        raise ValueError(f"xagent_strength is between 0 and {MOST:g}")
    fields = str(given.get("xagent_fields", ""))
    return Asked(to, strength, tuple(name.strip() for name in fields.split(",") if name.strip()))
