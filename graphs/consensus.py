"""Several languages to reason in, one vote each: what most agree on is verified and said.

START > detect > contextualize > bridge > retrieve > rerank > vote > verify > enforce > compose > END

The method is cross-lingual self-consistency (Qin et al. 2023, arXiv 2310.14799). A vote costs a call: the
budget decides how many voters there are.
"""

from langgraph.graph import END, START, StateGraph

from xagent.context import Context
from xagent.nodes.bridge import bridge
from xagent.nodes.compose import compose
from xagent.nodes.contextualize import contextualize
from xagent.nodes.detect import detect
from xagent.nodes.enforce import enforce
from xagent.nodes.rerank import rerank
from xagent.nodes.retrieve import retrieve
from xagent.nodes.verify import verify
from xagent.nodes.vote import vote
from xagent.state import Input, State

builder = StateGraph(State, context_schema=Context, input_schema=Input)

builder.add_node(detect)
builder.add_node(contextualize)
builder.add_node(bridge)
builder.add_node(retrieve)
builder.add_node(rerank)
builder.add_node(vote)
builder.add_node(verify)
builder.add_node(enforce)
builder.add_node(compose)

builder.add_edge(START, "detect")
builder.add_edge("detect", "contextualize")
builder.add_edge("contextualize", "bridge")
builder.add_edge("bridge", "retrieve")
builder.add_edge("retrieve", "rerank")
builder.add_edge("rerank", "vote")
builder.add_edge("vote", "verify")
builder.add_edge("verify", "enforce")
builder.add_edge("enforce", "compose")
builder.add_edge("compose", END)

graph = builder.compile(name="consensus")
