"""Whose answers can be read when the model forgets the reader's language: those of `naive`, or of `qa`?

    python benchmarks/language_gap.py [--rates 0 0.05 0.15 0.35 0.6] [--repeat 4]

The suite `xrag` is run as by `xagent eval xrag --setting multilingual`, on a file of its shape
(`benchmarks/xrag_shaped.py`): 48 questions in Arabic, Chinese, German and Spanish, each asked `--repeat`
times, whose answers stand in English articles. What is measured is what a graph does about a model's faults,
and no model: the model is scripted. It knows each question's gold answer, quotes the passages that prove it,
and says two sentences in the language that the prompt asks for. At `rate`, drawn by a seed for each reply
that a reader is to see, it errs: half of those replies are in English, half have one of their sentences in
English. What it says stays right, so that nothing but the language is at fault. Sentences that it is asked
to say again it may get wrong again; translations of a question it gets right, and it finds every claim
supported.

- erred: the share of drafts in which it did; english: that of answers which say something in English, by what
  the model is known to say there.
- right_language, correct, correct_in_language, grounded: the figures of the suite, means over the four
  languages, with 95% intervals in the JSON. The first is judged by xagent's own detector, by which `qa` goes
  too: so there is `english` beside it. The second looks for the gold answer in the question's language, which
  an answer in English has only where a name is written alike. The last is 0 for `naive`, which does not look
  whether its quotations are in the passages.
- calls: of the model, an answer; those that put the question into English for the search are among them. A
  translation that is there already is not asked for again, so that their number depends a little on timing.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from statistics import fmean

from benchmarks.xrag_shaped import Fact, Statement, facts, write
from xagent.evaluation.figures import cost
from xagent.evaluation.records import Record
from xagent.evaluation.runner import Plan, run_suite, unwatched
from xagent.evaluation.statistics import Estimate
from xagent.prompts import fenced
from xagent.testing import Fault, ModelServer, PromptPassage, Reply, Request
from xagent.testing.faults import FaultPlan

GRAPHS = ("naive", "qa")
RATES = (0.0, 0.05, 0.15, 0.35, 0.6)
FIGURES = ("right_language", "correct", "correct_in_language", "grounded")
DRAFTS = ("Draft", "ReasonedDraft")


class Forgetful:
    """A model that knows what is right, and at times says it in English."""

    def __init__(self, rate: float, seed: int) -> None:
        self._plan = FaultPlan([Fault("wrong language", rate)], seed)
        self._facts = {fenced(asked): fact for fact in facts() for asked in fact.questions.values()}
        self._said = {
            text: said.texts for fact in facts() for said in fact.statements for text in said.texts.values()
        }

    def draft(self, request: Request) -> Reply:
        """The answer, and what else the passages say of its subject; nothing where they do not answer."""
        proved = _proved(self._facts[request.question], request.passages)
        claims = [
            {"evidence": [{"passage": passage.id, "quote": said.quote}], "text": said.texts[language]}
            for (passage, said), language in zip(proved, self._languages(request, len(proved)), strict=True)
        ]
        return {"claims": claims}

    def restatement(self, request: Request) -> Reply:
        """What was said, in the language asked for."""
        languages = self._languages(request, len(request.statements))
        pairs = zip(request.statements.items(), languages, strict=True)
        return {"sentences": [{"n": n, "text": self._said[said.strip()][code]} for (n, said), code in pairs]}

    def bridge(self, request: Request) -> Reply:
        """The question in the languages asked for, as far as it is known in them."""
        asked = self._facts[request.question].questions
        known = [code for code in request.languages if code in asked]
        return {"translations": [{"language": code, "text": asked[code]} for code in known]}

    def _languages(self, request: Request, count: int) -> list[str]:
        """That of each sentence of a reply; a reply that errs is noted as such."""
        drawn, dice = self._plan.draw(request.schema, json.dumps(request.body, sort_keys=True))
        right = [request.language] * count
        if not drawn or not count:
            return right
        request.faults += [fault.kind for fault in drawn]
        if dice.random() < 0.5:
            return ["en"] * count
        right[dice.randrange(count)] = "en"
        return right


def _proved(fact: Fact, passages: Sequence[PromptPassage]) -> list[tuple[PromptPassage, Statement]]:
    """What the passages prove of a fact, each with the passage; nothing where they do not answer."""
    answering, beside = (
        [(one, said) for one in passages if said.quote in one.text][:1] for said in fact.statements
    )
    return [*answering, *beside] if answering else []


# --- running ---


@dataclass(frozen=True)
class Cell:
    """What became of the questions with one graph, at one rate of faults."""

    rate: float
    graph: str
    erred: float
    """The share of drafts in which the model erred."""
    english: float
    """The share of answers that say something in English."""
    calls: float
    """Of the model, an answer."""
    failed: int
    figures: Mapping[str, Estimate]

    def as_dict(self) -> dict[str, object]:
        """The same with 4 digits, each figure with its interval."""
        plain = {
            name: round(value, 4) if isinstance(value, float) else value for name, value in vars(self).items()
        }
        return plain | {"figures": {name: _rounded(self.figures[name]) for name in FIGURES}}

    def shown(self) -> str:
        """A row of the table."""
        means = [f"{self.figures[name].mean:.3f}" for name in FIGURES]
        return line(
            f"{self.rate:.2f}",
            self.graph,
            f"{self.erred:.3f}",
            f"{self.english:.3f}",
            *means,
            f"{self.calls:.2f}",
        )


def _rounded(one: Estimate) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(one).items()}


def line(*cells: str) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def measured(graph: str, rate: float, data: Path, repeat: int, seed: int) -> Cell:
    """The run of a graph on a server that errs at this rate; each graph begins with the same dice."""
    model = Forgetful(rate, seed)
    rules = dict.fromkeys(DRAFTS, model.draft) | {"Restatement": model.restatement, "Bridge": model.bridge}
    with ModelServer(rules) as server:
        server.letters = 10_000  # a reply in one piece: the fake's own work is to take little
        plan = Plan(
            "xrag",
            setting="multilingual",
            data=data,
            graph=graph,
            model_url=server.url,
            model=server.model,
            repeat=repeat,
            out=data.parent / f"{graph}-{rate}",
        )
        outcome = run_suite(plan, unwatched)
        drafts = [request for request in server.requests if request.schema in DRAFTS]
    return Cell(
        rate,
        graph,
        erred=fmean(bool(request.faults) for request in drafts),
        english=fmean(map(says_english, outcome.records)),
        calls=cost(outcome.records).calls,
        failed=sum(outcome.figures.failed.values()),
        figures=outcome.figures.overall,
    )


def says_english(record: Record) -> bool:
    """Whether a claim of the answer has one of the model's English sentences in it."""
    english = [said.texts["en"] for fact in facts() for said in fact.statements]
    return any(sentence in claim.text for claim in record.claims for sentence in english)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rates", type=float, nargs="+", default=RATES, help="shares of replies that err")
    parser.add_argument("--repeat", type=int, default=4, help="times that each question is asked")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    columns = ("rate", "graph", "erred", "english", *FIGURES, "calls")
    print(line(*columns), line(*("---" for _ in columns)), sep="\n")
    cells = []
    with tempfile.TemporaryDirectory() as folder:
        data = write(Path(folder) / "xrag-shaped.jsonl")
        for rate, graph in product(options.rates, GRAPHS):
            cells.append(measured(graph, rate, data, options.repeat, options.seed))
            print(cells[-1].shown(), flush=True)
    print(json.dumps([cell.as_dict() for cell in cells]))


if __name__ == "__main__":
    main()
