"""`xagent lexicon`: what is done with the lexicon from the command line."""

import typer

from xagent import options
from xagent.terminal import to_json

lexicon = typer.Typer(help="The words by which a search crosses languages.", no_args_is_help=True)


@lexicon.callback()
def _named() -> None:
    # Without a callback Typer drops the name of a command that is the only one.
    """The words by which a search crosses languages."""


@lexicon.command()
def check(json: options.Json = False) -> None:
    """Check every line of the lexicon's files, and show how much each language has."""
    from xagent.display import show_lexicon
    from xagent.lexicon.check import examine

    examined = examine()
    if json:
        typer.echo(to_json(examined.as_dict()))
    else:
        show_lexicon(examined)
    raise typer.Exit(1 if examined.problems else 0)
