"""Does xagent keep an embedding server as busy as it can be? Passages a second, against the SDK alone.

    python benchmarks/embedding.py [--url URL --model NAME] [--passages N] [--delay SECONDS]

The same texts are embedded by xagent (templates, lengths, a cache to write to) and by the openai SDK, with
the same number of texts a request and of requests at once; turn about, each as often, and the best counts.
Without a URL the server is a fake in a process of its own, which takes `--delay` seconds a request.
"""

import argparse
import asyncio
import base64
import json
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from time import perf_counter

import numpy as np
import openai

from xagent.embeddings import Vectors
from xagent.endpoint_embedder import EndpointEmbedder
from xagent.testing import EmbeddingServer
from xagent.vector_cache import VectorCache

_SYLLABLES = ["ka", "мо", "風", "नि", "سل", "tü", "ro", "ไท", "be", "ni"]


class _Quick(EmbeddingServer):
    """As large vectors as bge-m3's, at no cost: it is the way there that is measured."""

    def answer(self, body: dict[str, object]) -> tuple[int, bytes]:
        time.sleep(self.delay)
        texts = body["input"]
        return 200, _reply(len(texts) if isinstance(texts, list) else 1)


@cache
def _reply(count: int) -> bytes:
    rows = np.random.default_rng(0).standard_normal((count, 1024), dtype=np.float32)
    encoded = [base64.b64encode(row.tobytes()).decode() for row in rows]
    data = [{"object": "embedding", "index": n, "embedding": row} for n, row in enumerate(encoded)]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return json.dumps({"object": "list", "model": "fake", "data": data, "usage": usage}).encode()


def _serve(delay: float, pipe: Connection) -> None:
    with _Quick(delay=delay) as server:
        pipe.send(server.url)
        pipe.recv()


@contextmanager
def fake_server(delay: float) -> Iterator[str]:
    """The URL of a fake server in another process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(delay, theirs), daemon=True)
    process.start()
    try:
        yield str(ours.recv())
    finally:
        ours.send("done")
        process.join(5)


def passages(count: int) -> list[str]:
    """Texts of some 700 characters, no two alike."""
    chance = Random(0)
    return [f"{n} " + " ".join(chance.choices(_SYLLABLES, k=230)) for n in range(count)]


def by_xagent(texts: list[str], options: argparse.Namespace, url: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        embedder = EndpointEmbedder(
            options.model, url, options.key, batch=options.batch, concurrency=options.concurrency
        )
        embedder.cache = VectorCache(Path(folder) / "embeddings.sqlite", options.model)
        embedder.embed_query("warm")
        begun = perf_counter()
        embedder.embed_passages(texts)
        seconds = perf_counter() - begun
        embedder.close()
    return len(texts) / seconds


async def directly(texts: list[str], options: argparse.Namespace, url: str) -> float:
    slots = asyncio.Semaphore(options.concurrency)
    async with openai.AsyncOpenAI(base_url=url, api_key=options.key) as client:

        async def ask(batch: list[str]) -> Vectors:
            async with slots:
                reply = await client.embeddings.create(model=options.model, input=batch)
            return np.array([item.embedding for item in reply.data], dtype=np.float32)

        await ask(["warm"])
        begun = perf_counter()
        batches = [texts[i : i + options.batch] for i in range(0, len(texts), options.batch)]
        np.concatenate(await asyncio.gather(*(ask(batch) for batch in batches)))
        return len(texts) / (perf_counter() - begun)


def run(options: argparse.Namespace, url: str) -> dict[str, float]:
    texts = passages(options.passages)
    ours, theirs = [], []
    for turn in range(options.turns):
        ours.append(by_xagent(texts, options, url))
        theirs.append(asyncio.run(directly(texts, options, url)))
        print(f"  turn {turn + 1}: {ours[-1]:,.0f} by xagent, {theirs[-1]:,.0f} directly", flush=True)
    return {
        "passages_per_second": round(max(ours), 1),
        "direct_per_second": round(max(theirs), 1),
        "share": round(max(ours) / max(theirs), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="", help="an OpenAI-compatible server, ending in /v1")
    parser.add_argument("--model", default="fake", help="the model's name there")
    parser.add_argument("--key", default="none", help="its API key")
    parser.add_argument("--passages", type=int, default=4096)
    parser.add_argument("--batch", type=int, default=64, help="texts a request")
    parser.add_argument("--concurrency", type=int, default=8, help="requests at once")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--delay", type=float, default=0.02, help="seconds a request takes the fake server")
    options = parser.parse_args()
    if options.url:
        print(json.dumps(run(options, options.url)))
        return
    with fake_server(options.delay) as url:
        print(json.dumps(run(options, url)))


if __name__ == "__main__":
    main()
