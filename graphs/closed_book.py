"""No evidence: what the model knows by itself, in the reader's language, and said to be that.

START > detect > recall > trust > enforce > compose > END
"""

from langgraph.graph import END, START, StateGraph

from xagent.context import Context
from xagent.nodes.compose import compose
from xagent.nodes.detect import detect
from xagent.nodes.enforce import enforce
from xagent.nodes.recall import recall
from xagent.nodes.trust import trust
from xagent.state import Input, State

builder = StateGraph(State, context_schema=Context, input_schema=Input)

builder.add_node(detect)
builder.add_node(recall)
builder.add_node(trust)
builder.add_node(enforce)
builder.add_node(compose)

builder.add_edge(START, "detect")
builder.add_edge("detect", "recall")
builder.add_edge("recall", "trust")
builder.add_edge("trust", "enforce")
builder.add_edge("enforce", "compose")
builder.add_edge("compose", END)

graph = builder.compile(name="closed_book")
