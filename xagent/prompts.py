"""Prompts from files. What is above the line `---` never changes, so that servers find it in their cache."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from string import Template

from xagent.errors import BadPrompt
from xagent.passages import Passage
from xagent.registry import find
from xagent.terminal import clean

# Tags of ours and control tokens of chat templates, which a document could use to pass for the prompt.
_OURS = re.compile(
    r"[<＜](?=[\s/／]*(?:passage|question|statement|turn)\b|[|｜]|<SYS>|</SYS>)"
    r"|<(?=/?(?:s|bos|eos|pad|unk|think|thinking|tool_call|tool_response|start_of_turn|end_of_turn)>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|TOOL_CALLS|TOOL_RESULTS|AVAILABLE_TOOLS)\])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent to a model for one step."""

    name: str
    system: str
    user: str


def prompt(name: str, values: Mapping[str, str]) -> Prompt:
    """The prompt `name` with its variables filled in: every one, and no other.

    Raises UnknownName for one that does not exist, BadPrompt where the file and its node differ.
    """
    system, user = _parts(name)
    wanted = set(user.get_identifiers())
    if wanted != set(values):
        differing = ", ".join(f"${variable}" for variable in sorted(wanted ^ set(values)))
        raise BadPrompt(f"the prompt {name!r} and the step that fills it in do not agree on {differing}")
    return Prompt(name, system, user.substitute(values))


@cache
def _parts(name: str) -> tuple[str, Template]:
    system, line, user = find("prompts", name).read_text("utf-8").partition("\n---\n")
    if not line or Template(system).get_identifiers() or not Template(user).is_valid():
        raise BadPrompt(
            f"the prompt {name!r} needs a fixed part without variables, a line '---', and a part with them"
        )
    return system.strip(), Template(user.strip())


def variables(name: str) -> frozenset[str]:
    """The variables of a prompt. Raises UnknownName and BadPrompt."""
    return frozenset(_parts(name)[1].get_identifiers())


def fenced(text: str) -> str:
    """`text` as data in a prompt: it can neither close its tag nor open another, nor hide anything."""
    return _OURS.sub("‹", clean(text))


def passages_as_data(passages: Iterable[Passage]) -> str:
    """Passages numbered from 1, each between tags that name its language."""
    return "\n".join(
        f'<passage id="{n}" language="{passage.language}">\n{fenced(passage.text)}\n</passage>'
        for n, passage in enumerate(passages, start=1)
    )


def statements_as_data(statements: Sequence[tuple[int, str]]) -> str:
    """Numbered statements, each between tags."""
    return "\n".join(f'<statement id="{n}">{fenced(text)}</statement>' for n, text in statements)
