"""What models are asked to reply, and reading it: JSON, however it is wrapped, or ReplyError."""

import json
import re
from typing import Annotated, TypeVar

import pydantic_core
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from xagent.errors import ReplyError


def _first_number(value: object) -> object:
    """The number in `3`, `"3"`, `"[3]"` or `"٣"`: models write ids in any of these ways."""
    found = re.search(r"\d+", value) if isinstance(value, str) else None
    return int(found.group()) if found else value


Number = Annotated[int, BeforeValidator(_first_number)]
Line = Annotated[str, Field(max_length=600)]
"""Lengths are bounded everywhere: a constrained decoder may otherwise go on until its limit."""


class Reply(BaseModel):
    """What a step gets from a model; keys that were not asked for are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Evidence(Reply):
    """A quotation, word for word, and the number of the passage it is from."""

    passage: Number
    quote: Annotated[str, Field(max_length=800)]


class DraftClaim(Reply):
    """One statement in the reader's language. The quotation comes first: it is found, then put in words."""

    evidence: Annotated[tuple[Evidence, ...], Field(max_length=3)]
    text: Line
    disputed: bool = False
    """Another passage says otherwise; then that side is a claim too."""


class Draft(Reply):
    """The claims that answer; none when the evidence does not say."""

    claims: Annotated[tuple[DraftClaim, ...], Field(max_length=6)]


class ReasonedDraft(Reply):
    """The same, after reasoning in English. A constrained decoder writes the fields in this order."""

    reasoning: Annotated[str, Field(max_length=2000)] = ""
    claims: Annotated[tuple[DraftClaim, ...], Field(max_length=6)]


class Vote(Reply):
    """One voter's claims, and its answer in few words of English, by which votes are counted."""

    reasoning: Annotated[str, Field(max_length=2000)] = ""
    answer: Annotated[str, Field(max_length=120)] = ""
    claims: Annotated[tuple[DraftClaim, ...], Field(max_length=6)]


class ClaimVerdict(Reply):
    """Whether the evidence says what claim number `claim` says."""

    claim: Number
    supported: bool


class Entailment(Reply):
    """A verdict on each claim."""

    verdicts: Annotated[tuple[ClaimVerdict, ...], Field(max_length=12)]


class Standalone(Reply):
    """A follow-up as a question that needs nothing said before."""

    question: Line


class Rewording(Reply):
    """Other ways to search: in other words, and in the languages of the documents."""

    queries: Annotated[tuple[Annotated[str, Field(max_length=300)], ...], Field(max_length=6)]


class Numbered(Reply):
    """A text and the number of the one it stands for."""

    n: Number
    text: Annotated[str, Field(max_length=2000)]


class Restatement(Reply):
    """Sentences said again in another language."""

    sentences: Annotated[tuple[Numbered, ...], Field(max_length=24)]


class Translation(Reply):
    """The question (number 0) and passages in English."""

    texts: Annotated[tuple[Numbered, ...], Field(max_length=24)]


class Recollection(Reply):
    """An answer from memory."""

    sentences: Annotated[tuple[Line, ...], Field(max_length=6)]


class Translated(Reply):
    """A question in the language with this code."""

    language: Annotated[str, Field(max_length=12)]
    text: Annotated[str, Field(max_length=1000)]


class Bridge(Reply):
    """A question in each of several languages."""

    translations: Annotated[tuple[Translated, ...], Field(max_length=12)]


class Ranking(Reply):
    """The numbers of passages, the one that answers best first."""

    ranking: Annotated[tuple[Number, ...], Field(max_length=40)]


class AskedOf(Reply):
    """A question that passage number `passage` answers, in the language with this code."""

    passage: Number
    language: Annotated[str, Field(max_length=12)]
    text: Annotated[str, Field(max_length=300)]


class Questions(Reply):
    """Questions that passages answer."""

    asked: Annotated[tuple[AskedOf, ...], Field(max_length=40)]


class Choice(Reply):
    """Whether to reason in English first."""

    english: bool


R = TypeVar("R", bound=Reply)

_THOUGHT_END = re.compile(r"</think(?:ing)?>")
_OBJECT = re.compile(r'\{\s*(?:["}]|\Z)')
# Strings are matched to be passed over: what looks like a number in one is text.
_BARE_NUMBER = re.compile(r'"(?:[^"\\]|\\.)*+["\\]?|([^\W\D]+)', re.DOTALL)
_DECODER = json.JSONDecoder(strict=False)


def read(text: str, schema: type[R]) -> R:
    """The reply in `text`, whatever fence, chatter or thoughts are around it, also when it was cut short.

    Raises ReplyError, which says what is wrong.
    """
    found = _OBJECT.search(said := _spoken(text))
    if not found:
        raise ReplyError("the model's reply has no JSON object in it")
    try:
        return schema.model_validate(_parsed(said[found.start() :]))
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise ReplyError(f"the model's reply is not as asked for: {where}: {problem['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise ReplyError(f"the model's reply is not JSON: {error}") from error


def so_far(text: str) -> dict[str, object]:
    """What can be read of a reply that is still arriving; nothing while it may be thinking aloud."""
    said = _spoken(text).lstrip()
    if not said.startswith(("{", "```")):
        return {}
    # More digits may follow those at the end.
    body = said[said.find("{") :].rstrip("0123456789") if "{" in said else "{"
    try:
        parsed = pydantic_core.from_json(body, allow_partial=True)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _spoken(text: str) -> str:
    """What comes after the thoughts; the tag that opens them may be missing, or the one that ends them."""
    start = text.lstrip()[:6]
    if start.startswith(("{", "```")):
        return text
    *thoughts, said = _THOUGHT_END.split(text, maxsplit=1)
    return "" if start == "<think" and not thoughts else said


def _parsed(body: str) -> object:
    plain = _BARE_NUMBER.sub(lambda match: _in_ascii(match[1]) or match[0], body)
    try:
        return _DECODER.raw_decode(plain)[0]
    except json.JSONDecodeError:
        return _whole_items(pydantic_core.from_json(plain, allow_partial=True))


def _in_ascii(digits: str | None) -> str:
    return "".join(str(int(digit)) for digit in digits or "")


def _whole_items(value: object) -> object:
    """What was cut short without its last list item, of which a part may be missing."""
    if isinstance(value, dict) and value:
        *others, last = value
        return {key: value[key] for key in others} | {last: _whole_items(value[last])}
    if isinstance(value, list) and len(value) < 2:
        raise ValueError("it was cut short")
    return value[:-1] if isinstance(value, list) else value
