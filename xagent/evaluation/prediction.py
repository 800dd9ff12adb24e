"""What an answer says, as it is compared with a gold answer."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xagent.evaluation.records import Record

_MARKS = re.compile(r"\s*\[\d+\]")


def predicted(record: "Record") -> str:
    """The answer's text without citation marks; empty where there is none, or it abstained."""
    if record.answer is None or record.answer.verdict == "abstained":
        return ""
    return _MARKS.sub("", record.answer.text).strip()
