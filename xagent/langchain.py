"""xagent in programs made with LangChain: a retriever, a tool and a runnable over one agent."""

from collections.abc import Collection, Iterator
from contextlib import aclosing, contextmanager
from typing import TypedDict

from langchain_core.callbacks import (
    CallbackManagerForRetrieverRun,
    adispatch_custom_event,
    dispatch_custom_event,
)
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from pydantic import BaseModel, Field

from xagent.agent import Agent
from xagent.answer import Answer, AnswerCitation
from xagent.errors import EmptyQuestion, QuestionTooLong, UnknownLanguage
from xagent.evidence_settings import evidence_setting
from xagent.languages import language as known_language
from xagent.messages import chosen_script, voice
from xagent.retrieval import Hit
from xagent.terminal import one_line

DESCRIPTION = (
    "Answers a question from the documents, whatever languages they are written in. Ask one whole question "
    "that stands alone, in any language. The answer cites its sources by number, or says that the documents "
    "do not answer."
)
"""What the calling model is told of the tool."""

# What the calling model can put right by calling again; anything else is for the people who run it.
_ITS_OWN = (EmptyQuestion, QuestionTooLong, UnknownLanguage)


class ToolArguments(BaseModel):
    """What the calling model fills in."""

    question: str = Field(description="The question, in any language.")
    language: str = Field(
        default="",
        description="The language to answer in, by its code or name; leave empty for the question's own.",
    )


class DocumentRetriever(BaseRetriever):
    """The passages that `Agent.search` finds, as LangChain's documents; asyncio gets them from a thread.

    Raises as `Agent.search` does.
    """

    agent: Agent = Field(repr=False)
    k: int = 10
    languages: tuple[str, ...] = ()

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - LangChain passes it
    ) -> list[Document]:
        return [_document(hit) for hit in self.agent.search(query, k=self.k, languages=self.languages)]


def _document(hit: Hit) -> Document:
    passage = hit.passage
    return Document(
        id=passage.id,
        page_content=passage.text,
        metadata={
            "source": passage.source,
            "title": passage.title,
            "language": passage.language,
            "start": passage.start,
            "end": passage.end,
            "score": hit.score,
        },
    )


def retriever(agent: Agent, k: int, languages: str | Collection[str]) -> BaseRetriever:
    """See `Agent.as_retriever`."""
    return DocumentRetriever(agent=agent, k=k, languages=evidence_setting(languages))


def tool(agent: Agent, name: str, description: str, default: str) -> BaseTool:
    """See `Agent.as_tool`; `default` is the language of answers when the calling model names none."""
    if default:
        known_language(default)

    def ask(question: str, language: str) -> tuple[str, Answer]:
        with _correctable():
            return _with_artifact(agent.ask(question, language=language or default), language or default)

    async def aask(question: str, language: str) -> tuple[str, Answer]:
        with _correctable():
            answer = await agent.aask(question, language=language or default)
            return _with_artifact(answer, language or default)

    return StructuredTool.from_function(
        ask,
        aask,
        name=name,
        description=description or DESCRIPTION,
        args_schema=ToolArguments,
        response_format="content_and_artifact",
        handle_tool_error=True,
    )


@contextmanager
def _correctable() -> Iterator[None]:
    try:
        yield
    except _ITS_OWN as error:
        raise ToolException(str(error)) from error


def _with_artifact(answer: Answer, language: str) -> tuple[str, Answer]:
    """The answer as the calling model reads it, and as the program gets it."""
    if not answer.citations:
        return answer.text, answer
    speaker = voice(answer.language, chosen_script(language, answer.question_language.script))
    sources = map(_source, answer.citations)
    return "\n".join([answer.text, "", speaker.say("sources"), *sources]), answer


def _source(citation: AnswerCitation) -> str:
    title, source = one_line(citation.title), one_line(citation.source)
    return f"[{citation.n}] {title} · {citation.language} · {source} · {citation.start}-{citation.end}"


def runnable(agent: Agent) -> Runnable[str | dict[str, str], Answer]:
    """See `Agent.as_runnable`."""

    def ask(asked: str | dict[str, str], config: RunnableConfig) -> Answer:
        for event in agent.stream(**_arguments(asked, config)):
            if isinstance(event, Answer):
                return event
            dispatch_custom_event(type(event).__name__, event, config=config)
        raise AssertionError("a stream ends with an answer")

    async def aask(asked: str | dict[str, str], config: RunnableConfig) -> Answer:
        stream = agent.astream(**_arguments(asked, config))
        async with aclosing(stream) as events:  # type: ignore[type-var]
            async for event in events:
                if isinstance(event, Answer):
                    return event
                await adispatch_custom_event(type(event).__name__, event, config=config)
        raise AssertionError("a stream ends with an answer")

    return RunnableLambda(ask, aask, name="xagent")


class _Arguments(TypedDict):
    question: str
    language: str
    conversation: str


def _arguments(asked: str | dict[str, str], config: RunnableConfig) -> _Arguments:
    given = {"question": asked} if isinstance(asked, str) else asked
    conversation = config.get("configurable", {}).get("thread_id") or ""
    return {
        "question": given.get("question", ""),
        "language": given.get("language", ""),
        "conversation": str(conversation),
    }
