"""Does the graph `quote` know when the documents do not say? XQuAD, with and without each article.

    python benchmarks/abstention.py --data XQUAD_FOLDER [--every N]

A question is put to the paragraphs of one language twice: with the article it is about among them, and
with all of that article's paragraphs taken out. Across languages, the paragraphs are English ones.
"""

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from langgraph.runtime import Runtime

from benchmarks.retrieval import Question, documents, read
from xagent.context import Context
from xagent.languages import Detection
from xagent.nodes.quote import quote
from xagent.retrieval import Hit, Query, search
from xagent.state import State
from xagent.store import Store
from xagent.writer import writing


def articles(folder: Path) -> list[int]:
    """The article of each paragraph, the same in every language."""
    data = json.loads((folder / "xquad.en.json").read_text("utf-8"))["data"]
    return [n for n, article in enumerate(data) for _ in article["paragraphs"]]


def is_answered(context: Context, question: Question, asked: str, hits: Sequence[Hit]) -> bool:
    """Whether `quote` finds a sentence to answer with."""
    state = State(
        question.text,
        question_language=Detection(asked, "Zyyy", 1.0),
        answer_language=asked,
        hits=tuple(hits),
    )
    return bool(quote(state, Runtime(context=context))["claims"])


def run(folder: Path, every: int) -> dict[str, list[float]]:
    """Whether each question was answered, by `same with`, `same without`, `cross with`, `cross without`."""
    data, article = read(folder), articles(folder)
    answered: defaultdict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name, Store.create(Path(name) / "store") as store:
        with writing(store) as writer:
            for language, (paragraphs, _) in data.items():
                writer.add(documents(language, paragraphs))
            writer.publish([])
        context = Context()
        context.__dict__["opened"] = store
        for asked, (_, questions) in data.items():
            for kind, language in (("same", asked), ("cross", "en")):
                if kind == "cross" and asked == "en":
                    continue
                for question in questions[::every]:
                    found = search(store, [Query(question.text, asked)], k=40, languages=[language])
                    hits = found.hits
                    about = article[question.paragraph]
                    others = [hit for hit in hits if article[int(hit.passage.source.split("#")[1])] != about]
                    answered[f"{kind} with"].append(is_answered(context, question, asked, hits))
                    answered[f"{kind} without"].append(is_answered(context, question, asked, others))
            print(f"  asked in {asked}", flush=True)
    return answered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of xquad.LANG.json")
    parser.add_argument("--every", type=int, default=10, help="take every Nth question")
    options = parser.parse_args()
    answered = run(options.data, options.every)
    for kind, values in answered.items():
        print(f"answered, {kind} the article: {fmean(values):.3f} of {len(values):,}")
    scores = {f"answered_{kind.replace(' ', '_')}": round(fmean(v), 4) for kind, v in answered.items()}
    print(json.dumps(scores))


if __name__ == "__main__":
    main()
