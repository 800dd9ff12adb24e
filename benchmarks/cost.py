"""What an answer costs: model calls, what of a prompt a server has seen before, and time beside the model's.

    python benchmarks/cost.py [--every N] [--at-once]

The questions are the sample's, asked of a store of its texts with the graph `qa`. The model is the fake one
of `xagent.testing`; calls are counted on its side, and tokens, at four bytes each. The last line is JSON with

- calls_usual, calls_mean, calls_two: the median and mean of a question's calls; the share with just two. The
  question is searched for as it is, as with an encoder that knows the languages (`--bridge never`).
- calls_bridging_mean, bridged: the mean where the built-in n-grams, which do not, have it translated when
  they find no strong evidence (`--bridge auto`, the default); the share of questions with which that is so.
  Three in five of the sample's have no evidence in their own language.
- calls_worst, over_budget: the most calls seen with faults that lead the longest way (see `WORST`), for a
  question alone and for one that goes on with a conversation; how many went beyond the six allowed.
- calls_corrective_rag: the mean through `benchmarks/corrective_rag.py`, which grades each of as many passages
  as `qa` shows its model; calls_corrective_rag_usual, the median. Passages of the document that answers the
  question are relevant, no others are. tokens_in and tokens_out, of both graphs, are means of a question.
- prefix_identical: in conversations about one document each, in one and in several languages, two prompts of
  the step `answer` that follow each other begin with so many bytes alike; this is the share of them in the
  bytes of the earlier from its beginning up to its question, which is all that could stay as it is. The mean
  over all such pairs. prefix_cached: their share in the whole later prompt, which is the part of it that a
  server finds in its cache. prefix_kept: the share of pairs in which all stays that could.
- overhead_p50_ms, first_word_overhead_ms and other times: see `benchmarks/overhead.py`.
"""

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

from benchmarks.corrective_rag import CorrectiveRag, rules
from benchmarks.overhead import PAUSE, Conversation, Figures, timed
from xagent.agent import Agent
from xagent.context import Context
from xagent.evaluation.samples import Sample, Suite
from xagent.prompts import fenced
from xagent.registry import load
from xagent.testing import Fault, ModelServer, Reply, Request, default_rule

DRAFTS = ("Draft", "ReasonedDraft")

WORST_EVERY = 25  # of the questions taken, one in so many goes through every fault


def calls_usual(server: ModelServer, agent: Agent, samples: Sequence[Sample]) -> Figures:
    """Calls and tokens of questions with which nothing goes wrong."""
    counts, asked = [], []
    for sample in samples:
        server.requests.clear()
        agent.ask(sample.question)
        counts.append(len(server.requests))
        asked += server.requests
    return {
        "calls_usual": round(median(counts)),
        "calls_mean": round(mean(counts), 3),
        "calls_two": round(counts.count(2) / len(counts), 4),
        **tokens(asked, len(samples)),
    }


def calls_bridging(server: ModelServer, agent: Agent, samples: Sequence[Sample]) -> Figures:
    """Calls of the same questions where a question may be translated for the search."""
    counts = []
    for sample in samples:
        server.requests.clear()
        agent.ask(sample.question)
        counts.append(len(server.requests))
    return {"calls_bridging_mean": round(mean(counts), 3), "bridged": round(mean(n > 2 for n in counts), 4)}


def tokens(requests: Sequence[Request], questions: int) -> Figures:
    """Tokens of a question, in and out, as the server counts them."""
    sent = sum(map(len, (rendered(request) for request in requests)))
    said = sum(len((request.content or "").encode()) for request in requests)
    return {"tokens_in": round(sent / 4 / questions), "tokens_out": round(said / 4 / questions)}


def rendered(request: Request) -> bytes:
    """A prompt as a server's cache has it: the messages' texts, one after another."""
    return "\n".join(str(message["content"]) for message in request.messages).encode()


class Hesitant:
    """The usual rule; but where it is told to `hesitate`, it finds no answer in the evidence, once."""

    def __init__(self) -> None:
        self.hesitate = False
        self._usual = default_rule()

    def __call__(self, request: Request) -> Reply:
        """What the model says."""
        if self.hesitate and request.schema in DRAFTS:
            self.hesitate = False
            return {"claims": []}
        return self._usual(request)


_STEPS = (*DRAFTS, "Standalone", "Rewording", "Entailment", "Restatement")
_UNPROVED = [Fault("invented quotation", schema=name, times=1) for name in DRAFTS]
_FOREIGN = [Fault("wrong language", schema=name) for name in (*DRAFTS, "Restatement")]
_GARBLED = [Fault("malformed json", schema=name, times=1) for name in _STEPS]
_BUSY = [Fault("status 429", schema=name, times=1) for name in _STEPS]

WORST: Mapping[str, tuple[bool, Sequence[Fault]]] = {
    "nothing found at first": (True, []),
    "invented quotations": (False, _UNPROVED),
    "invented quotations throughout": (False, [Fault("invented quotation")]),
    "the wrong language throughout": (False, _FOREIGN),
    "malformed JSON, once a step": (False, _GARBLED),
    "malformed JSON throughout": (False, [Fault("malformed json")]),
    "nothing found, then the wrong language": (True, _FOREIGN),
    "nothing found, then malformed JSON": (True, _GARBLED),
    "invented, then the wrong language": (False, [*_UNPROVED, *_FOREIGN]),
    "nothing found, then everything": (True, [*_UNPROVED, *_FOREIGN, *_GARBLED]),
    "the same from a busy server": (True, [*_UNPROVED, *_FOREIGN, *_BUSY]),
}
"""What goes wrong: whether the model finds nothing at first, and the faults of its replies."""


def calls_worst(server: ModelServer, rule: Hesitant, agent: Agent, samples: Sequence[Sample]) -> Figures:
    """The most calls of a question, alone and after another one, by what goes wrong."""
    counts = [0]
    for name, (hesitates, faults) in WORST.items():
        here = [0]
        for at, sample in enumerate(samples):
            for before in (None, samples[at - 1]):
                conversation = f"{name} {at}" if before else ""
                server.faults = []
                if before:
                    agent.ask(before.question, conversation=conversation)
                server.requests.clear()
                server.faults, rule.hesitate = faults, hesitates
                agent.ask(sample.question, conversation=conversation)
                here.append(len(server.requests))
        print(f"{name}: {max(here)} calls at most", flush=True)
        counts += here
    server.faults, rule.hesitate = [], False
    return {"calls_worst": max(counts), "over_budget": sum(count > Context.max_calls for count in counts)}


def calls_corrective_rag(agent: Agent, suite: Suite, samples: Sequence[Sample]) -> Figures:
    """Calls and tokens of the same questions through the other graph."""
    texts = {document.id: " ".join(document.text.split()) for document in suite.corpus(data_of(suite), "")}
    gold = {fenced(sample.question): texts[sample.relevant[0]] for sample in samples if sample.relevant}

    def is_relevant(request: Request) -> bool:
        return " ".join(request.passages[0].text.split()) in gold.get(request.question, "")

    counts, asked = [], []
    with ModelServer(rules(is_relevant)) as server:
        graph = CorrectiveRag(agent.store, server.url).graph()
        for sample in samples:
            server.requests.clear()
            graph.invoke({"question": sample.question})
            counts.append(len(server.requests))
            asked += server.requests
    spent = {f"corrective_rag_{name}": value for name, value in tokens(asked, len(samples)).items()}
    return {
        "calls_corrective_rag": round(mean(counts), 3),
        "calls_corrective_rag_usual": median(counts),
    } | spent


def conversations(samples: Sequence[Sample]) -> list[Conversation]:
    """The questions about one document, all of them and those in one language, where there are several."""
    groups: defaultdict[tuple[str, str], list[Sample]] = defaultdict(list)
    for sample in samples:
        for source in sample.relevant:
            groups[source, ""].append(sample)
            groups[source, sample.language].append(sample)
    # A document asked about in one language only would be there twice.
    return list(
        {tuple(one.id for one in group): group for group in groups.values() if len(group) > 1}.values()
    )


def alike(one: bytes, other: bytes) -> int:
    """The number of bytes that two prompts begin with alike: their longest common prefix."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def kept(earlier: bytes, later: bytes) -> tuple[float, float]:
    """What two prompts begin with alike, by the earlier up to its question, and by the later."""
    fixed = earlier[: earlier.rindex(b"<question>")].rstrip()  # passages may be added here
    common = alike(fixed, later)
    return common / len(fixed), common / len(later)


def prefixes(server: ModelServer, agent: Agent, talks: Sequence[Conversation]) -> Figures:
    """What the prompts of a conversation have in common."""
    found = []
    for at, conversation in enumerate(talks):
        server.requests.clear()
        for sample in conversation:
            agent.ask(sample.question, conversation=f"prefix {at}")
        prompts = [rendered(request) for request in server.requests if request.schema in DRAFTS]
        found += [kept(*pair) for pair in pairwise(prompts)]
    return {
        "prefix_identical": round(mean(identical for identical, _ in found), 4),
        "prefix_cached": round(mean(cached for _, cached in found), 4),
        "prefix_kept": round(mean(identical == 1 for identical, _ in found), 4),
        "prefix_pairs": len(found),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--every", type=int, default=1, help="take every Nth question")
    parser.add_argument("--at-once", action="store_true", help="replies as fast as the server can")
    options = parser.parse_args()
    suite: Suite = load("evals", "sample").suite
    samples = list(suite.load(data_of(suite), ""))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "store"
        figures = counted(folder, suite, samples, options.every)
        figures |= timed(folder, conversations(samples), 0.0 if options.at_once else PAUSE)
    for figure, value in figures.items():
        print(f"{figure}: {value:,}")
    print(json.dumps(figures))


def data_of(suite: Suite) -> Path:
    """Where the suite's data is, which comes with xagent."""
    assert suite.data
    return suite.data


def counted(folder: Path, suite: Suite, samples: Sequence[Sample], every: int) -> Figures:
    """Everything but the times. The store that is made for it, in `folder`, stays."""
    rule, taken = Hesitant(), samples[::every]
    with (
        ModelServer(rule) as server,
        Agent(folder, "qa", model_url=server.url, bridge="never") as agent,
        Agent(folder, "qa", model_url=server.url) as bridging,
    ):
        texts = data_of(suite) / "texts"
        agent.ingest([texts], root=texts)
        return {
            **calls_usual(server, agent, taken),
            **calls_bridging(server, bridging, taken),
            **calls_worst(server, rule, agent, taken[::WORST_EVERY]),
            **calls_corrective_rag(agent, suite, taken),
            **prefixes(server, agent, conversations(samples)[::every]),
        }


if __name__ == "__main__":
    main()
