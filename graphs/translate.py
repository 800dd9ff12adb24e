"""Everything through English: question and evidence into it, the answer in it, and back.

START > detect > retrieve > translate > answer > trust > enforce > compose > END

The method is CrossRAG (Ranaldi et al. 2025, arXiv 2504.03616). Quotations are of translations, so none can
be verified: the citations name passages.
"""

from typing import Literal

from langgraph.graph import END, START, StateGraph

from xagent.context import Context
from xagent.nodes.answer import answer
from xagent.nodes.compose import compose
from xagent.nodes.detect import detect
from xagent.nodes.enforce import enforce
from xagent.nodes.retrieve import retrieve
from xagent.nodes.translate import translate
from xagent.nodes.trust import trust
from xagent.state import Input, State


def after_translate(state: State) -> Literal["answer", "trust"]:
    """Without a translation there is nothing to answer from."""
    return "trust" if state.failure else "answer"


builder = StateGraph(State, context_schema=Context, input_schema=Input)

builder.add_node(detect)
builder.add_node(retrieve)
builder.add_node(translate)
builder.add_node(answer)
builder.add_node(trust)
builder.add_node(enforce)
builder.add_node(compose)

builder.add_edge(START, "detect")
builder.add_edge("detect", "retrieve")
builder.add_edge("retrieve", "translate")
builder.add_conditional_edges("translate", after_translate)
builder.add_edge("answer", "trust")
builder.add_edge("trust", "enforce")
builder.add_edge("enforce", "compose")
builder.add_edge("compose", END)

graph = builder.compile(name="translate")
