"""At ingest, optionally: questions that a passage answers, in the store's languages, indexed with it.

Somebody who asks in Turkish then finds a passage in Chinese by Turkish words, with no model at hand. After
docT5query (Nogueira and Lin 2019) and its cross-lingual kin, xQG (Zhuang et al. 2023, arXiv 2305.03950).
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import TYPE_CHECKING

from xagent.budget import Budget
from xagent.confusion import confused
from xagent.errors import ModelError
from xagent.kept_questions import KeptQuestions
from xagent.languages import language
from xagent.passages import Passage
from xagent.prompts import passages_as_data, prompt
from xagent.replies import AskedOf, Questions
from xagent.reply_cache import ReplyCache
from xagent.writer import by_language, indexed_text, writing

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

    from xagent.context import Context
    from xagent.ingest import IngestReport

PAGE = 192
"""Passages whose questions are asked for, and indexed, at a time: what a kill costs at most."""

CONCURRENT = 8
"""Requests to the model at once."""

MOST_LANGUAGES = 12
"""Languages of the store that questions are in, those with most passages."""

_IN_A_REPLY = 16  # questions: in scripts of many tokens they must fit into one reply
_LETTERS = 12_000  # of the passages of one request
_COST = (4, 100_000, 120.0)  # calls, tokens and seconds of one request with its retries
_KEPT = 1_000_000  # replies, one a passage

ByKey = dict[int, tuple[str, ...]]


def add_questions(
    context: "Context", wanted: int, portal: "BlockingPortal", report: "IngestReport", wait: float = 0
) -> None:
    """Have `wanted` questions written for each passage of the store that has fewer, and index them with it.

    Goes on where a run before was stopped. A model that fails is named in the report's `failed`, and what
    it wrote until then is kept. Raises StoreBusy and other StoreErrors.
    """
    store, asking = context.opened, Questioner(context, wanted)
    kept, last = KeptQuestions(store.catalog), 0
    with writing(store, wait) as writer:
        while page := store.catalog.passages_after(last, PAGE):
            last = page[-1].key
            if not (left := kept.without(page, wanted)):
                continue
            written = portal.call(asking.write, left)
            kept.keep(written.questions, wanted)
            writer.index_again()
            report.questions += sum(map(len, written.questions.values()))
            if written.failure:
                report.failed["questions for passages"] = written.failure
            if not written.questions:
                return  # the model's server is gone, or as good as


@dataclass(frozen=True, slots=True)
class Written:
    """The questions of passages, by key, and what went wrong with the others."""

    questions: ByKey
    failure: str = ""


@dataclass(frozen=True, slots=True)
class _Batch:
    passages: tuple[Passage, ...]
    languages: tuple[str, ...]
    """One for each question wanted; a language may be there twice."""


class Questioner:
    """Asks a model for `wanted` questions for each passage, several passages a request."""

    def __init__(self, context: "Context", wanted: int) -> None:
        self.wanted = wanted
        self._context = context
        self._model = context.model
        self._cache = ReplyCache(context.opened.path, _KEPT)
        self._turns = asyncio.Semaphore(CONCURRENT)

    async def write(self, passages: Sequence[Passage]) -> Written:
        """Their questions: those kept from before, and for the rest what the model writes now."""
        found = await asyncio.to_thread(self._remembered, passages)
        batches = self._batches([one for one in passages if one.key not in found])
        results = await asyncio.gather(*map(self._asked, batches), return_exceptions=True)
        failure = ""
        for result in results:
            if isinstance(result, ModelError):
                failure = failure or str(result)
            elif isinstance(result, BaseException):
                raise result
            else:
                found |= result
        return Written(found, failure)

    def _languages(self, own: str) -> tuple[str, ...]:
        """In which languages a passage is asked about: the largest others first, its own last."""
        there = [code for code in self._context.opened.languages() if code not in (own, "und")]
        return tuple(islice(cycle([*there[:MOST_LANGUAGES], own] if own != "und" else there), self.wanted))

    def _batches(self, passages: Sequence[Passage]) -> Iterator[_Batch]:
        most = max(1, _IN_A_REPLY // self.wanted)
        for own, members in by_language(passages):
            languages, batch, letters = self._languages(own), list[Passage](), 0
            for one in members if languages else ():
                if batch and (len(batch) == most or letters + len(one.text) > _LETTERS):
                    yield _Batch(tuple(batch), languages)
                    batch, letters = [], 0
                batch.append(one)
                letters += len(one.text)
            if batch:
                yield _Batch(tuple(batch), languages)

    async def _asked(self, batch: _Batch) -> ByKey:
        """The questions of a batch, which are kept for the next time. Raises ModelError."""
        whole = [replace(one, text=indexed_text(one)) for one in batch.passages]
        listed = ", ".join(f"{language(code).name} ({code})" for code in batch.languages)
        sent = await asyncio.to_thread(
            prompt, "questions", {"passages": passages_as_data(whole), "languages": listed}
        )
        async with self._turns:
            reply = await self._model.reply(sent, Questions, Budget(*_COST))
        texts = usable(reply.asked, len(whole), batch.languages)
        found = {one.key: texts.get(n, ()) for n, one in enumerate(batch.passages, start=1)}
        await asyncio.to_thread(self._remember, batch, found)
        return found

    def _remembered(self, passages: Sequence[Passage]) -> ByKey:
        kept = ((one.key, self._cache.get(*self._key(one))) for one in passages)
        return {key: tuple(json.loads(texts)) for key, texts in kept if texts}

    def _remember(self, batch: _Batch, found: Mapping[int, tuple[str, ...]]) -> None:
        for one in batch.passages:
            if found[one.key]:
                self._cache.put(json.dumps(found[one.key], ensure_ascii=False), *self._key(one))

    def _key(self, passage: Passage) -> tuple[str, ...]:
        """What a passage's questions depend on: its content, not where it is or was."""
        return ("questions", self._model.name, indexed_text(passage), *self._languages(passage.language))


def usable(asked: Sequence[AskedOf], count: int, languages: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """The questions of each passage by its number, from 1 to `count`: as many in a language as were wanted.

    Each is in its language and none is there twice.
    """
    found: dict[int, list[AskedOf]] = {}
    for one in asked:
        own = found.setdefault(one.passage, [])
        said = _on_one_line(one)
        full = sum(other.language == one.language for other in own) >= languages.count(one.language)
        new = all(other.text != said.text for other in own)
        if 1 <= one.passage <= count and new and not full and _is_question(said):
            own.append(said)
    return {n: tuple(one.text for one in own) for n, own in found.items() if own}


def _on_one_line(asked: AskedOf) -> AskedOf:
    return asked.model_copy(update={"text": " ".join(asked.text.split())})


def _is_question(asked: AskedOf) -> bool:
    return any(map(str.isalnum, asked.text)) and not confused(asked.text, asked.language)
