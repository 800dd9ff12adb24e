"""`xagent vllm`: serve a model on this machine's GPU, in one command."""

from collections.abc import Sequence
from contextlib import ExitStack

import typer
from typer.core import TyperGroup

from xagent.errors import EndpointError, InputError
from xagent.options import Json
from xagent.terminal import clean, console, one_line, to_json
from xagent.vllm import display, options, server, signals, state
from xagent.vllm.commandline import Choices, Launch, launches
from xagent.vllm.hardware import gpus

_PASSED = "xagent.vllm.passed"

_OWN = {
    "--port": "write it before --",
    "--host": "write it before --",
    "--api-key": "write it before --, or set XAGENT_API_KEY",
    "--served-model-name": "leave it out, for xagent names what it serves; --model chooses the model",
}
"""What vLLM may not be told behind `--`: xagent would look for a server that is not there."""


class _WithMore(TyperGroup):
    """A command with sub-commands that keeps what stands behind `--`: it is vLLM's."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        at = args.index("--") if "--" in args else len(args)
        ctx.meta[_PASSED] = tuple(args[at + 1 :])
        return super().parse_args(ctx, args[:at])


vllm = typer.Typer(
    cls=_WithMore,
    invoke_without_command=True,
    rich_markup_mode=None,
    help="Serve a model on this machine with vLLM, set up for xagent; Ctrl-C ends it. With nothing chosen, "
    "it is the largest preset that fits the GPU. What stands after -- is given to vLLM.",
    epilog="Exit codes: 0 done, 4 vLLM is not installed, 2 wrong usage, 130 interrupted, 1 anything else.",
)


@vllm.callback()
def serve(
    context: typer.Context,
    *,
    preset: options.Preset = "",
    model: options.Model = "",
    with_embedder: options.Embedder = "",
    with_reranker: options.Reranker = "",
    host: options.Host = "127.0.0.1",
    port: options.Port = 8000,
    tensor_parallel_size: options.TensorParallel = 0,
    data_parallel_size: options.DataParallel = 1,
    max_model_len: options.MaxModelLen = 0,
    load_format: options.LoadFormat = "",
    gpu_memory: options.GpuMemory = 0.0,
    api_key: options.ApiKey = "",
    no_key: options.NoKey = False,
    no_guide: options.NoGuide = False,
    detach: options.Detach = False,
    wait: options.Wait = False,
    print_: options.Print = False,
) -> None:
    """Start the server, unless a sub-command is named."""
    if context.invoked_subcommand:
        return
    choices = Choices(
        preset=preset,
        model=model,
        embedder=with_embedder,
        reranker=with_reranker,
        host=host,
        port=port,
        tensor_parallel=tensor_parallel_size,
        data_parallel=data_parallel_size,
        max_model_len=max_model_len,
        load_format=load_format,
        guide=not no_guide,
        passed=context.meta[_PASSED],
    )
    _check(choices, wait and not detach)
    planned = launches(choices, _memory(choices, gpu_memory))
    key = server.chosen_key(api_key, none=no_key)
    if print_:
        for launch in planned:
            console(stderr=True).print(f"# {display.described(launch)}", soft_wrap=True)
            typer.echo(clean(display.shell_command(launch, key)))
    elif detach:
        _leave(planned, key, wait=wait)
    else:
        _serve(planned, key)


@vllm.command()
def status(json: Json = False) -> None:
    """Show the servers that xagent has started; exit code 1 where none is ready."""
    rows = display.as_rows(state.servers())
    if json:
        typer.echo(to_json(rows))
    else:
        display.show_status(rows)
    raise typer.Exit(0 if any(row["state"] == "ready" for row in rows) else 1)


@vllm.command()
def stop(port: options.StopPort = 0) -> None:
    """End the servers that xagent has started, with all that they started."""
    found = [one for one in state.servers() if port in (0, one.port)]
    with ExitStack() as each:  # all, though one will not end; the error is raised after
        for one in reversed(found):
            each.callback(_stop, one)
    if not found:
        console().print("no server of xagent's is there to be stopped")


def _stop(one: state.Server) -> None:
    server.stop(one)
    console().print(f"stopped: {one_line(one.url)}", soft_wrap=True)


def _check(choices: Choices, only_wait: bool) -> None:
    if choices.preset and choices.model:
        raise InputError("--preset and --model each name a model: use one of them")
    if only_wait:
        raise InputError("--wait goes with --detach: without it, the command stays until the server ends")
    for word in choices.passed:
        _check_passed(word)


def _check_passed(word: str) -> None:
    name = word.partition("=")[0].replace("_", "-")
    # Like vLLM's own parser: the beginning of a name will do, and underscores are dashes.
    own = next((own for own in _OWN if len(name) > len("--") and own.startswith(name)), "")
    if own:
        raise InputError(f"{own} cannot be given to vLLM behind --: {_OWN[own]}")


def _memory(choices: Choices, told: float) -> tuple[float, ...]:
    """GiB of each GPU: as told, else as read."""
    if not told:
        return gpus()
    return (told,) * max(choices.tensor_parallel, 1) * choices.data_parallel


def _leave(planned: Sequence[Launch], key: server.Key, *, wait: bool) -> None:
    """Start the servers and leave them running."""
    running: list[server.Started] = []
    with signals.as_ctrl_c():
        try:
            _start(planned, key, running, wait=wait)
        except BaseException:
            _end(running)
            raise
    display.show_ready([one.server for one in running], key)
    if not wait:
        console().print("It is loading: `xagent vllm status` tells when it is ready.")


def _serve(planned: Sequence[Launch], key: server.Key) -> None:
    """Start the servers, and stay until one ends or a signal comes; then end all."""
    running: list[server.Started] = []
    with signals.as_ctrl_c():
        try:
            _start(planned, key, running, wait=True)
            display.show_ready([one.server for one in running], key)
            server.watch(running)
        finally:
            _end(running)


def _start(planned: Sequence[Launch], key: server.Key, running: list[server.Started], *, wait: bool) -> None:
    """One after another: a server measures the memory that is free while it starts."""
    server.check_ports(planned)
    for launch in planned:
        console(stderr=True).print(display.described(launch), soft_wrap=True)
        with signals.held():
            running.append(server.start(launch, key))
        if wait or launch is not planned[-1]:
            with display.loading(launch.model) as progress:
                server.wait(running[-1], progress)


def _end(running: Sequence[server.Started]) -> None:
    """All of them, though one will not: that is shown, for what is raised is what made them end."""
    with ExitStack() as each:
        for one in reversed(running):
            each.callback(_end_one, one)


def _end_one(one: server.Started) -> None:
    screen = console(stderr=True)
    screen.print(f"ending {one.server.url}", soft_wrap=True)
    try:
        server.stop(one.server)
        one.process.wait()
    except EndpointError as error:
        screen.print(str(error), soft_wrap=True)
