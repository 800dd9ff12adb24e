"""How is one sample asked, and what is kept of what came of it?"""

import string
import time
from copy import copy
from typing import NamedTuple

from xagent.agent import Agent
from xagent.answer import Answer, ModelCall
from xagent.confusion import confused
from xagent.errors import NoModel, UnknownLanguage, XagentError
from xagent.evaluation.records import ForeignPart, Record
from xagent.evaluation.samples import Sample
from xagent.languages import language
from xagent.messages import chosen_script
from xagent.sentences import split_sentences
from xagent.terminal import one_line


class Task(NamedTuple):
    """One time that one sample is asked."""

    sample: Sample
    key: str
    """Of its record."""
    repeat: int = 0


async def ask(agent: Agent, sample: Sample, key: str, repeat: int = 0) -> Record:
    """A sample's record: the answer with all that led to it, or why there is none.

    Raises NoModel where the graph needs one: no other sample would fare better.
    """
    began = time.perf_counter()
    try:
        answer = await restricted(agent, sample).aask(asked(sample), language=sample.answer_language)
        foreign, sentences = in_other_languages(answer, sample)
    except NoModel:
        raise
    except XagentError as error:
        return Record(
            key=key,
            sample=sample,
            repeat=repeat,
            error=one_line(str(error)),
            calls=tuple(map(_writable, error.calls)),
            seconds=round(time.perf_counter() - began, 4),
        )
    return Record(
        key=key,
        sample=sample,
        repeat=repeat,
        answer=answer,
        calls=tuple(map(_writable, answer.calls)),
        claims=answer.claims,
        foreign=foreign,
        sentences=sentences,
        seconds=round(time.perf_counter() - began - answer.waited, 4),
    )


def asked(sample: Sample) -> str:
    """The question as it is put: with the options of one of multiple choice, by letter, below it or in it."""
    lettered = list(zip(string.ascii_uppercase, sample.options, strict=False))
    if lettered and all(f"{letter})" in sample.question for letter, _ in lettered):
        return sample.question
    return "\n".join([sample.question, *(f"{letter}) {text}" for letter, text in lettered)])


def restricted(agent: Agent, sample: Sample) -> Agent:
    """The agent, answering from the sample's documents and languages alone where it names some."""
    if not sample.documents and not sample.languages:
        return agent
    narrower = copy(agent)
    narrower.context = agent.context.but(documents=sample.documents, languages=sample.languages)
    return narrower


def in_other_languages(answer: Answer, sample: Sample) -> tuple[tuple[ForeignPart, ...], int]:
    """Which parts of an answer are in another language than was asked for, and of how many sentences.

    Titles of sources may stand in it as they are. There are none where xagent knows no language of that name:
    it cannot tell it from others.
    """
    wanted = sample.answer_language or sample.language
    try:
        known = language(wanted)
    except UnknownLanguage:
        return (), len(split_sentences(answer.text))
    script = chosen_script(wanted, "") if len(known.scripts) > 1 else ""
    titles = [citation.title for citation in answer.citations]
    found = confused(answer.text, known.code, script=script, names=titles)
    parts = tuple(ForeignPart(start=one.start, end=one.end, language=one.language) for one in found)
    return parts, len(split_sentences(answer.text, known.code))


def _writable(call: ModelCall) -> ModelCall:
    """A call whose reply can be written as UTF-8: servers send halves of characters beyond the BMP apart."""
    whole = call.reply.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return call if whole == call.reply else call.model_copy(update={"reply": whole})
