"""The commands. Exit codes: 0 done or answered, 3 abstained, 2 usage, 4 no vLLM, 130 Ctrl-C, 1 all else."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xagent import options
from xagent.errors import XagentError
from xagent.evaluation.command import evaluation, report_command
from xagent.lexicon.command import lexicon
from xagent.terminal import console, one_line, to_json
from xagent.vllm.command import vllm

if TYPE_CHECKING:
    from xagent.agent import Agent

app = typer.Typer(
    help="Ask in any language; answer from evidence in any other; every claim traced to its source.",
    epilog="Exit codes: 0 done or answered, 3 abstained, 2 wrong usage, 4 vLLM is not installed, "
    "130 interrupted, 1 anything else.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(lexicon, name="lexicon")
app.add_typer(vllm, name="vllm")
app.add_typer(evaluation, name="eval")
app.command("report")(report_command)

ABSTAINED = 3


def main() -> None:
    """Run the command line. An expected error is one line, without a traceback."""
    _read_and_write_utf8()
    try:
        app(prog_name="xagent")
    except XagentError as error:
        console(stderr=True).print(f"xagent: {one_line(str(error))}", soft_wrap=True)
        sys.exit(error.exit_code)


def _read_and_write_utf8() -> None:
    """Pipes and files carry UTF-8 whatever the locale; what cannot be decoded or shown is replaced."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")


@contextmanager
def _agent(
    store: Path | None, graph: str | None = "quote", evidence: str = "", **choices: Any
) -> "Iterator[Agent]":
    # Importing LangGraph takes a second, which `--help` should not.
    from xagent.agent import Agent

    with Agent(store, graph, languages=evidence, **choices) as agent:
        yield agent


@contextmanager
def _answering(
    store: Path | None, graph: str | None, evidence: str, model_url: str | None, **choices: Any
) -> "Iterator[Agent]":
    """An agent with the graph that was named, else the best there is a model for, which is said."""
    from xagent.endpoints import choose

    served = choose(graph, model_url, choices["model"])
    if not graph:
        line = f"xagent: graph {served.graph}: {served.because}"
        console(stderr=True).print(one_line(line), style="dim", soft_wrap=True)
    with _agent(store, served.graph, evidence, model_url=served.url or None, **choices) as agent:
        yield agent


@app.command()
def ingest(
    paths: Annotated[list[str], typer.Argument(help="Files, folders and globs.")],
    *,
    store: options.StorePath = None,
    prune: Annotated[
        bool, typer.Option("--prune", envvar="XAGENT_PRUNE", help="Forget files under PATHS that are gone.")
    ] = False,
    wait: options.Wait = False,
    questions: options.Questions = 0,
    model_url: options.ModelUrl = None,
    model: options.ModelName = None,
    embedder: options.EmbedderName = "",
    embedder_url: options.EmbedderUrl = "",
    glossary: options.GlossaryFile = None,
    json: options.Json = False,
) -> None:
    """Bring the store up to date with documents: txt, md, html, pdf, docx, csv, jsonl."""
    from xagent.display import ingest_bar, show_report
    from xagent.endpoints import choose

    url = choose(None, model_url, model).url if questions else None
    embedding: dict[str, Any] = {"embedder": embedder or None, "embedder_url": embedder_url or None}
    opened = _agent(store, model_url=url, model=model, glossary=glossary, **embedding)
    with opened as agent, ingest_bar(hidden=json) as progress:
        report = agent.ingest(
            paths, prune=prune, questions=questions, wait=-1 if wait else 0, progress=progress
        )
    if json:
        typer.echo(to_json(report.as_dict()))
    else:
        show_report(report)
    raise typer.Exit(1 if report.failed else 0)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question; '-' reads it from standard input.")],
    *,
    store: options.StorePath = None,
    graph: options.Graph = None,
    model_url: options.ModelUrl = None,
    model: options.ModelName = None,
    language: options.AnswerLanguage = "",
    evidence: options.Evidence = "",
    pivot: options.Pivot = "auto",
    bridge: options.Bridge = "auto",
    rerank: options.Rerank = "none",
    k: options.Passages = 40,
    glossary: options.GlossaryFile = None,
    max_calls: options.MaxCalls = 6,
    max_tokens: options.MaxTokens = 200_000,
    max_seconds: options.MaxSeconds = 120.0,
    drafts: options.Drafts = False,
    trace: options.Trace = False,
    json: options.Json = False,
) -> None:
    """Answer one question, with its sources."""
    from xagent.display import show_events

    asked = sys.stdin.read() if question == "-" else question
    budget = {"max_calls": max_calls, "max_tokens": max_tokens, "max_seconds": max_seconds}
    found = {"k": k, "bridge": bridge, "rerank": rerank, "glossary": glossary}
    choices = {"model": model, "pivot": pivot, "drafts": drafts, **found, **budget}
    with _answering(store, graph, evidence, model_url, **choices) as agent:
        if json:
            answer = agent.ask(asked, language=language)
            typer.echo(to_json(answer.model_dump(mode="json")))
        else:
            answer = show_events(agent.stream(asked, language=language), language, trace=trace or None)
    raise typer.Exit(ABSTAINED if answer.verdict == "abstained" else 0)


@app.command()
def chat(
    *,
    store: options.StorePath = None,
    graph: options.Graph = None,
    model_url: options.ModelUrl = None,
    model: options.ModelName = None,
    language: options.AnswerLanguage = "",
    evidence: options.Evidence = "",
    pivot: options.Pivot = "auto",
    bridge: options.Bridge = "auto",
    rerank: options.Rerank = "none",
    k: options.Passages = 40,
    glossary: options.GlossaryFile = None,
    resume: Annotated[
        bool, typer.Option("--resume", envvar="XAGENT_RESUME", help="Go on with the latest conversation.")
    ] = False,
    conversation: Annotated[
        str,
        typer.Option("--conversation", envvar="XAGENT_CONVERSATION", help="Go on with this, or begin it."),
    ] = "",
) -> None:
    """Ask one question after another, in a conversation that is kept."""
    from xagent.chat import chat as converse

    found = {"k": k, "bridge": bridge, "rerank": rerank, "glossary": glossary}
    choices = {"model": model, "pivot": pivot, **found}
    with _answering(store, graph, evidence, model_url, **choices) as agent:
        converse(agent, language, resume=resume, conversation=conversation)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="The question.")],
    *,
    store: options.StorePath = None,
    evidence: options.Evidence = "",
    k: options.Passages = 10,
    glossary: options.GlossaryFile = None,
    explain: Annotated[
        bool,
        typer.Option("--explain", envvar="XAGENT_EXPLAIN", help="Show how each came here, and what did not."),
    ] = False,
    json: options.Json = False,
) -> None:
    """Show what would be retrieved for a question, with scores and why."""
    from xagent.display import show_hits

    with _agent(store, evidence=evidence, k=k, glossary=glossary) as agent:
        found = agent.search(query, k=k)
    if json:
        typer.echo(to_json(found.as_dict() if explain else [hit.as_dict() for hit in found]))
    else:
        show_hits(found, explain=explain)


@app.command()
def languages(
    store: options.StorePath = None,
    all_: Annotated[
        bool, typer.Option("--all", envvar="XAGENT_ALL", help="Every language xagent knows by name.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Show which languages are in the store, with passages and documents."""
    from xagent.display import known_table, language_table
    from xagent.languages import known_languages

    if all_:
        known = known_languages()
        rows = [{"code": x.code, "name": x.name, "autonym": x.autonym} for x in known]
        typer.echo(to_json(rows)) if json else console().print(known_table(known))
        return
    with _agent(store) as agent:
        counts = agent.store.languages()
    if json:
        typer.echo(to_json({code: {"passages": n, "documents": m} for code, (n, m) in counts.items()}))
    else:
        console().print(language_table(counts))


@app.command()
def doctor(
    *,
    store: options.StorePath = None,
    repair: Annotated[
        bool, typer.Option("--repair", envvar="XAGENT_REPAIR", help="Rebuild both indexes from the text.")
    ] = False,
    wait: options.Wait = False,
    model_url: options.ModelUrl = None,
    model: options.ModelName = None,
    json: options.Json = False,
) -> None:
    """Prove that every passage can be found in both indexes, and show what the model's server can do."""
    from xagent.display import show_health, show_server
    from xagent.doctor import examine, examine_server

    server = examine_server(model_url, model)
    if server and not json:
        show_server(server)
    with _agent(store) as agent:
        health = examine(agent.store, repair=repair, wait=-1 if wait else 0)
    if json:
        typer.echo(to_json(health.as_dict() | ({"server": server.as_dict()} if server else {})))
    else:
        show_health(health)
    raise typer.Exit(0 if health.sound and not (server and server.problem) else 1)


@app.command()
def demo(
    store: Annotated[
        Path | None,
        typer.Option("--store", envvar="XAGENT_DEMO_STORE", help="Keep the demo's store here."),
    ] = None,
) -> None:
    """Build a store from the sample that comes with xagent, and ask it in eight languages."""
    from xagent.demo import run_demo

    run_demo(store)
