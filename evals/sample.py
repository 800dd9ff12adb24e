"""The sample that comes with xagent, written for it (Apache-2.0): short texts in 18 languages.

Most questions are asked in another language than the one text that answers them; some are
answered by none. A row, in `xagent/sample/questions.jsonl`:

    {"id": "b001", "language": "tr", "question": "...", "answers": ["..."],
     "source": "zh/dunhuang.md", "evidence_language": "zh"}

`answers` stand word for word in the source; a row without a source is not answered.
"""

from importlib.resources import files
from pathlib import Path

from xagent.runner import Suite

_SAMPLE = Path(str(files("xagent"))) / "sample"

suite = Suite(
    name="sample",
    documents=_SAMPLE / "texts",
    questions=_SAMPLE / "questions.jsonl",
)
