"""What a prompt of xagent asks: the only place here that knows how prompts are written."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from xagent.instructions import in_language
from xagent.languages import known_languages

SCHEMAS = (
    "Draft", "ReasonedDraft", "Vote", "Entailment", "Standalone", "Rewording", "Restatement", "Translation",
    "Recollection", "Bridge", "Ranking", "Questions", "Choice",
)  # fmt: skip
"""The names of the replies xagent asks for in chats."""

ENDPOINTS = {"/v1/rerank": "Rerank", "/v1/decisions": "Decisions"}
"""The other interfaces that can be served, with the names of their replies."""

_ATTRIBUTES = r'((?:\s+[\w-]+="[^"]*")*)'
# No tag has another of its name in it: of two that open, the first is one that the prompt speaks of.
_PASSAGE = re.compile(rf"<passage{_ATTRIBUTES}>\n?((?:(?!<passage\b).)*?)\n?</passage>", re.DOTALL)
_STATEMENT = re.compile(rf"<statement{_ATTRIBUTES}>\n?((?:(?!<statement\b).)*?)\n?</statement>", re.DOTALL)
_QUESTION = re.compile(r"<question[^>]*>\s*((?:(?!<question\b).)*?)\s*</question>", re.DOTALL)
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_EXAMPLE = re.compile(r'\{"(\w+)": (\[\{|\["|)')
_SHAPES = {
    ("claims", ""): "Draft",
    ("verdicts", ""): "Entailment",
    ("question", ""): "Standalone",
    ("queries", ""): "Rewording",
    ("texts", ""): "Translation",
    ("translations", ""): "Bridge",
    ("ranking", ""): "Ranking",
    ("asked", ""): "Questions",
    ("english", ""): "Choice",
    ("sentences", "[{"): "Restatement",
    ("sentences", '["'): "Recollection",
}
_NUMBER = re.compile(r"\d+")
_LISTED = re.compile(r"\(([a-z]{2,3}(?:-\w+)*)\)")


@dataclass(frozen=True, slots=True)
class PromptPassage:
    """A passage as the prompt has it."""

    id: int
    language: str
    """Its code, as the prompt says; empty when it does not."""
    text: str


def schema_name(body: Mapping[str, object]) -> str:
    """The name of the reply asked for: from response_format, else by the example in the prompt, else ''."""
    if "messages" not in body:
        return "Rerank" if "documents" in body else "Decisions" if "questions" in body else ""
    name = _inside(body, "response_format", "json_schema", "name")
    return name if isinstance(name, str) else _shown(body)


def _shown(body: Mapping[str, object]) -> str:
    """The name of the reply that the system message shows: for servers that know no schemas."""
    for text in texts(body, "system"):
        for key, inside in _EXAMPLE.findall(text):
            if name := _SHAPES.get((key, inside)) or _SHAPES.get((key, "")):
                return _refined(name, texts(body, "user")) if name == "Draft" else name
    return ""


def _refined(name: str, users: Sequence[str]) -> str:
    """A draft with what is asked for after the question: a vote's answer, or reasoning."""
    asked = "\n".join(text.rpartition("</question>")[2] for text in users)
    if '"answer"' in asked:
        return "Vote"
    return "ReasonedDraft" if '"reasoning"' in asked else name


def messages(body: Mapping[str, object]) -> list[dict[str, object]]:
    """The messages of a request, in order."""
    found = body.get("messages")
    return [message for message in found if isinstance(message, dict)] if isinstance(found, list) else []


def texts(body: Mapping[str, object], role: str = "") -> list[str]:
    """The texts of the messages, those of one role only if it is named."""
    if isinstance(asked := body.get("input"), str):
        return [asked]  # of decisions
    return [_text(message.get("content")) for message in messages(body) if role in ("", message.get("role"))]


def passages(users: Sequence[str]) -> list[PromptPassage]:
    """The passages in the user's messages, in order."""
    return [
        PromptPassage(number, attributes.get("language", ""), text)
        for number, attributes, text in _numbered(_PASSAGE, "\n".join(users))
    ]


def statements(users: Sequence[str]) -> dict[int, str]:
    """The statements, by number, of the last of the user's messages that has any."""
    for text in reversed(users):
        if found := {number: said for number, _, said in _numbered(_STATEMENT, text)}:
            return found
    return {}


def question(users: Sequence[str]) -> str:
    """The last question in the user's messages, or ''."""
    found = [asked for text in users for asked in _QUESTION.findall(text)]
    return found[-1] if found else ""


def answer_language(users: Sequence[str]) -> str:
    """The code of the language that the user's messages ask for, the last of them that does; or ''.

    In one message the instruction that ends last counts, and the longest of those: it may have another
    language's in it, and so may a question.
    """
    for text in reversed(users):
        ends = {code: (text.rfind(asked) + len(asked), len(asked)) for code, asked in _instructions().items()}
        if found := [code for code, asked in _instructions().items() if asked in text]:
            return max(found, key=ends.__getitem__)
    return ""


def languages_listed(users: Sequence[str]) -> list[str]:
    """The codes of the languages that the last of the user's messages lists after its data, in order."""
    return _LISTED.findall(users[-1].rpartition(">")[2]) if users else []


@cache
def _instructions() -> dict[str, str]:
    by_code = {known.code: in_language(known.code) for known in known_languages() if known.code != "und"}
    return by_code | {"zh-Hant": in_language("zh", "Hant")}


def _numbered(tag: re.Pattern[str], text: str) -> Iterator[tuple[int, dict[str, str], str]]:
    for written, inside in tag.findall(text):
        attributes = dict(_ATTRIBUTE.findall(written))
        if found := _NUMBER.search(attributes.get("id", "")):
            yield int(found.group()), attributes, inside


def _text(content: object) -> str:
    """A message's content, which may be in parts."""
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _inside(value: object, *keys: str) -> object:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
