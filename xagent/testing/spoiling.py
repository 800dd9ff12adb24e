"""How a fault changes what a fake model says."""

import itertools
import json
import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from random import Random

from xagent.testing.faults import Fault, FaultKind
from xagent.testing.natural_sentences import Sentences
from xagent.testing.request import Request

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

_TEXTS = ("text", "question", "queries", "sentences")
_IDS = ("passage", "claim", "n")
_QUOTES = ("quote",)
_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_MANY, _SOME = (
    30_000,
    2_000,
)  # tokens of nothing where there is no limit: half a minute's stream, and one piece
_BARE = "\ue000"  # marks a number that is to stand without quotation marks
_BARE_STRING = re.compile(f'"{_BARE}(.*?)"')


@dataclass(frozen=True)
class Scene:
    """What a fault has to work with."""

    fault: Fault
    request: Request
    random: Random
    sentences: Sentences

    def evidence(self) -> str:
        """The text of all passages."""
        return "\n".join(passage.text for passage in self.request.passages)

    def foreign(self) -> str:
        """A sentence in a language that was not asked for."""
        # Translations are into English, whatever the reader's language.
        target = "en" if self.request.schema == "Translation" else self.request.language or "en"
        language = self.fault.language or ("es" if target == "en" else "en")
        return self.sentences.pick(language, str(self.random.random()))


def spoil(content: str, scene: Scene) -> str:
    """`content` with the fault in it; as it was where there is nothing to spoil."""
    kind = scene.fault.kind
    if kind in _ON_WRITING:
        return _ON_WRITING[kind](content, scene)
    if not scene.request.schema:
        return str(_found(_ON_DATA[kind]({"text": content}, scene), _TEXTS)[0])
    data: Json = json.loads(content) if _is_json(content) else None
    spoiled = _ON_DATA[kind](data, scene)
    return content if spoiled == data else _BARE_STRING.sub(r"\1", json.dumps(spoiled, ensure_ascii=False))


def mapped(value: Json, keys: Collection[str], change: Callable[[Json], Json], key: str = "") -> Json:
    """`value` with every string and number changed that stands under one of these keys, in order."""
    if isinstance(value, dict):
        return {name: mapped(inner, keys, change, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [mapped(inner, keys, change, key) for inner in value]
    return change(value) if key in keys else value


def _found(value: Json, keys: Collection[str]) -> list[Json]:
    found: list[Json] = []

    def note(one: Json) -> Json:
        found.append(one)
        return one

    mapped(value, keys, note)
    return found


# --- what it says ---


def _wrong_language(data: Json, scene: Scene) -> Json:
    return mapped(data, _TEXTS, lambda _: scene.foreign())


def _foreign_sentence(data: Json, scene: Scene) -> Json:
    """One text of several is replaced; a single one gets a sentence more."""
    count = len(_found(data, _TEXTS))
    turns, chosen = itertools.count(), scene.random.randrange(max(1, count))

    def change(text: Json) -> Json:
        if next(turns) != chosen:
            return text
        return scene.foreign() if count > 1 else f"{text} {scene.foreign()}"

    return mapped(data, _TEXTS, change)


def _invented_quotation(data: Json, scene: Scene) -> Json:
    languages = [passage.language for passage in scene.request.passages if passage.language] or ["en"]

    def invented(_: Json) -> Json:
        language, key = scene.random.choice(languages), str(scene.random.random())
        return scene.sentences.pick_other(language, key, scene.evidence())

    return mapped(data, _QUOTES, invented)


def _altered_quotation(data: Json, scene: Scene) -> Json:
    return mapped(data, _QUOTES, lambda quote: altered(str(quote), scene.evidence()))


def altered(quote: str, evidence: str) -> str:
    """`quote` with other digits, else without a word or two letters in its middle; no evidence has that."""
    words, middle = quote.split(" "), len(quote) // 2
    ways = [
        re.sub(r"\d", lambda digit: _next_digit(digit.group()), quote),
        " ".join(words[: len(words) // 2] + words[len(words) // 2 + 1 :]) if len(words) > 2 else quote,
        quote[: middle - 1] + quote[middle + 1 :] if len(quote) > 3 else quote,
        f"{quote} {quote}",
    ]
    return next((way for way in ways if way != quote and way not in evidence), quote)


def _next_digit(digit: str) -> str:
    value = unicodedata.digit(digit)
    return chr(ord(digit) - value + (value + 1) % 10)


def _id_out_of_range(data: Json, scene: Scene) -> Json:
    """One id is below the lowest or above the highest there is."""
    ids = [number for number in _found(data, _IDS) if isinstance(number, int)]
    if not ids:
        return data
    highest = max([*ids, *scene.request.statements, *(passage.id for passage in scene.request.passages)])
    turns, chosen = itertools.count(), scene.random.randrange(len(ids))
    wrong = scene.random.choice([-1, highest + 1, highest + 50])
    return mapped(data, _IDS, lambda number: wrong if next(turns) == chosen else number)


def _injected(data: Json, _scene: Scene) -> Json:
    return mapped(data, _TEXTS, lambda text: _with_controls(str(text)))


def _with_controls(text: str) -> str:
    half = len(text) // 2
    return f"{text[:half]}\x1b[2J\x1b]0;injected\x07\u202e{text[half:]}\u2066\x9b31m"


def _arabic_digits(data: Json, scene: Scene) -> Json:
    def number(value: Json) -> Json:
        return scene.random.choice(["", _BARE]) + str(value).translate(_ARABIC)

    return mapped(mapped(data, _IDS, number), _TEXTS, lambda text: str(text).translate(_ARABIC))


# --- how it writes that ---


def _wrong_shape(content: str, _scene: Scene) -> str:
    return json.dumps({"result": {"response": content, "confidence": 0.9}}, ensure_ascii=False)


def _malformed(content: str, scene: Scene) -> str:
    ways = [
        content.replace(":", "", 1),
        content.replace('"', "", 1),
        content.rstrip("}]") + ",",
        "{" + content,
    ]
    scene.random.shuffle(ways)
    return next(way for way in [*ways, "{"] if not _is_json(way))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _truncated(content: str, _scene: Scene) -> str:
    return content[: len(content) * 3 // 5]


def _prose(content: str, _scene: Scene) -> str:
    return f"Sure! Here is the JSON:\n\n```json\n{content}\n```\n\nLet me know if you need anything else."


def _endless(content: str, scene: Scene) -> str:
    """More blank lines than the request has room for."""
    body = scene.request.body
    count = (
        body.get("max_completion_tokens")
        or body.get("max_tokens")
        or (_MANY if body.get("stream") else _SOME)
    )
    return content[:1] + "\n" * 4 * int(str(count))


def _empty(_content: str, _scene: Scene) -> str:
    return ""


_ON_DATA: dict[FaultKind, Callable[[Json, Scene], Json]] = {
    "wrong language": _wrong_language,
    "foreign sentence": _foreign_sentence,
    "invented quotation": _invented_quotation,
    "altered quotation": _altered_quotation,
    "id out of range": _id_out_of_range,
    "injected": _injected,
    "arabic digits": _arabic_digits,
}
_ON_WRITING: dict[FaultKind, Callable[[str, Scene], str]] = {
    "wrong shape": _wrong_shape,
    "malformed json": _malformed,
    "truncated json": _truncated,
    "prose": _prose,
    "empty": _empty,
    "endless whitespace": _endless,
}
SPOILS = (*_ON_DATA, *_ON_WRITING)
"""The faults that change what is said, in the order in which they are put in."""
