"""The graph that `qa` is measured against in `benchmarks/cost.py`: each passage and the answer are graded.

START > route > retrieve > grade > generate > review > END
                   ^         |        ^          |
                   +-- rewrite <------+----------+   none is relevant, or the answer does not help

It is LangGraph's tutorial "Adaptive RAG", which joins corrective RAG (Yan et al. 2024, arXiv 2401.15884) and
self-RAG (Asai et al. 2023, arXiv 2310.11511), written anew on xagent's own search. On its usual path a
question costs 4 + k model calls: one to route it, one for each of k passages, one to answer, one to grade
whether the answer is grounded, one whether it helps. Where the tutorial would go round and round, this goes
round once: what it costs here is the least it can cost.
"""

from collections.abc import Callable, Mapping
from typing import Literal, TypedDict, TypeVar, cast

from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from pydantic import BaseModel, SecretStr

from xagent.context import Context
from xagent.instructions import in_language
from xagent.languages import detect
from xagent.passages import Passage
from xagent.prompts import fenced, passages_as_data
from xagent.retrieval import Query, best, search
from xagent.store import Store
from xagent.testing import Request, Rule

MOST_ROUNDS = 2
"""Searches for one question, and answers written for it, at most."""


class Route(BaseModel):
    """Where to look for the answer."""

    source: Literal["documents", "web"]


class Relevance(BaseModel):
    """Whether a passage bears on the question."""

    relevant: bool


class Rewritten(BaseModel):
    """The question, better to search with."""

    question: str


class Grounding(BaseModel):
    """Whether an answer rests on the passages."""

    grounded: bool


class Usefulness(BaseModel):
    """Whether an answer settles the question."""

    useful: bool


class Steps(TypedDict, total=False):
    """What goes from node to node."""

    question: str
    passages: tuple[Passage, ...]
    answer: str
    rounds: int
    drafts: int


Schema = TypeVar("Schema", bound=BaseModel)


class CorrectiveRag:
    """The graph's nodes over a store and a model; `k` passages are graded for a question."""

    def __init__(self, store: Store, url: str, k: int = Context.max_passages) -> None:
        self._store = store
        self._k = k
        self._model = ChatOpenAI(
            base_url=url,
            api_key=SecretStr("none"),
            model="fake",
            temperature=0,
            max_retries=0,
            use_responses_api=False,
        )

    def graph(self) -> "CompiledStateGraph[Steps, None, Steps, Steps]":
        """The graph, to be invoked with a question."""
        builder = StateGraph(Steps)
        for node in (self.retrieve, self.grade, self.rewrite, self.generate):
            builder.add_node(node.__name__, node)
        builder.add_conditional_edges(START, self.route)
        builder.add_edge("retrieve", "grade")
        builder.add_conditional_edges("grade", self.after_grade)
        builder.add_edge("rewrite", "retrieve")
        builder.add_conditional_edges("generate", self.after_generate)
        return builder.compile(name="corrective_rag")

    def route(self, state: Steps) -> Literal["retrieve"]:
        """Ask where to look. There is no web here: it is the documents either way."""
        self._ask(Route, "Where is this answered: in the documents, or on the web?", _asked(state))
        return "retrieve"

    def retrieve(self, state: Steps) -> Steps:
        """The passages that `qa` would show its model."""
        question = state["question"]
        language = detect(question, tuple(self._store.languages())).code
        hits = search(self._store, [Query(question, language)], k=Context.k).hits
        passages = tuple(hit.passage for hit in best(hits, self._k))
        return {"passages": passages, "rounds": state.get("rounds", 0) + 1}

    def grade(self, state: Steps) -> Steps:
        """Keep the passages that the model, asked about each alone, finds relevant."""
        task = "Does this passage bear on the question? Weed out what was found in error."
        kept = [
            passage
            for passage in state["passages"]
            if self._ask(Relevance, task, f"{passages_as_data([passage])}\n{_asked(state)}").relevant
        ]
        return {"passages": tuple(kept)}

    def after_grade(self, state: Steps) -> Literal["rewrite", "generate"]:
        """Search again where nothing relevant was found."""
        return "generate" if state["passages"] or state["rounds"] >= MOST_ROUNDS else "rewrite"

    def rewrite(self, state: Steps) -> Steps:
        """The question in words that find more."""
        task = "Write the question again such that a search finds what it means."
        return {"question": self._ask(Rewritten, task, _asked(state)).question}

    def generate(self, state: Steps) -> Steps:
        """An answer from the passages, in the question's language."""
        language = detect(state["question"], tuple(self._store.languages())).code
        task = "Answer the question from the passages, in three sentences at most."
        prompt = f"{passages_as_data(state['passages'])}\n{_asked(state)}\n{in_language(language)}"
        answer = str(self._model.invoke(_messages(task, prompt)).text)
        return {"answer": answer, "drafts": state.get("drafts", 0) + 1}

    def after_generate(self, state: Steps) -> Literal["generate", "rewrite", "__end__"]:
        """Grade the answer against the passages, then against the question."""
        said = f"<answer>\n{fenced(state['answer'])}\n</answer>"
        task = "Is the answer supported by the passages?"
        grounding = self._ask(Grounding, task, f"{passages_as_data(state['passages'])}\n{said}")
        if not grounding.grounded and state["drafts"] < MOST_ROUNDS:
            return "generate"
        useful = self._ask(Usefulness, "Does the answer settle the question?", f"{_asked(state)}\n{said}")
        return "__end__" if useful.useful or state["rounds"] >= MOST_ROUNDS else "rewrite"

    def _ask(self, schema: type[Schema], task: str, prompt: str) -> Schema:
        """One model call, its reply held to a schema."""
        asked = self._model.with_structured_output(schema, method="json_schema")
        return cast(Schema, asked.invoke(_messages(task, prompt)))


def _messages(task: str, prompt: str) -> list[SystemMessage | HumanMessage]:
    return [SystemMessage(task), HumanMessage(prompt)]


def _asked(state: Steps) -> str:
    return f"<question>{fenced(state['question'])}</question>"


def rules(is_relevant: Callable[[Request], bool]) -> Mapping[str, Rule]:
    """What a `ModelServer` says to this graph: `is_relevant` decides on a passage, all else goes well."""
    return {
        "Route": lambda _: {"source": "documents"},
        "Relevance": lambda request: {"relevant": is_relevant(request)},
        "Rewritten": lambda request: {"question": request.question},
        "Grounding": lambda _: {"grounded": True},
        "Usefulness": lambda _: {"useful": True},
    }
