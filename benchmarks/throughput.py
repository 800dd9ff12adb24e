"""How many questions a second does xagent ask of a server, beside a client that only sends the same messages?

    python -m tests.serving vllm --port 8211 &       # a small English model on the CPU; up in a minute
    python benchmarks/throughput.py --base-url http://127.0.0.1:8211/v1

The graph `qa` answers questions of the sample from a store of its texts, 32 at once. Then the requests it
sent are sent again, each question's one after the other, 32 questions at once, by OpenAI's own client with
nothing around it: same bodies, streamed. Both have gone over all questions once before, so that the server
has every prompt in its cache for both. Rounds are taken in turn; the figures are of the medians of their
seconds. Replies are cut off after `--max-tokens`: so small a model would write on for minutes. The last line
is JSON:

- questions_per_second, raw_questions_per_second, ratio: of xagent, of the client alone, and the one by the
  other.
- calls: requests a question took.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from statistics import median

import openai
from langchain_core.messages import BaseMessage

import xagent.model
from xagent.agent import Agent
from xagent.budget import Budget
from xagent.endpoints import served_models
from xagent.evaluation.samples import Suite
from xagent.model import Model
from xagent.registry import load

AT_ONCE = 32
ROUNDS = 3
PASSAGES = 3
"""Passages that the model reads: the small model of the example has room for 4,096 tokens."""

Sent = tuple[list[dict[str, str]], dict[str, object]]
"""Messages, and what else was in the body."""

_ROLES = {"system": "system", "human": "user", "ai": "assistant"}
_question: ContextVar[str] = ContextVar("question")


class RecordingModel(Model):
    """A model that keeps what was sent for each question."""

    sent: defaultdict[str, list[Sent]]

    async def _once(
        self,
        step: str,
        messages: list[BaseMessage],
        body: Mapping[str, object],
        budget: Budget,
        progress: Callable[[str], None],
    ) -> str:
        said = [{"role": _ROLES[one.type], "content": str(one.content)} for one in messages]
        self.sent[_question.get()].append((said, dict(body)))
        return await super()._once(step, messages, body, budget, progress)


async def at_once(questions: Sequence[str], do: Callable[[str], Awaitable[None]]) -> float:
    """Seconds for all of them, so many at a time."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(question: str) -> None:
        async with places:
            await do(question)

    began = time.perf_counter()
    await asyncio.gather(*(one(question) for question in questions))
    return time.perf_counter() - began


async def ask(agent: Agent, question: str) -> None:
    """Ask through xagent. Raises ModelError where the server fails: that is no rate."""
    _question.set(question)
    await agent.aask(question)


async def send(client: openai.AsyncOpenAI, model: RecordingModel, sent: Sequence[Sent]) -> None:
    """Send the requests of one question again."""
    for messages, body in sent:
        stream = await client.chat.completions.create(  # type: ignore[call-overload]
            model=model.name,
            messages=messages,
            stream=True,
            stream_options={"include_usage": True},
            temperature=0,
            seed=7,
            extra_body={**body, "max_completion_tokens": xagent.model.MAX_TOKENS},
        )
        async for _ in stream:
            pass


@asynccontextmanager
async def recording(agent: Agent, url: str, key: str) -> AsyncIterator[RecordingModel]:
    """The agent with a model that keeps what it is sent."""
    model = RecordingModel(url, served_models(url, key)[0], key)
    model.sent = defaultdict(list)
    agent.context.__dict__["model"] = model
    yield model


async def measure(agent: Agent, questions: Sequence[str], url: str, key: str) -> dict[str, float]:
    """The figures."""
    agent.context.max_passages, agent.context.max_seconds = PASSAGES, 600.0
    async with (
        recording(agent, url, key) as model,
        openai.AsyncOpenAI(base_url=url, api_key=key or "none", timeout=600) as client,
    ):
        await at_once(questions, lambda question: ask(agent, question))
        sent = {question: tuple(model.sent[question]) for question in questions}
        await at_once(questions, lambda question: send(client, model, sent[question]))
        ours, raw = [], []
        for _ in range(ROUNDS):
            ours.append(await at_once(questions, lambda question: ask(agent, question)))
            raw.append(await at_once(questions, lambda question: send(client, model, sent[question])))
            print(f"seconds: xagent {ours[-1]:.2f}, client alone {raw[-1]:.2f}")
    calls = sum(map(len, sent.values()))
    return {
        "questions_per_second": round(len(questions) / median(ours), 3),
        "raw_questions_per_second": round(len(questions) / median(raw), 3),
        "ratio": round(median(raw) / median(ours), 4),
        "calls": round(calls / len(questions), 3),
    }


def main() -> None:
    """Measure, and print the seconds of each round and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--base-url", required=True, help="of a model server, ending in /v1")
    parser.add_argument("--key", default="")
    parser.add_argument("--questions", type=int, default=AT_ONCE)
    parser.add_argument("--max-tokens", type=int, default=120, help="of one reply")
    given = parser.parse_args()
    xagent.model.MAX_TOKENS = given.max_tokens
    suite: Suite = load("evals", "sample").suite
    assert suite.data is not None
    questions = [sample.question for sample in suite.load(suite.data, "")][: given.questions]
    with (
        tempfile.TemporaryDirectory() as folder,
        Agent(Path(folder) / "store", "qa", bridge="never") as agent,
    ):
        agent.ingest([suite.data / "texts"], root=suite.data / "texts")
        print(json.dumps(asyncio.run(measure(agent, questions, given.base_url, given.key))))


if __name__ == "__main__":
    main()
