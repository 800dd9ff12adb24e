"""How many requests a fake model had at once."""

from xagent.testing import ModelServer


def most_at_once(server: ModelServer) -> int:
    """Of those that are done with, at most."""
    spans = [(one.started, one.finished) for one in server.requests if one.finished]
    return max(sum(start <= moment < end for start, end in spans) for moment, _ in spans)
