"""Documents in one call."""

from collections.abc import Mapping
from pathlib import Path

from xagent.agent import Agent


def agent_over(folder: Path, documents: Mapping[str, str], graph: str = "quote") -> Agent:
    """An agent whose store, in `folder`, holds these documents, given as file names with their text.

    >>> with agent_over(tmp_path, {"rhine.md": "The Rhine is 1,233 kilometres long."}) as agent:
    ...     assert agent.ask("How long is the Rhine?").citations[0].source == "rhine.md"
    """
    root = folder / "documents"
    for name, text in documents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    agent = Agent(folder / "store", graph)
    agent.ingest([root], root=root)
    return agent
