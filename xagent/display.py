"""Answers, hits and reports as people read them; every text goes through `terminal.clean`."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from xagent.languages import Language, language
from xagent.terminal import clean, console, is_terminal, isolated, one_line

if TYPE_CHECKING:
    from rich.table import Table

    from xagent.agent import Event
    from xagent.answer import Answer, AnswerCitation
    from xagent.doctor import Health, Server
    from xagent.events import Stage, Started, Statement
    from xagent.ingest import IngestProgress, IngestReport
    from xagent.lexicon.check import Examined
    from xagent.retrieval import Found, Hit


def set_apart(text: str) -> str:
    """Isolated for a terminal, where runs in several directions meet; as it is for a pipe."""
    return isolated(text) if is_terminal() else text


def show_events(events: "Iterable[Event]", language: str = "", *, trace: bool | None = None) -> "Answer":
    """Draw an answer as it comes into being, and return it.

    Steps and drafts go to standard error, steps where somebody watches or `trace` says so. The answer with
    its sources goes to standard output, where there are no steps statement by statement as soon as they
    stand. `language` is what was asked for: it may name a script.
    """
    from xagent.answer import Answer

    shown = ""
    for event in events:
        if isinstance(event, Answer):
            show_answer(event, language, after=shown)
            return event
        shown += _shown(event, sys.stderr.isatty() if trace is None else trace)
    raise AssertionError("a stream ends with an answer")


def _shown(event: "Started | Stage | Statement", trace: bool) -> str:
    """What of the answer's text an event has put on the screen."""
    from xagent.events import Stage, Statement
    from xagent.trace import described

    errors = console(stderr=True)
    if isinstance(event, Stage) and trace:
        errors.print(described(event), style="dim", soft_wrap=True)
    if not isinstance(event, Statement) or (trace and event.verified):
        return ""  # in the midst of steps a statement would be hard to read: it comes with the answer
    if event.verified:
        console().print(event.text, end="", soft_wrap=True)
        sys.stdout.flush()
        return event.text
    errors.print(f"draft: {one_line(event.text)}", style="dim", soft_wrap=True)
    return ""


def show_answer(answer: "Answer", language: str = "", after: str = "") -> None:
    """The text, or what of it comes `after` what is on the screen already, then its sources with numbers."""
    screen = console()
    screen.print(clean(answer.text.removeprefix(after)), soft_wrap=True)
    if answer.citations:
        show_sources(answer, language)


def show_sources(answer: "Answer", language: str = "") -> None:
    """The sources with their numbers, languages and places; with what they say, where the text does not."""
    from xagent.messages import chosen_script, voice

    screen = console()
    speaker = voice(answer.language, chosen_script(language, answer.question_language.script))
    screen.print(f"\n{speaker.say('sources')}", style="bold")
    for citation in answer.citations:
        name = speaker.language_name(citation.language)
        mark = speaker.say("verified" if citation.verified else "unverified")
        screen.print(_source(citation, name, mark), style="dim", soft_wrap=True)
        quote = one_line(citation.quote)
        if quote not in answer.text:
            screen.print(f"    {set_apart(f'“{quote}”')}", style="dim", soft_wrap=True)


def _source(citation: "AnswerCitation", language_name: str, mark: str) -> str:
    title, source = set_apart(one_line(citation.title)), set_apart(one_line(citation.source))
    return f"[{citation.n}] {title} · {language_name} · {source} · {citation.start}-{citation.end} · {mark}"


def show_hits(found: "Found", *, explain: bool = False) -> None:
    """A numbered passage each, with its scores and why it was found; how all came about, if wanted."""
    from xagent.explain import show_course, show_reasons

    screen = console()
    for n, hit in enumerate(found, start=1):
        passage = hit.passage
        screen.print(
            f"{n}. {set_apart(one_line(passage.title))} · {passage.language} · "
            f"{set_apart(one_line(passage.source))} · {passage.start}-{passage.end}",
            style="bold",
            soft_wrap=True,
        )
        screen.print(f"   {_why(hit)}", style="dim", soft_wrap=True)
        screen.print(f"   {set_apart(_shortened(one_line(passage.text)))}", soft_wrap=True)
        if explain:
            show_reasons(hit, found.queries)
    if explain:
        show_course(found)


def _why(hit: "Hit") -> str:
    ranks = [
        f"{engine} rank {rank}"
        for engine, rank in (("text", hit.lexical_rank), ("vector", hit.dense_rank))
        if rank is not None
    ]
    return f"score {hit.score:.4f} ({', '.join(ranks)}; covers {hit.coverage:.0%} of the question)"


def _shortened(text: str, length: int = 300) -> str:
    return text if len(text) <= length else f"{text[:length].rstrip()} …"


def language_table(counts: dict[str, tuple[int, int]]) -> "Table":
    """Passages and documents by language."""
    from rich.table import Table

    table = Table("language", "", "passages", "documents", box=None, pad_edge=False)
    for column in (2, 3):
        table.columns[column].justify = "right"
    for code, (passages, documents) in counts.items():
        table.add_row(code, _called(code), f"{passages:,}", f"{documents:,}")
    return table


def _called(code: str) -> str:
    if code == "und":
        return "not recognised"
    known = language(code)
    return known.name if known.name == known.autonym else f"{known.name} ({set_apart(known.autonym)})"


def show_report(report: "IngestReport") -> None:
    """What was added, by language; what was passed over; what failed and why."""
    screen = console()
    if report.passages:
        counts = {code: (n, report.documents[code]) for code, n in report.passages.most_common()}
        screen.print(language_table(counts))
    screen.print(
        f"{report.read:,} read, {report.unchanged:,} unchanged, {len(report.dropped):,} dropped, "
        f"{report.skipped:,} of other kinds, {len(report.failed):,} failed",
        soft_wrap=True,
    )
    if report.questions:
        screen.print(f"{report.questions:,} questions written to find passages by")
    errors = console(stderr=True)
    for note in report.notes:
        errors.print(f"note: {one_line(note)}", soft_wrap=True)
    for name, reason in report.failed.items():
        errors.print(f"not read: {one_line(name)}: {one_line(reason)}", soft_wrap=True)


def known_table(known: "Iterable[Language]") -> "Table":
    """Every language that has a name here."""
    from rich.table import Table

    table = Table("code", "language", "in itself", box=None, pad_edge=False)
    for one in known:
        table.add_row(one.code, one.name, set_apart(one.autonym))
    return table


def show_lexicon(examined: "Examined") -> None:
    """What the lexicon has, language by language, and what is to be mended."""
    from rich.table import Table

    table = Table("code", "language", "concepts with words", box=None, pad_edge=False)
    for code, count in examined.coverage.items():
        table.add_row(code, _called(code), f"{count:,} of {examined.concepts:,}")
    screen = console()
    screen.print(table)
    for problem in examined.problems:
        screen.print(one_line(problem), soft_wrap=True)
    screen.print(f"{len(examined.problems):,} problems" if examined.problems else "sound", style="bold")


def show_health(health: "Health") -> None:
    """What the doctor found, and what to do about it."""
    screen = console()
    if health.repaired:
        screen.print("rebuilt both indexes from the text")
    lost = {"vector search": health.lost_vectors, "text search": health.lost_text}
    for engine, keys in lost.items():
        screen.print(f"{engine}: {health.passages - len(keys):,} of {health.passages:,} passages found")
    if health.unfinished:
        screen.print(
            f"{health.unfinished:,} passages of an interrupted ingest: the next ingest completes them"
        )
    for problem in health.problems:
        screen.print(one_line(problem), soft_wrap=True)
    for note in health.notes:
        screen.print(f"note: {one_line(note)}", soft_wrap=True)
    screen.print("sound" if health.sound else "not sound: run `xagent doctor --repair`", style="bold")


def show_server(server: "Server") -> None:
    """What the server of the language model can do, a line each."""
    screen = console()
    screen.print(f"{server.url}  {one_line(server.model)}".rstrip(), style="bold", soft_wrap=True)
    if server.can is None:
        screen.print(one_line(server.problem), soft_wrap=True)
        return
    can = server.can
    rows = {
        "server": can.server,
        "context length": f"{can.context_length:,} tokens" if can.context_length else "",
        "structured output": can.structured,
        "language-guided decoding": "xagent's plug-in" if can.guided else "",
        "script patterns, for repairs": "yes" if can.patterns else "",
        "/v1/decisions": "yes" if can.decisions else "",
        "/v1/embeddings": "yes" if can.embeddings else "",
        "/v1/rerank": "yes" if can.rerank else "",
    }
    for what, found in rows.items():
        screen.print(f"  {what:<30}{one_line(found) or 'not found: done without'}", soft_wrap=True)


@contextmanager
def ingest_bar(hidden: bool = False) -> "Iterator[Callable[[IngestProgress], None]]":
    """A progress bar on standard error, by bytes read; nothing where nobody watches."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    screen = console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen, transient=True, disable=hidden or not screen.is_terminal) as bar:
        task = bar.add_task("reading", total=None)

        def move(state: "IngestProgress") -> None:
            bar.update(task, completed=state.done, total=state.total, description=one_line(state.file)[-40:])

        yield move
