"""How close does a run come to what its model could serve, and what does a kill cost it?

    python benchmarks/eval_throughput.py [--graph closed_book] [--samples 1000] [--at-once 32] [--processes 0]
        [--kills 10]

The sample's questions, again and again under ids of their own, are asked of a fake model that takes 0.2 s for
a reply, in a process of its own. Once without a break; then with SIGKILLs at random moments, each time taken
up again. The last line is JSON:

- samples_per_second, once it is under way; ideal: requests at once, over 0.2 s a call and the calls that a
  sample takes; ratio: the one over the other.
- cpu_ms_per_call: processor time of the processes that ask, with all that is around the call; cores_used: how
  much processor time a second they got, which says whether the machine had any to spare.
- lost_after_kill: answers that were on disk when a process was killed, and are not at the end; asked_twice:
  answers beyond one a sample.
- reports_identical: whether `scores.json` is byte for byte that of the run without a break.
- memory_start_mib, memory_end_mib: resident in all of them, after 100 answers and after the last;
  memory_scored_mib: when the figures have been worked out.

`--profile` shows, by package, where the time of the thread that asks goes; it takes several times as long.
"""

import argparse
import cProfile
import json
import multiprocessing
import os
import pstats
import random
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from importlib.resources import files
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeAlias

from xagent.evaluation.figures import cost
from xagent.evaluation.journal import places
from xagent.evaluation.records import Record
from xagent.evaluation.runner import Plan, run
from xagent.evaluation.samples import Document, Sample, Suite
from xagent.evaluation.scorers.correctness import correct
from xagent.evaluation.scorers.language import right_language
from xagent.testing import ModelServer

DELAY = 0.2  # seconds that a reply takes
SAMPLE = Path(str(files("xagent"))) / "sample"

Pipe: TypeAlias = "Connection[object, object]"


def serve(pipe: Pipe) -> None:
    """The model, until it is told to stop; it does not keep what it was asked."""
    with ModelServer(delay=DELAY) as server:
        server.letters = 10_000  # a reply in one piece: the fake's own work is to take little
        pipe.send(server.url)
        while not pipe.poll(1.0):
            del server.requests[:-64]


@contextmanager
def served() -> Iterator[str]:
    """The URL of such a model."""
    spawning = multiprocessing.get_context("spawn")
    here, there = spawning.Pipe()
    process = spawning.Process(target=serve, args=(there,), daemon=True)
    process.start()
    yield str(here.recv())
    here.send(None)
    process.join()


def texts(_: Path, __: str) -> Iterator[Document]:
    for path in sorted((SAMPLE / "texts").rglob("*.md")):
        yield Document(id=path.relative_to(SAMPLE / "texts").as_posix(), text=path.read_text("utf-8"))


def suite(count: int) -> Suite:
    """So many samples."""
    rows = [json.loads(line) for line in (SAMPLE / "questions.jsonl").read_text("utf-8").splitlines()]

    def load(_: Path, __: str) -> Iterator[Sample]:
        for n in range(count):
            row = rows[n % len(rows)]
            yield Sample(
                id=f"{n}", question=row["question"], language=row["language"], answers=tuple(row["answers"])
            )

    scorers = {"correct": correct, "right_language": right_language}
    return Suite("throughput", load, scorers, ("correct", "right_language"), corpus=texts, data=SAMPLE)


@dataclass(frozen=True)
class Job:
    """One process's run, and where it tells how it went."""

    url: str
    graph: str
    samples: int
    at_once: int
    processes: int
    folder: Path
    told: Path
    profile: bool = False


class Clock:
    """Takes note of when answers came and how much memory there was."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.memory: list[float] = []
        self.cpu: list[float] = []

    def note(self, record: Record) -> None:
        """An answer came."""
        self.times.append(time.perf_counter())
        self.cpu.append(processor_seconds())
        if len(self.times) % 100 == 0:
            self.memory.append(resident())
        assert record.answer, record.error

    @contextmanager
    def watch(self, suite: Suite, total: int, done: int) -> Iterator[Callable[[Record], None]]:
        """What a run is watched by."""
        del suite, total, done
        yield self.note


def stats(name: str) -> list[list[str]]:
    """What the system says of this process and of those that it started."""
    pids = [os.getpid(), *(child.pid for child in multiprocessing.active_children())]
    return [Path(f"/proc/{pid}/{name}").read_text("ascii").rpartition(")")[2].split() for pid in pids]


def resident() -> float:
    """MiB in memory."""
    return sum(int(one[1]) for one in stats("statm")) * resource.getpagesize() / 2**20


def processor_seconds() -> float:
    """What has been used of the processor."""
    return sum(int(one[11]) + int(one[12]) for one in stats("stat")) / os.sysconf("SC_CLK_TCK")


def ask(job: Job) -> None:
    """Run it, and tell how it went."""
    clock = Clock()
    plan = Plan(
        "throughput",
        graph=job.graph,
        model_url=job.url,
        concurrency=job.at_once,
        processes=job.processes,
        out=job.folder,
        model="fake",
    )
    watch: Callable[[Suite, int, int], AbstractContextManager[Callable[[Record], None]]] = clock.watch
    profile = cProfile.Profile()
    if job.profile:
        profile.enable()
    outcome = run(suite(job.samples), plan, watch)
    profile.disable()
    if job.profile:
        show(profile)
    if len(clock.times) < 2:  # all had been answered before it was killed
        job.told.write_text("{}", "utf-8")
        return
    first = min(job.at_once, len(clock.times) // 2)  # answers that came while it was getting under way
    seconds, cpu = clock.times[-1] - clock.times[first - 1], clock.cpu[-1] - clock.cpu[first - 1]
    count, calls = len(clock.times) - first, cost(outcome.records).calls
    ideal = job.at_once / DELAY / calls
    figures = {
        "graph": job.graph,
        "calls_per_sample": round(calls, 3),
        "samples_per_second": round(count / seconds, 2),
        "ideal": round(ideal, 2),
        "ratio": round(count / seconds / ideal, 3),
        "cpu_ms_per_call": round(1000 * cpu / count / calls, 2),
        "cores_used": round(cpu / seconds, 2),
        "memory_start_mib": round(clock.memory[0]) if clock.memory else 0,
        "memory_end_mib": round(clock.memory[-1]) if clock.memory else 0,
        "memory_scored_mib": round(resident()),
    }
    job.told.write_text(json.dumps(figures), "utf-8")


def show(profile: cProfile.Profile) -> None:
    """The share of the time of each package, waiting apart."""
    stats = pstats.Stats(profile)
    spent: Counter[str] = Counter()
    for (file, _, name), (_, _, own, _, _) in stats.stats.items():  # type: ignore[attr-defined]
        spent[package(file, name)] += own
    total = sum(spent.values()) - spent["(waiting)"]
    for name, seconds in spent.most_common(22):
        print(f"{name:28} {seconds:8.2f} s {100 * seconds / total:6.1f} %")
    stats.sort_stats("tottime").print_stats(22)


def package(file: str, name: str) -> str:
    if "select.epoll" in name or "lock" in name:
        return "(waiting)"
    if "site-packages/" in file:
        return file.partition("site-packages/")[2].partition("/")[0]
    if "xagent/" in file:
        return "xagent"
    return f"python: {name}" if file == "~" else f"python: {Path(file).stem}"


def process(job: Job) -> multiprocessing.process.BaseProcess:
    return multiprocessing.get_context("spawn").Process(target=ask, args=(job,))


def whole(job: Job) -> dict[str, object]:
    """Without a break."""
    running = process(job)
    running.start()
    running.join()
    assert running.exitcode == 0, "the run failed"
    found: dict[str, object] = json.loads(job.told.read_text("utf-8"))
    return found


def killed(job: Job, kills: int, seed: int) -> dict[str, object]:
    """Killed so often, and taken up again each time."""
    chance = random.Random(seed)
    samples = job.folder / "samples.jsonl"
    on_disk: set[str] = set()
    for n in range(kills):
        running = process(job)
        running.start()
        target = job.samples * (n + chance.random()) / kills
        while running.is_alive() and lines(samples) < target:
            time.sleep(chance.uniform(0.001, 0.02))
        os.kill(running.pid or 0, signal.SIGKILL)
        running.join()
        on_disk |= set(places(samples))
    whole(job)
    kept = places(samples)
    again = sum(1 for _ in samples.open("rb")) - len(kept)
    return {"kills": kills, "lost_after_kill": len(on_disk - set(kept)), "asked_twice": again}


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--graph", default="closed_book")
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=32)
    parser.add_argument("--processes", type=int, default=0, help="that ask; 0: as xagent decides")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, served() as url:
        folder = Path(name)
        job = Job(
            url, asked.graph, asked.samples, asked.at_once, 1 if asked.profile else asked.processes,
            folder / "whole", folder / "told", asked.profile,
        )  # fmt: skip
        if asked.profile:
            ask(job)
            sys.exit()
        figures = whole(job)
        if asked.kills:
            broken = replace(job, folder=folder / "killed", told=folder / "told2")
            figures |= killed(broken, asked.kills, asked.seed)
            reports = [(folder / one / "scores.json").read_bytes() for one in ("whole", "killed")]
            figures["reports_identical"] = reports[0] == reports[1]
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
