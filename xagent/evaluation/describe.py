"""What has a suite to it: settings, languages, figures?"""

from xagent.evaluation.samples import Suite
from xagent.registry import load


def described(name: str) -> dict[str, object]:
    """What a suite has, as plain values. Raises UnknownName."""
    module = load("evals", name)
    suite: Suite = module.suite
    return {
        "suite": suite.name,
        "about": (module.__doc__ or "").strip().partition("\n")[0],
        "settings": [setting for setting in suite.settings if setting],
        "languages": list(suite.languages),
        "figures": [*suite.scorers, *suite.figure_names],
        "headline": list(suite.headline),
        "data": "comes with xagent" if suite.data else "named with --data",
    }
