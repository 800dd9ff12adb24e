"""What people write first, to be measured against: retrieve, answer, stop. Nothing is checked.

START > detect > retrieve > answer > trust > compose > END
"""

from langgraph.graph import END, START, StateGraph

from xagent.context import Context
from xagent.nodes.answer import answer
from xagent.nodes.compose import compose
from xagent.nodes.detect import detect
from xagent.nodes.retrieve import retrieve
from xagent.nodes.trust import trust
from xagent.state import Input, State

builder = StateGraph(State, context_schema=Context, input_schema=Input)

builder.add_node(detect)
builder.add_node(retrieve)
builder.add_node(answer)
builder.add_node(trust)
builder.add_node(compose)

builder.add_edge(START, "detect")
builder.add_edge("detect", "retrieve")
builder.add_edge("retrieve", "answer")
builder.add_edge("answer", "trust")
builder.add_edge("trust", "compose")
builder.add_edge("compose", END)

graph = builder.compile(name="naive")
