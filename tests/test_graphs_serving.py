"""The graph `qa` on real servers, vLLM and llama.cpp's, with a small model: wiring, not quality."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.servers import Server
from xagent.agent import Agent
from xagent.answer import Answer
from xagent.events import Stage
from xagent.replies import Draft, Entailment, Restatement
from xagent.testing import agent_over

pytest_plugins = ["tests.serving.fixtures"]
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

LIGHTHOUSE = "The Varnholm lighthouse was built in 1874 by the engineer Ida Brandt."
DOCUMENTS = {
    "lighthouse.md": f"# The Varnholm lighthouse\n\n{LIGHTHOUSE} Its lamp burned whale oil until 1901.\n",
    "kloster.md": "# Das Kloster Quellingen\n\nDas Kloster wurde im Jahr 1203 von Abt Konrad gegründet.\n",
}
WHEN = "When was the Varnholm lighthouse built?"


@pytest.fixture
def agent(server: Server, tmp_path: Path) -> Iterator[Agent]:
    with agent_over(tmp_path, DOCUMENTS):
        pass
    with Agent(tmp_path / "store", "qa", model_url=server.base_url, max_calls=3, max_seconds=20) as made:
        yield made


def check(answer: Answer, server: Server) -> None:
    """What holds whatever the model says."""
    assert answer.verdict in ("answered", "partial", "abstained")
    assert answer.text
    assert answer.model == server.model
    assert 1 <= answer.usage.model_calls <= 3
    assert answer.usage.prompt_tokens > 500
    assert answer.usage.completion_tokens > 0
    for citation in answer.citations:
        text = DOCUMENTS[citation.source]
        assert text[citation.start : citation.end] == citation.quote


def test_a_conversation_in_two_languages(agent: Agent, server: Server) -> None:
    *events, first = agent.stream(WHEN, conversation="one")
    assert isinstance(first, Answer)
    check(first, server)
    steps = [event.node for event in events if isinstance(event, Stage)]
    assert steps[:5] == ["detect", "contextualize", "bridge", "retrieve", "rerank"]
    second = agent.ask("ومن الذي بناها؟", conversation="one")
    check(second, server)
    assert second.question_language.code == "ar"
    assert "model:contextualize" in second.timings
    assert [turn.question for turn in agent.turns("one")] == [WHEN, "ومن الذي بناها؟"]


async def test_replies_keep_to_their_schema(agent: Agent) -> None:
    """The server holds the model to it: read() then has nothing to mend."""
    context = agent.context.but(max_seconds=300)
    passage = f'<passage id="1" language="en">\n{LIGHTHOUSE}\n</passage>'
    asked = {"question": WHEN, "reasoning": "Write the claims.", "instruction": "In English."}
    texts: list[str] = []
    await context.ask("answer", Draft, {"passages": passage, **asked}, texts.append)
    statements = f'<statement id="1">{LIGHTHOUSE}</statement>'
    await context.ask("verify", Entailment, {"passages": passage, "statements": statements})
    await context.ask("enforce", Restatement, {"statements": statements, "instruction": "In English."})
    assert [call.step for call in context.budget.spent] == ["answer", "verify", "enforce"]
    assert len(texts) > 3, "it was not streamed"
