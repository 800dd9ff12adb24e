"""No model: the sentences of the evidence that answer best, word for word, framed for the reader.

START > detect > retrieve > quote > verify > compose > END
"""

from langgraph.graph import END, START, StateGraph

from xagent.context import Context
from xagent.nodes.compose import compose
from xagent.nodes.detect import detect
from xagent.nodes.quote import quote
from xagent.nodes.retrieve import retrieve
from xagent.nodes.verify import verify
from xagent.state import Input, State

builder = StateGraph(State, context_schema=Context, input_schema=Input)

builder.add_node(detect)
builder.add_node(retrieve)
builder.add_node(quote)
builder.add_node(verify)
builder.add_node(compose)

builder.add_edge(START, "detect")
builder.add_edge("detect", "retrieve")
builder.add_edge("retrieve", "quote")
builder.add_edge("quote", "verify")
builder.add_edge("verify", "compose")
builder.add_edge("compose", END)

graph = builder.compile(name="quote")
