"""Answers with a model: claims that are verified, in the reader's language.

START > detect > contextualize > bridge > retrieve > rerank > pivot > answer > verify
                                             ^                          ^         |
nothing stands: once more, or abstain        +---- reword <-------------+---------+
                                                                                  |
                                                       END < compose < enforce <--+
"""

from typing import Literal

from langgraph.graph import END, START, StateGraph

from xagent.context import Context
from xagent.nodes.answer import answer
from xagent.nodes.bridge import bridge
from xagent.nodes.compose import compose
from xagent.nodes.contextualize import contextualize
from xagent.nodes.detect import detect
from xagent.nodes.enforce import enforce
from xagent.nodes.pivot import pivot
from xagent.nodes.quote import quote
from xagent.nodes.rerank import rerank
from xagent.nodes.retrieve import retrieve
from xagent.nodes.reword import reword
from xagent.nodes.verify import verify
from xagent.state import Input, State

ATTEMPTS = 2


def after_answer(state: State) -> Literal["verify", "quote"]:
    """Where the model has nothing usable to say, the evidence speaks for itself."""
    return "quote" if state.failure else "verify"


def after_verify(state: State) -> Literal["enforce", "answer", "reword", "compose"]:
    """Answer again what was badly proved, search again where nothing was found, once; then abstain."""
    if state.claims:
        return "enforce"
    if state.failure or state.attempts >= ATTEMPTS:
        return "compose"
    return "answer" if state.draft else "reword"


def after_reword(state: State) -> Literal["retrieve", "compose"]:
    """Search again, if there is something new to search for."""
    return "retrieve" if state.rewordings else "compose"


builder = StateGraph(State, context_schema=Context, input_schema=Input)

builder.add_node(detect)
builder.add_node(contextualize)
builder.add_node(bridge)
builder.add_node(retrieve)
builder.add_node(rerank)
builder.add_node(pivot)
builder.add_node(answer)
builder.add_node(quote)
builder.add_node(verify)
builder.add_node(reword)
builder.add_node(enforce)
builder.add_node(compose)

builder.add_edge(START, "detect")
builder.add_edge("detect", "contextualize")
builder.add_edge("contextualize", "bridge")
builder.add_edge("bridge", "retrieve")
builder.add_edge("retrieve", "rerank")
builder.add_edge("rerank", "pivot")
builder.add_edge("pivot", "answer")
builder.add_conditional_edges("answer", after_answer)
builder.add_edge("quote", "verify")
builder.add_conditional_edges("verify", after_verify)
builder.add_conditional_edges("reword", after_reword)
builder.add_edge("enforce", "compose")
builder.add_edge("compose", END)

graph = builder.compile(name="qa")
