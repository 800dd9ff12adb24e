"""Is an answer in the wrong language put right? The graph `qa` on a server that misbehaves, in 15 languages.

    python benchmarks/language_faults.py [--questions N] [--jobs N] [--failures]

The sample's questions are asked over its texts. The server's right answers have two or three sentences, in
one claim or several; by chance all of a reply, or one sentence of it, is in English (Spanish where English is
right) or in the sample's language nearest to the right one. What is said again may be spoiled again: each
time counts.

A fault is repaired when the answer, and what was streamed of it, consists of sentences the server sent as
right, of quotations in frames, and of messages in the reader's language; where no sentence is right, a
message must say so. The server's record decides that, not what xagent takes for a wrong language. A false
alarm is a right answer full of foreign names (`foreign_names.toml`) that is said again, or gives way to
quotations.
"""

import argparse
import asyncio
import itertools
import json
import multiprocessing
import random
import re
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from statistics import fmean

import xagent
from xagent.agent import Agent
from xagent.answer import Answer
from xagent.events import Statement
from xagent.messages import Key, Voice, voice
from xagent.sentences import split_sentences
from xagent.statements import between
from xagent.testing import Fault, FaultKind, ModelServer, PromptPassage, Request, Sentences

SAMPLE = Path(xagent.__file__).parent / "sample"

NEAREST = {
    "ar": "fa", "de": "fr", "en": "fr", "es": "pt", "fa": "ar", "fi": "tr", "hi": "ar", "ja": "zh",
    "ko": "ja", "ru": "tr", "sw": "yo", "th": "zh", "tr": "de", "yo": "sw", "zh": "ja",
}  # fmt: skip
"""The languages asked in, each with the sample's language that is most like it, or like its writing."""

KINDS: tuple[FaultKind, ...] = ("wrong language", "foreign sentence")
RATES = (0.05, 0.2, 0.5)
NOTICES: tuple[Key, ...] = ("wrong_language", "partial", "left_out", "disagree")

DATA = tomllib.loads(Path(__file__).with_name("foreign_names.toml").read_text("utf-8"))


class Honest:
    """What a model says in which nothing is wrong, and all the sentences it has said so."""

    def __init__(self, seed: str) -> None:
        self.sentences = Sentences(DATA["plain"])
        self.said: set[str] = set()
        self.instead: list[str] = []
        """The texts of the claims to make, instead of any."""
        self._dice = random.Random(seed)

    def draft(self, request: Request) -> dict[str, object]:
        """Two or three sentences, in one claim, in two, or each in one; the first passages prove them."""
        texts = self.instead or self._texts(request.language)
        cited = itertools.cycle(request.passages)
        claims = [{"evidence": [_evidence(next(cited))], "text": text} for text in texts]
        return {"reasoning": "The passages say so.", "claims": claims}

    def _texts(self, language: str) -> list[str]:
        wanted = self._some(language, self._dice.choice([2, 3]))
        cut = self._dice.randrange(len(wanted) + 1)
        if cut == 0:
            return wanted
        return [between(language).join(part) for part in (wanted[:cut], wanted[cut:]) if part]

    def restatement(self, request: Request) -> dict[str, object]:
        """Each statement said again by any other sentence."""
        again = self._some(request.language, len(request.statements))
        return {
            "sentences": [{"n": n, "text": said} for n, said in zip(request.statements, again, strict=True)]
        }

    def _some(self, language: str, count: int) -> list[str]:
        choice = list(self.sentences.all(language))
        self._dice.shuffle(choice)
        chosen = list(itertools.islice(itertools.cycle(choice), count))
        self.said.update(chosen)
        return chosen


def _evidence(passage: PromptPassage) -> dict[str, object]:
    start, end = split_sentences(passage.text, passage.language or "und")[-1]
    return {"passage": passage.id, "quote": passage.text[start:end][:800]}


# --- judging ---


@dataclass(frozen=True)
class Outcome:
    """What came of one question."""

    language: str
    kind: str
    """Of the faults; `usual` and `names` where there are none."""
    rate: float
    question: str
    faults: int
    calls: int
    right: bool
    shown: str


def remainder(text: str, answer: Answer, speaker: Voice, said: Iterable[str]) -> str:
    """What of the text is neither a right sentence nor a quotation in its frame nor a message of ours."""
    quotes = [f"“{' '.join(citation.quote.split())}” [{citation.n}]" for citation in answer.citations]
    frames = [frame for citation in answer.citations for frame in _frames(citation.title, speaker)]
    notices = [speaker.say(key) for key in NOTICES]
    for part in (*quotes, *frames, *notices, *sorted(said, key=len, reverse=True)):
        text = text.replace(part, " ")
    return re.sub(r"\[\d+\]|\W", "", text)


def _frames(title: str, speaker: Voice) -> Iterator[str]:
    yield speaker.say("source_said_same", title=title)
    for known in sorted(path.name for path in (SAMPLE / "texts").iterdir()):
        yield speaker.say("source_said", title=title, language=speaker.language_name(known))


def is_right(answer: Answer, streamed: str, language: str, said: Iterable[str]) -> bool:
    """Whether all the reader sees is right sentences, quotations and messages, and it answers."""
    speaker = voice(language)
    rest = remainder(answer.text, answer, speaker, said) + remainder(streamed, answer, speaker, said)
    stated = any(sentence in answer.text for sentence in said)
    noticed = speaker.say("wrong_language") in answer.text
    return not rest and bool(answer.citations) and (stated or noticed) and answer.text.startswith(streamed)


# --- running ---


@cache
def questions() -> dict[str, list[str]]:
    """The sample's questions by language."""
    rows = [json.loads(line) for line in (SAMPLE / "questions.jsonl").read_text("utf-8").splitlines()]
    return {code: [row["question"] for row in rows if row["language"] == code] for code in NEAREST}


class Bench:
    """One agent, its server, and what the server says when nothing is wrong."""

    def __init__(self, agent: Agent, server: ModelServer, honest: Honest, language: str) -> None:
        self.agent, self.server, self.honest, self.language = agent, server, honest, language

    async def asked(self, question: str, kind: str, rate: float = 0.0) -> Outcome:
        """What becomes of a question."""
        self.server.requests.clear()
        self.honest.said.clear()
        self.honest.said.update(self.honest.instead)
        events = [event async for event in self.agent.astream(question, language=self.language)]
        streamed = "".join(event.text for event in events if isinstance(event, Statement))
        answer = next(event for event in events if isinstance(event, Answer))
        faults = sum(len(request.faults) for request in self.server.requests)
        right = is_right(answer, streamed, self.language, self.honest.said)
        calls = len(self.server.requests)
        return Outcome(self.language, kind, rate, question, faults, calls, right, answer.text)


@contextmanager
def bench(store: Path, language: str, faults: Sequence[Fault], seed: str) -> Iterator[Bench]:
    """A server with these faults, and an agent that asks it."""
    honest = Honest(seed)
    rules = dict.fromkeys(("Draft", "ReasonedDraft"), honest.draft) | {"Restatement": honest.restatement}
    chance = random.Random(seed).randrange(2**32)
    with ModelServer(rules, faults=faults, seed=chance, sentences=honest.sentences) as server:
        server.letters = 80
        with Agent(store, "qa", model_url=server.url, model=server.model, bridge="never") as agent:
            yield Bench(agent, server, honest, language)


async def faulty(store: Path, language: str, kind: FaultKind, rate: float, count: int) -> list[Outcome]:
    """Half of the questions with what is usually wrong, half with what is hard to tell from right."""
    outcomes = []
    for instead in ("", NEAREST[language]):
        asked = itertools.islice(itertools.cycle(questions()[language]), count // 2)
        fault = Fault(kind, rate, language=instead)
        with bench(store, language, [fault], f"{language} {kind} {rate} {instead}") as one:
            outcomes += [await one.asked(question, kind, rate) for question in asked]
    return outcomes


async def full_of_names(store: Path, language: str) -> list[Outcome]:
    """Each sentence full of names alone, and in the company of two others."""
    names: list[str] = DATA["names"][language]
    texts = names + [between(language).join([*names, *names][n : n + 3]) for n in range(len(names))]
    outcomes = []
    with bench(store, language, [], language) as one:
        for question, text in zip(itertools.cycle(questions()[language]), texts, strict=False):
            one.honest.instead = [text]
            outcomes.append(await one.asked(question, "names"))
    return outcomes


async def measured(store: Path, count: int, language: str) -> list[Outcome]:
    """Everything in one language."""
    with bench(store, language, [], f"{language} usual") as one:
        outcomes = [await one.asked(question, "usual") for question in questions()[language]]
    outcomes += await full_of_names(store, language)
    for kind, rate in itertools.product(KINDS, RATES):
        # Where faults are rare, it takes more questions to have as many.
        outcomes += await faulty(store, language, kind, rate, round(count * RATES[0] / rate))
    return outcomes


def run(store: Path, count: int, language: str) -> list[Outcome]:
    """`measured`, for a process of its own."""
    return asyncio.run(measured(store, count, language))


def processes(jobs: int) -> ProcessPoolExecutor:
    """Processes that begin afresh: the threads of this one would not go on in a copy of it."""
    return ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=140, help="in a language, where faults are rarest")
    parser.add_argument("--languages", nargs="+", default=list(NEAREST), choices=list(NEAREST))
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--failures", action="store_true", help="print the answers that are not right")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, processes(options.jobs) as pool:
        store = Path(folder) / "store"
        with Agent(store, "quote") as agent:
            agent.ingest([SAMPLE / "texts"], root=SAMPLE / "texts")
        outcomes = []
        for some in pool.map(partial(run, store, options.questions), options.languages):
            outcomes += some
    report(outcomes, options.failures)


# --- reporting ---


def report(outcomes: Sequence[Outcome], failures: bool) -> None:
    """A table of kinds and probabilities, what went wrong if asked for, and one line of JSON."""
    print(f"{'':18}{'p':>6}{'answers':>9}{'faults':>8}{'repaired':>10}{'extra calls':>13}")
    usual = {one.question: one.calls for one in outcomes if one.kind == "usual"}
    for kind, rate in itertools.product(KINDS, RATES):
        some = [one for one in outcomes if (one.kind, one.rate) == (kind, rate)]
        faults = sum(one.faults for one in some)
        row = f"{kind:18}{rate:6.2f}{len(some):9,}{faults:8,}"
        print(f"{row}{repaired(some):10.4f}{extra_calls(some, usual):13.4f}")
    for one in outcomes if failures else ():
        if not one.right or (not one.faults and one.calls > usual[one.question]):
            print(f"{one.language}, {one.kind}, {one.faults} faults, {one.calls} calls: {one.shown!r}")
    by_language = {
        code: figures([one for one in outcomes if one.language == code], usual)
        for code in dict.fromkeys(one.language for one in outcomes)
    }
    print(json.dumps({**figures(outcomes, usual), "by_language": by_language}))


def figures(outcomes: Sequence[Outcome], usual: dict[str, int]) -> dict[str, float]:
    """What is asked for: shares, and calls a fault."""
    whole, single = ([one for one in outcomes if one.kind == kind] for kind in KINDS)
    names = [one for one in outcomes if one.kind == "names"]
    alarms = fmean([not one.right or one.calls > usual[one.question] for one in names])
    return {
        "whole_faults": sum(one.faults for one in whole),
        "whole_repaired": round(repaired(whole), 4),
        "sentence_faults": sum(one.faults for one in single),
        "sentence_repaired": round(repaired(single), 4),
        "extra_calls_per_fault": round(extra_calls([*whole, *single], usual), 4),
        "right_answers": len(names),
        "false_alarms": round(alarms, 4),
    }


def repaired(outcomes: Sequence[Outcome]) -> float:
    """The share of faults that were in answers which came out right."""
    return fmean([one.right for one in outcomes for _ in range(one.faults)])


def extra_calls(outcomes: Sequence[Outcome], usual: dict[str, int]) -> float:
    """Calls beyond the usual ones of the same questions, for each fault."""
    extra = sum(one.calls - usual[one.question] for one in outcomes)
    return extra / max(1, sum(one.faults for one in outcomes))


if __name__ == "__main__":
    main()
