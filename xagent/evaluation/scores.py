"""What does a run come to, as data? The figures of its records, without clocks."""

import json
from collections.abc import Mapping

from xagent.evaluation.figures import Figures
from xagent.evaluation.runs import Run, write
from xagent.evaluation.samples import Suite


def write_scores(
    run: Run, suite: Suite, figures: Figures, judged: Mapping[str, object] | None = None
) -> None:
    """Put the figures into the run's `scores.json`: the same answers give the same bytes."""
    content = headline(run, suite, figures) | figures.as_dict() | ({"judged": judged} if judged else {})
    write(run.scores, json.dumps(content, ensure_ascii=False, indent=1))


def headline(run: Run, suite: Suite, figures: Figures) -> dict[str, object]:
    """What was run, how many samples were asked and answers came, and the suite's first figures."""
    means = figures.means()
    manifest = run.manifest
    return {
        "suite": manifest.suite,
        "setting": manifest.setting,
        "graph": manifest.graph,
        "model": manifest.model,
        "samples": figures.samples,
        "answers": figures.answered,
        "failures": sum(figures.failed.values()),
        **{name: round(means[name], 4) for name in suite.headline if name in means},
    }
