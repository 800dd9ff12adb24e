"""How can one look at every sample of a run? A page: one HTML file that loads nothing and trusts no text."""

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from importlib.resources import files
from string import Template

from xagent.evaluation.report.page_data import Texts, detail, overview
from xagent.evaluation.report.pictures import pictures
from xagent.evaluation.report.summary import Report
from xagent.terminal import one_line

_SCRIPTS = ("page.js", "sample.js")
# What could end the element that the data stands in, or a line of it; and what UTF-8 has no bytes for.
_SPECIAL = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


def page(reports: Sequence[Report], figure: str = "") -> str:
    """The HTML of a page on one run or several, compared in a `figure`; the same for the same runs."""
    scripts = [_asset(name) for name in _SCRIPTS]
    style = _asset("page.css")
    return Template(_asset("page.html")).substitute(
        policy=html.escape(_policy(style, scripts)),
        title=html.escape(one_line(" · ".join(dict.fromkeys(report.name for report in reports)))),
        style=style,
        plots="\n".join(pictures(report, named=len(reports) > 1) for report in reports),
        data=embedded(overview(reports, figure)),
        samples="\n".join(_samples(reports)),
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
    )


def embedded(value: object) -> str:
    """JSON that can stand in a <script>: nothing in it is read as markup, or ends it."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _SPECIAL.sub(lambda match: f"\\u{ord(match.group()):04x}", written)


def _samples(reports: Sequence[Report]) -> Iterator[str]:
    """An element for each sample and for each text, so that the page reads those only that are looked at."""
    texts = Texts()
    judged = (one for report in reports for one in report.judged())
    for number, one in enumerate(judged):
        yield _element(f"sample-{number}", detail(one, texts))
    for text, number in texts.numbers.items():
        yield _element(f"text-{number}", text)


def _element(name: str, value: object) -> str:
    return f'<script type="application/json" id="{name}">{embedded(value)}</script>'


def _policy(style: str, scripts: Sequence[str]) -> str:
    """A Content-Security-Policy: nothing is loaded, and nothing runs but the page's own scripts."""
    allowed = " ".join(_hash(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


def _asset(name: str) -> str:
    return files("xagent.evaluation.report").joinpath(name).read_text(encoding="utf-8")
