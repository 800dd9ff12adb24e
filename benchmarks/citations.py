"""What is shown as a verified quotation: is it one, and is it where the answer says it is?

    python benchmarks/citations.py [--cases 3000] [--wrong]

False quotations are made from texts in 14 scripts: invented, spliced, altered, mis-attributed, translated,
and cut inside a word or number; and true ones as a language model may give them. They go through the nodes
`verify` and `compose` over a real store, with a model that calls everything supported. That a false one does
not stand in the passage, and that a true one stands where it is said to, is judged by a slow reference of its
own, word by word. `--wrong` prints the cases that went wrong.
"""

import argparse
import asyncio
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from langgraph.runtime import Runtime

from benchmarks.quotation_cases import Case, Claimed, cases, stands, texts
from xagent.context import Context
from xagent.nodes.compose import compose
from xagent.nodes.verify import verify
from xagent.passages import NewDocument, NewPassage
from xagent.replies import DraftClaim, Evidence
from xagent.retrieval import Hit
from xagent.state import Citation, State
from xagent.store import Store
from xagent.testing import ModelServer
from xagent.writer import writing

ABOVE = "Überschrift · عنوان\n\n"
"""What stands before a passage in its document, so that places in the two differ."""


class Checker:
    """The nodes `verify` and `compose` over a store of all texts."""

    def __init__(self, folder: Path, url: str, texts: Iterable[str]) -> None:
        documents = [_document(n, text) for n, text in enumerate(dict.fromkeys(texts))]
        with Store.create(folder) as store, writing(store) as writer:
            writer.add(documents)
            writer.publish([])
        self._context = Context(str(folder), model_url=url, model_name="fake")
        kept = self._context.opened.catalog.passages_after(0, len(documents))
        self._passages = {passage.text: passage for passage in kept}

    async def shown(self, case: Case) -> list[Citation]:
        """The citations that the reader sees as verified when a model cites what the case says."""
        evidence = tuple(self._passages[text] for text in case.passages)
        draft = (DraftClaim(text="X.", evidence=(_evidence(case.claim),)),)
        state = State("?", evidence=evidence, hits=(Hit(evidence[0], 1.0),), draft=draft)
        update: dict[str, Any] = await verify(state, Runtime(context=self._context.but()))
        citations: tuple[Citation, ...] = compose(replace(state, **update))["citations"]  # type: ignore[assignment]
        return [citation for citation in citations if citation.verified]


def _evidence(claim: Claimed) -> Evidence:
    # As it is: a reply's limit on lengths is not what is measured.
    return Evidence.model_construct(passage=claim.passage + 1, quote=claim.quote)


def _document(n: int, text: str) -> NewDocument:
    passages = (NewPassage(len(ABOVE), len(ABOVE) + len(text), "", "und", "Zyyy"),)
    return NewDocument(f"{n}.txt", "", f"Text {n}", ABOVE + text, str(n).encode(), passages)


def outcome(case: Case, seen: list[Citation]) -> str:
    """What came of a case: `right`, or how it went wrong."""
    if case.kind != "true":
        return "shown_unverified_as_verified" if seen else "right"
    if not seen:
        return "not_found"
    start, end = seen[0].start - len(ABOVE), seen[0].end - len(ABOVE)
    text = case.passages[case.claim.passage]
    exact = text[start:end] == seen[0].quote and stands(text, start, end, case.claim.quote)
    return "right" if exact else "wrong_offsets"


async def run(count: int, seed: int, wrong: bool) -> dict[str, Counter[str]]:
    """Outcomes of all cases, by script, by kind and in all."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    everything = [text for own in texts().values() for text in own]
    with tempfile.TemporaryDirectory() as folder, ModelServer() as server:
        checker = Checker(Path(folder) / "store", server.url, everything)
        for case in cases(count, seed):
            came = outcome(case, await checker.shown(case))
            if wrong and came != "right":
                print(f"{came}: {case.kind}, {case.script}: {case.claim.quote!r}")
            for key in ("all", case.script, case.kind):
                counts[key].update([came, "true" if case.kind == "true" else "false"])
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=3000, help="at least this many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--wrong", action="store_true", help="print the cases that went wrong")
    options = parser.parse_args()
    report(asyncio.run(run(options.cases, options.seed, options.wrong)))


def report(counts: dict[str, Counter[str]]) -> None:
    """A table by script and by kind, then one line of JSON."""
    print(f"{'':14}{'false':>10}{'shown':>10}{'true':>10}{'found':>10}{'misplaced':>10}")
    for key in sorted(counts, key=lambda name: (name == "all", name[0].islower(), name)):
        n = counts[key]
        row = (
            n["false"],
            n["shown_unverified_as_verified"],
            n["true"],
            n["true"] - n["not_found"],
            n["wrong_offsets"],
        )
        print(f"{key:14}" + "".join(f"{figure:10,}" for figure in row))
    n = counts["all"]
    figures = {"cases": n["true"] + n["false"], "scripts": sum(key[0].isupper() for key in counts)}
    figures |= {key: n[key] for key in ("shown_unverified_as_verified", "wrong_offsets")}
    print(json.dumps(figures | {"true_found": round(1 - n["not_found"] / n["true"], 4)}))


if __name__ == "__main__":
    main()
