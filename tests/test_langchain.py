"""xagent in other people's programs: LangChain's retrievers, tools and chains, and a node of their graphs."""

import threading
from collections.abc import Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import (
    Runnable,
    RunnableConfig,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
)
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from pydantic import Field

from xagent.agent import Agent
from xagent.answer import Answer
from xagent.context import Context
from xagent.errors import EmptyQuestion, StoreMissing, UnknownLanguage
from xagent.events import Stage, Started
from xagent.messages import voice
from xagent.registry import load, load_graph
from xagent.state import Citation
from xagent.testing import ModelServer, agent_over

LIGHTHOUSE = "The Varnholm lighthouse was built in 1874 by the engineer Ida Brandt."
KLOSTER = "Das Kloster Quellingen wurde im Jahr 1203 von Abt Konrad gegründet."
PORT = "بُني ميناء رأس الغزال عام 1921 على يد المهندسة سلمى الحداد."
DARAJA = "Daraja la Mtoni lilijengwa mwaka 1965 na mhandisi Juma Bakari."
TEMPLE = "วัดป่าสนทองสร้างโดยช่างไม้ชื่อบุญมี"
DOCUMENTS = {
    "lighthouse.md": f"# The Varnholm lighthouse\n\n{LIGHTHOUSE}\n",
    "kloster.md": f"# Das Kloster Quellingen\n\n{KLOSTER}\n",
    "port.md": f"# ميناء رأس الغزال\n\n{PORT}\n",
    "daraja.md": f"# Daraja la Mtoni\n\n{DARAJA}\n",
    "temple.md": f"# วัดป่าสนทอง\n\n{TEMPLE}\n",
}
WHEN = "When was the Varnholm lighthouse built by the engineer Ida Brandt?"
QUESTIONS = {
    "en": (WHEN, LIGHTHOUSE),
    "de": ("Wann wurde das Kloster Quellingen von Abt Konrad gegründet?", KLOSTER),
    "ar": ("متى بُني ميناء رأس الغزال على يد المهندسة سلمى الحداد؟", PORT),
    "sw": ("Daraja la Mtoni lilijengwa mwaka gani na mhandisi Juma Bakari?", DARAJA),
    "th": ("วัดป่าสนทองสร้างโดยช่างไม้ชื่ออะไร", TEMPLE),
}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_over(tmp_path_factory.mktemp("langchain"), DOCUMENTS) as made:
        yield made


# The retriever


@pytest.mark.parametrize("code", QUESTIONS)
def test_the_retriever_gives_what_search_finds(agent: Agent, code: str) -> None:
    question, sentence = QUESTIONS[code]
    found = agent.as_retriever(k=3).invoke(question)
    hits = agent.search(question, k=3).hits
    assert [document.id for document in found] == [hit.passage.id for hit in hits]
    assert found[0].page_content == hits[0].passage.text
    assert sentence in found[0].page_content
    passage = hits[0].passage
    assert found[0].metadata == {
        "source": passage.source,
        "title": passage.title,
        "language": code,
        "start": passage.start,
        "end": passage.end,
        "score": hits[0].score,
    }


def test_the_retriever_keeps_to_its_languages_and_number(agent: Agent) -> None:
    assert len(agent.as_retriever(k=2).invoke(WHEN)) == 2
    german = agent.as_retriever(languages=["Deutsch"]).invoke(WHEN)
    assert {document.metadata["language"] for document in german} == {"de"}
    with pytest.raises(UnknownLanguage, match="Klingon"):
        agent.as_retriever(languages=["Klingon"])


async def test_the_retriever_searches_beside_the_loop(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []

    def search(query: str, **choices: object) -> list[object]:
        threads.append(threading.current_thread())
        return []

    monkeypatch.setattr(agent, "search", search)
    assert await agent.as_retriever().ainvoke(WHEN) == []
    assert threads
    assert threading.current_thread() not in threads


async def test_the_retriever_in_a_chain(agent: Agent) -> None:
    def written(found: Sequence[Document]) -> str:
        return f"{found[0].metadata['title']}: {found[0].page_content}"

    retrieved = agent.as_retriever(k=1) | RunnableLambda(written)
    chain = RunnableParallel(context=retrieved, question=RunnablePassthrough())
    expected = {"context": f"The Varnholm lighthouse: {LIGHTHOUSE}", "question": WHEN}
    assert chain.invoke(WHEN) == expected
    assert await chain.ainvoke(WHEN) == expected


# The tool


class ScriptedChat(BaseChatModel):
    """Says what a test has written down, in order, and remembers what it was told."""

    replies: list[AIMessage]
    told: list[list[BaseMessage]] = Field(default_factory=list)
    tools: list[Any] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, messages: list[BaseMessage], *_: Any, **more: Any) -> ChatResult:
        self.told.append(messages)
        return ChatResult(generations=[ChatGeneration(message=self.replies[len(self.told) - 1])])

    def bind_tools(self, tools: Sequence[Any], **more: Any) -> Runnable[Any, AIMessage]:
        self.tools[:] = tools
        return self


def calling(**arguments: str) -> AIMessage:
    call = {"name": "ask_documents", "args": arguments, "id": "call", "type": "tool_call"}
    return AIMessage("", tool_calls=[call])


def heard(model: ScriptedChat) -> ToolMessage:
    """What the tool said last."""
    said = model.told[-1][-1]
    assert isinstance(said, ToolMessage)
    return said


def program(model: ScriptedChat, agent: Agent, saver: InMemorySaver | None = None) -> Any:
    """Somebody's agent whose only tool is ours."""
    return create_agent(model, [agent.as_tool()], checkpointer=saver)


def test_the_tool_tells_a_model_what_it_is_for(agent: Agent) -> None:
    tool = agent.as_tool()
    model = ScriptedChat(replies=[AIMessage("no need")])
    program(model, agent).invoke({"messages": "hello"})
    (shown,) = map(convert_to_openai_tool, model.tools)
    parameters = shown["function"]["parameters"]
    assert shown["function"]["name"] == tool.name == "ask_documents"
    assert shown["function"]["description"] == tool.description != ""
    assert parameters["required"] == ["question"]
    assert set(parameters["properties"]) == {"question", "language"}
    assert all(one["description"] for one in parameters["properties"].values())
    renamed = agent.as_tool(name="handbook", description="Knows the handbook.")
    assert (renamed.name, renamed.description) == ("handbook", "Knows the handbook.")
    with pytest.raises(UnknownLanguage, match="Klingon"):
        agent.as_tool(language="Klingon")


@pytest.mark.parametrize("code", QUESTIONS)
async def test_an_agent_of_langchain_asks_the_tool(agent: Agent, code: str) -> None:
    question, sentence = QUESTIONS[code]
    model = ScriptedChat(replies=[calling(question=question), AIMessage("so it is")])
    out = await program(model, agent).ainvoke({"messages": question})
    said = heard(model)
    assert out["messages"][-1].content == "so it is"
    assert said.status == "success"
    assert isinstance(said.artifact, Answer)
    assert (said.artifact.verdict, said.artifact.language) == ("answered", code)
    citation = said.artifact.citations[0]
    assert citation.quote == sentence
    sources = f"[1] {citation.title} · {code} · {citation.source} · {citation.start}-{citation.end}"
    assert said.content == f"{said.artifact.text}\n\n{voice(code).say('sources')}\n{sources}"


@pytest.mark.parametrize(
    ("default", "named", "expected"),
    [("", "", "en"), ("fr", "", "fr"), ("fr", "hi", "hi"), ("", "Türkçe", "tr")],
)
def test_the_language_that_the_tool_answers_in(agent: Agent, default: str, named: str, expected: str) -> None:
    arguments = {"question": WHEN} | ({"language": named} if named else {})
    said = agent.as_tool(language=default).invoke(calling(**arguments).tool_calls[0])
    assert said.artifact.language == expected
    assert voice(expected).say("sources") in said.content


def test_a_tool_that_finds_nothing_says_so_without_sources(agent: Agent) -> None:
    said = agent.as_tool().invoke(calling(question="Who won the Oslo chess cup?").tool_calls[0])
    assert (said.artifact.verdict, said.content) == ("abstained", voice("en").say("abstain"))


def test_a_model_is_told_what_it_did_wrong_and_goes_on(agent: Agent) -> None:
    model = ScriptedChat(
        replies=[
            calling(question=" ?"),
            calling(question=WHEN, language="Klingon"),
            calling(question="why " * 8000),
            calling(question=WHEN),
            AIMessage("1874"),
        ]
    )
    out = program(model, agent).invoke({"messages": "go"})
    said = [message for message in out["messages"] if isinstance(message, ToolMessage)]
    assert [message.status for message in said] == ["error", "error", "error", "success"]
    for word, message in zip(("empty", "Klingon", "31,999"), said[:3], strict=True):
        assert word in str(message.content)
    assert out["messages"][-1].content == "1874"


async def test_what_a_model_cannot_put_right_is_raised(tmp_path: Path) -> None:
    model = ScriptedChat(replies=[calling(question=WHEN), AIMessage("never said")])
    with Agent(tmp_path / "none", "quote") as agent:
        with pytest.raises(StoreMissing):
            program(model, agent).invoke({"messages": "go"})
        model.told.clear()
        with pytest.raises(StoreMissing):
            await program(model, agent).ainvoke({"messages": "go"})
    assert len(model.told) == 1


async def test_the_tool_in_an_agent_that_remembers(agent: Agent) -> None:
    """The answer is among the messages of later turns, an Answer or what one can be made of."""
    model = ScriptedChat(replies=[calling(question=WHEN), AIMessage("1874"), AIMessage("as I said")])
    remembering = program(model, agent, InMemorySaver())
    thread = RunnableConfig(configurable={"thread_id": "one"})
    await remembering.ainvoke({"messages": "When?"}, thread)
    out = await remembering.ainvoke({"messages": "Sure?"}, thread)
    (said,) = [message for message in out["messages"] if isinstance(message, ToolMessage)]
    assert Answer.model_validate(said.artifact).citations[0].quote == LIGHTHOUSE


# The runnable


@pytest.mark.parametrize("code", QUESTIONS)
async def test_the_runnable_in_a_chain(agent: Agent, code: str) -> None:
    question, sentence = QUESTIONS[code]
    chain = agent.as_runnable() | RunnableLambda(attrgetter("text"))
    text = agent.ask(question).text
    assert sentence in text
    assert chain.invoke(question) == text
    assert await chain.ainvoke({"question": question}) == text
    assert list(chain.stream(question)) == [text]
    assert [part async for part in chain.astream(question)] == [text]
    assert await chain.abatch([question, WHEN]) == [text, agent.ask(WHEN).text]
    assert chain.invoke({"question": question, "language": "fi"}) == agent.ask(question, language="fi").text


def test_a_runnable_without_a_question_says_so(agent: Agent) -> None:
    with pytest.raises(EmptyQuestion):
        agent.as_runnable().invoke({"query": WHEN})


class Listener(BaseCallbackHandler):
    """The custom events, as a program's tracing gets them."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, object]] = []

    def on_custom_event(self, name: str, data: Any, **more: Any) -> None:
        self.heard.append((name, data))


async def test_the_runnable_tells_what_happens(agent: Agent) -> None:
    steps = [event for event in agent.stream(WHEN) if isinstance(event, Started | Stage)]
    expected = [(type(step).__name__, step.node) for step in steps]
    listener = Listener()
    agent.as_runnable().invoke(WHEN, {"callbacks": [listener]})
    assert [
        (name, data.node) for name, data in listener.heard if isinstance(data, Started | Stage)
    ] == expected
    events: list[Any] = [event async for event in agent.as_runnable().astream_events(WHEN, version="v2")]
    custom = [event for event in events if event["event"] == "on_custom_event"]
    assert [(event["name"], event["data"].node) for event in custom] == expected
    nodes = {event["name"] for event in events if event["event"] == "on_chain_start"}
    assert {step.node for step in steps} <= nodes


async def test_the_thread_of_a_runnable_is_its_conversation(tmp_path: Path) -> None:
    with agent_over(tmp_path, DOCUMENTS) as agent:
        runnable = agent.as_runnable()
        runnable.invoke(WHEN, {"configurable": {"thread_id": "القراءة"}})
        await runnable.ainvoke(QUESTIONS["sw"][0], {"configurable": {"thread_id": "القراءة"}})
        await runnable.ainvoke(WHEN, {"configurable": {"thread_id": 7}})
        runnable.invoke(WHEN)
        assert sorted(agent.conversations()) == ["7", "القراءة"]
        assert [turn.language for turn in agent.turns("القراءة")] == ["en", "sw"]


# A node of somebody else's graph


class Letter(TypedDict, total=False):
    """The state of a program that shares some fields with xagent's."""

    question: str
    language: str
    text: str
    verdict: str
    citations: tuple[Citation, ...]
    reply: str


def signed(state: Letter) -> Letter:
    return {"reply": f"Dear reader, {state['text']} ({len(state['citations'])} source)"}


def outer(inner: Any, saver: InMemorySaver | None = None) -> CompiledStateGraph[Any, Any, Any, Any]:
    """A graph of two nodes, the first of which is a graph of xagent's."""
    builder = StateGraph(Letter, context_schema=Context)
    builder.add_node("ask", inner)
    builder.add_node("sign", signed)
    builder.add_edge(START, "ask")
    builder.add_edge("ask", "sign")
    builder.add_edge("sign", END)
    return builder.compile(checkpointer=saver)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as started:
        yield started


@pytest.fixture
def context(agent: Agent, server: ModelServer) -> Context:
    return Context(store=agent.context.store, model_url=server.url)


@pytest.mark.parametrize("code", QUESTIONS)
async def test_a_graph_is_a_node_of_another(context: Context, server: ModelServer, code: str) -> None:
    question, sentence = QUESTIONS[code]
    out = await outer(load_graph("qa")).ainvoke({"question": question}, context=context)
    assert out["reply"] == f"Dear reader, {sentence} [1] (1 source)"
    assert out["citations"][0].quote == sentence
    assert [request.language for request in server.requests if request.schema != "Entailment"] == [code]


async def test_the_steps_of_a_graph_within_another_are_streamed(context: Context) -> None:
    graph = outer(load_graph("qa"))
    modes: Any = ["updates", "custom", "messages"]
    parts = [
        part
        async for part in graph.astream(
            {"question": WHEN}, context=context, stream_mode=modes, subgraphs=True, version="v2"
        )
    ]
    nodes = [next(iter(part["data"])) for part in parts if part["type"] == "updates"]
    assert nodes[:5] == ["detect", "contextualize", "bridge", "retrieve", "rerank"]
    assert nodes[-3:] == ["compose", "ask", "sign"]
    assert [part["data"] for part in parts if part["type"] == "custom"] == [
        {"statement": f"{LIGHTHOUSE} [1]"}
    ]
    asked = {part["data"][1]["langgraph_node"] for part in parts if part["type"] == "messages"}
    assert asked == {"answer", "verify"}


async def test_a_graph_within_another_waits_for_a_person(context: Context, server: ModelServer) -> None:
    """What it had found by then comes back from the other's checkpoints as it was."""
    graph = outer(load("graphs", "qa").builder.compile(interrupt_before=["answer"]), InMemorySaver())
    thread = RunnableConfig(configurable={"thread_id": "one"})
    await graph.ainvoke({"question": WHEN}, thread, context=context)
    assert (await graph.aget_state(thread)).next == ("ask",)
    assert not server.requests
    out = await graph.ainvoke(None, thread, context=context)
    assert out["reply"] == f"Dear reader, {LIGHTHOUSE} [1] (1 source)"


async def test_a_graph_within_another_remembers_the_conversation(
    context: Context, server: ModelServer
) -> None:
    """`checkpointer=True` is LangGraph's for a node that keeps its state from run to run."""
    graph = outer(load("graphs", "qa").builder.compile(checkpointer=True), InMemorySaver())
    for thread in ("one", "one", "two"):
        config = RunnableConfig(configurable={"thread_id": thread})
        await graph.ainvoke({"question": WHEN}, config, context=context.but())
    asked = ["Draft", "Entailment"]
    assert [request.schema for request in server.requests] == [*asked, "Standalone", *asked, *asked]


async def test_an_agent_asked_from_a_node_leaves_the_others_checkpoints_alone(agent: Agent) -> None:
    async def ask(state: Letter) -> Letter:
        answer = await agent.aask(state["question"])
        return {"text": answer.text, "citations": ()}

    saver = InMemorySaver()
    thread = RunnableConfig(configurable={"thread_id": "one"})
    await outer(ask, saver).ainvoke({"question": WHEN}, thread, context=Context())
    assert list(saver.storage["one"]) == [""]


async def test_a_conversation_held_from_a_node_is_kept_in_the_store(tmp_path: Path) -> None:
    with agent_over(tmp_path, DOCUMENTS) as agent:

        async def ask(state: Letter) -> Letter:
            answer = await agent.aask(state["question"], conversation="theirs")
            return {"text": answer.text, "citations": ()}

        graph = outer(ask, InMemorySaver())
        for question, _ in (QUESTIONS["en"], QUESTIONS["sw"]):
            thread = RunnableConfig(configurable={"thread_id": "one"})
            await graph.ainvoke({"question": question}, thread, context=Context())
        assert [turn.language for turn in agent.turns("theirs")] == ["en", "sw"]
