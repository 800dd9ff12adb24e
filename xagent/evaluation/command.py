"""`xagent eval SUITE`, `xagent eval compare SUITE` and `xagent report RUN`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from xagent import options
from xagent.terminal import console, one_line, to_json

if TYPE_CHECKING:
    from typer._click import Context

    from xagent.evaluation.runner import Plan

_RUN = "run"


class _Suites(TyperGroup):
    """Whatever is no command of its own is the name of a suite, or an option, of a run."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        alone = not args or args[0] in ("--help", *(name for name in self.commands if name != _RUN))
        return super().parse_args(ctx, args if alone else [_RUN, *args])


evaluation = typer.Typer(
    cls=_Suites,
    help="Run a suite: `xagent eval SUITE`, with the options of `xagent eval run`. Or compare graphs on it.",
    no_args_is_help=True,
)

Suite = Annotated[str, typer.Argument(help="The suite: a file in evals/.")]
Data = Annotated[
    Path | None,
    typer.Option("--data", envvar="XAGENT_DATA", help="Where its data is: a file, a folder, or owner/name."),
]
Setting = Annotated[str, typer.Option("--setting", envvar="XAGENT_SETTING", help="One of the suite's.")]
Languages = Annotated[
    str, typer.Option("--languages", envvar="XAGENT_LANGUAGES", help="Ask in these only: 'de,fr'.")
]
Limit = Annotated[
    int,
    typer.Option("--limit", envvar="XAGENT_LIMIT", min=0, help="Samples a language and setting; 0 for all."),
]
Repeat = Annotated[
    int, typer.Option("--repeat", envvar="XAGENT_REPEAT", min=1, help="How often each sample is asked.")
]
Seed = Annotated[int, typer.Option("--seed", envvar="XAGENT_SEED", help="Sent to the model.")]
Concurrency = Annotated[
    int,
    typer.Option("--concurrency", envvar="XAGENT_CONCURRENCY", min=1, help="Requests to the model at once."),
]
Processes = Annotated[
    int,
    typer.Option(
        "--processes", envvar="XAGENT_PROCESSES", min=0, help="That ask samples; 0: one to four, by cores."
    ),
]
Judges = Annotated[
    list[str] | None,
    typer.Option(
        "--judge", envvar="XAGENT_JUDGE", help="A model that judges answers, URL#MODEL; repeatable."
    ),
]


@evaluation.command(_RUN)
def run(
    suite: Suite,
    *,
    graph: options.Graph = None,
    data: Data = None,
    setting: Setting = "",
    languages: Languages = "",
    limit: Limit = 0,
    model_url: options.ModelUrl = None,
    model: options.ModelName = None,
    pivot: options.Pivot = "auto",
    bridge: options.Bridge = "auto",
    rerank: options.Rerank = "none",
    k: options.Passages = 40,
    max_calls: options.MaxCalls = 6,
    max_tokens: options.MaxTokens = 200_000,
    max_seconds: options.MaxSeconds = 120.0,
    repeat: Repeat = 1,
    seed: Seed = 7,
    concurrency: Concurrency = 16,
    processes: Processes = 0,
    judge: Judges = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", envvar="XAGENT_OUT", help="The run's folder. [default: below xagent-runs]"),
    ] = None,
    describe: Annotated[
        bool, typer.Option("--describe", help="Say what the suite has to it, and run nothing.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Run a suite and report its figures; a run that was ended goes on where it was."""
    from xagent.evaluation.runner import Plan

    answering: dict[str, str | int | float] = {
        "pivot": pivot, "bridge": bridge, "rerank": rerank, "k": k,
        "max_calls": max_calls, "max_tokens": max_tokens, "max_seconds": max_seconds,
    }  # fmt: skip
    asked = tuple(code.strip() for code in languages.split(",") if code.strip())
    plan = Plan(
        suite, setting=setting, data=data, graph=graph, model_url=model_url, model=model, languages=asked,
        answering=answering, limit=limit, repeat=repeat, seed=seed, concurrency=concurrency,
        processes=processes, out=out,
    )  # fmt: skip
    if describe:
        _describe(suite, json=json)
    else:
        _run(plan, judge or [], json=json)


def _run(plan: "Plan", judges: list[str], *, json: bool) -> None:
    from xagent.evaluation.figures import figures
    from xagent.evaluation.judge import judged, panel
    from xagent.evaluation.live import watched
    from xagent.evaluation.report.summary import Report
    from xagent.evaluation.report.terminal import show
    from xagent.evaluation.runner import run_suite
    from xagent.evaluation.scores import headline, write_scores
    from xagent.evaluation.votes import with_votes

    asked = panel(judges)
    with _interruptible():
        outcome = run_suite(_served(plan), watched)
        run, records = outcome.run, outcome.records
        agreed = judged(run, records, asked, plan.concurrency) if asked else {}
    suite = with_votes(run, outcome.suite)
    found = outcome.figures
    if suite is not outcome.suite or agreed:
        found = figures(records, suite)
        write_scores(run, suite, found, agreed)
    if json:
        typer.echo(to_json(headline(run, suite, found) | agreed, indent=None))
        return
    show([Report(run.path.name, run.manifest, suite, records, found)])
    for name, value in agreed.items():
        console().print(f"{name}: {one_line(to_json(value, indent=None))}", soft_wrap=True)
    console(stderr=True).print(f"xagent: the run is in {one_line(str(run.path))}", soft_wrap=True)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Says, at Ctrl-C, how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        said = "xagent: interrupted; what was answered is kept: the same command again asks the rest"
        console(stderr=True).print(said, soft_wrap=True)
        raise


def _served(plan: "Plan") -> "Plan":
    """The plan with the graph, and the server, that there is."""
    from dataclasses import replace

    from xagent.endpoints import choose

    served = choose(plan.graph, plan.model_url, plan.model)
    return replace(plan, graph=served.graph, model_url=served.url)


def _describe(name: str, *, json: bool) -> None:
    from xagent.evaluation.describe import described

    found = described(name)
    if json:
        typer.echo(to_json(found))
        return
    for key, value in found.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        console().print(f"{key}: {one_line(shown)}", soft_wrap=True)


@evaluation.command()
def compare(
    suite: Suite,
    *,
    graphs: Annotated[
        str, typer.Option("--graphs", envvar="XAGENT_GRAPHS", help="The graphs: 'naive,translate,qa'.")
    ] = "naive,translate,qa,consensus",
    models: Annotated[
        str,
        typer.Option("--models", envvar="XAGENT_MODELS", help="Models of the server, each with each graph."),
    ] = "",
    data: Data = None,
    setting: Setting = "",
    languages: Languages = "",
    limit: Limit = 0,
    model_url: options.ModelUrl = None,
    repeat: Repeat = 1,
    seed: Seed = 7,
    concurrency: Concurrency = 16,
    processes: Processes = 0,
    out: Annotated[Path, typer.Option("--out", envvar="XAGENT_OUT", help="The folder of the runs.")] = Path(
        "xagent-runs"
    ),
    json: options.Json = False,
) -> None:
    """Run a suite with several graphs and models, and show what they come to in one table."""
    from xagent.endpoints import choose
    from xagent.evaluation.compare import compare, table_of
    from xagent.evaluation.live import watched
    from xagent.evaluation.report.terminal import show_table
    from xagent.evaluation.runner import Plan

    listed = [
        [part.strip() for part in text.split(",") if part.strip()] for text in (graphs, models, languages)
    ]
    plan = Plan(
        suite, setting=setting, data=data, model_url=choose("qa", model_url).url, languages=tuple(listed[2]),
        limit=limit, repeat=repeat, seed=seed, concurrency=concurrency, processes=processes, runs=out,
    )  # fmt: skip
    with _interruptible():
        rows = compare(plan, listed[0], listed[1], watched)
    if json:
        typer.echo(to_json([row.as_dict() for row in rows], indent=None))
    else:
        show_table(table_of(suite, rows))
    for row in rows:
        if row.error:
            said = f"xagent: {row.graph} answered nothing: {row.error}"
            console(stderr=True).print(one_line(said), soft_wrap=True)
    if not any(row.answered for row in rows):
        raise typer.Exit(1)


def report_command(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs; several are compared with the first.")],
    *,
    figure: Annotated[
        str, typer.Option("--figure", help="What they are compared in: a figure that is a mean over samples.")
    ] = "",
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page that shows every sample, one file.")
    ] = None,
    md: Annotated[bool, typer.Option("--md", help="Print Markdown.")] = False,
    csv: Annotated[
        bool, typer.Option("--csv", help="Print comma-separated values: one table, a figure a line.")
    ] = False,
) -> None:
    """Show the figures of runs, and compare them."""
    from xagent.evaluation.reporting import opened, write_page, written

    reports = opened(runs)
    if html:
        write_page(reports, html, figure)
    if md or csv:
        typer.echo(written(reports, figure, csv=csv), nl=False)
    elif not html:
        from xagent.evaluation.report.terminal import show

        show(reports, figure)
