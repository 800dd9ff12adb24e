"""What a step of the graph did, in one line, for whoever watches."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from xagent.events import Stage
from xagent.languages import language
from xagent.terminal import one_line

Update = Mapping[str, Any]


def described(stage: Stage) -> str:
    """The step's name, what came of it and how long it took: `retrieve  40 passages: 12 de  (31 ms)`."""
    describe = _DESCRIPTIONS.get(stage.node, _nothing)
    # A step sets something, unless it raises.
    said = one_line(describe(stage.update)) if stage.update else "failed"
    return f"{stage.node:<14}{said}{'  ' if said else ''}({stage.milliseconds:,.0f} ms)"


def _nothing(_: Update) -> str:
    return ""


def _detect(update: Update) -> str:
    found, target = update["question_language"], update["answer_language"]
    asked = f"{_named(found.code)}, {found.confidence:.0%} sure" if found.code != "und" else "not recognised"
    return asked if target == found.code else f"{asked}; to be answered in {_named(target)}"


def _named(code: str) -> str:
    return "an unknown language" if code == "und" else language(code).name


def _contextualize(update: Update) -> str:
    return str(update.get("query", ""))[:80]


def _retrieve(update: Update) -> str:
    counts = Counter(hit.passage.language for hit in update["hits"])
    return _number(sum(counts.values()), "passage") + (f": {_counted(counts)}" if counts else "")


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{n} {code}" for code, n in counts.most_common())


def _bridge(update: Update) -> str:
    return str(update.get("bridging", ""))


def _rerank(update: Update) -> str:
    return str(update.get("reranking", ""))


def _pivot(update: Update) -> str:
    return f"{update['pivot']}: {update['because']}"


def _answer(update: Update) -> str:
    return str(update.get("failure") or _number(len(update.get("draft", ())), "claim"))


def _quote(update: Update) -> str:
    return _number(len(update["claims"]), "quotation")


def _verify(update: Update) -> str:
    return f"{_number(len(update['claims']), 'claim')} kept: {update['reason']}"


def _reword(update: Update) -> str:
    return str(update.get("failure") or " · ".join(update.get("rewordings", ()))[:80])


def _enforce(update: Update) -> str:
    return str(update.get("reason") or "in the language to answer in")


def _vote(update: Update) -> str:
    return f"{_number(len(update.get('draft', ())), 'claim')}, {update.get('agreement', 0.0):.0%} agree"


def _number(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


_DESCRIPTIONS: dict[str, Callable[[Update], str]] = {
    "detect": _detect,
    "contextualize": _contextualize,
    "bridge": _bridge,
    "retrieve": _retrieve,
    "rerank": _rerank,
    "pivot": _pivot,
    "answer": _answer,
    "quote": _quote,
    "verify": _verify,
    "trust": _verify,
    "reword": _reword,
    "enforce": _enforce,
    "vote": _vote,
}
