"""Is it right, and is it right in the reader's language?"""

from xagent.evaluation.records import Record
from xagent.evaluation.scorers.choices import choice
from xagent.evaluation.scorers.language import right_language
from xagent.evaluation.scorers.strings import contains


def correct(record: Record) -> float | None:
    """1 when it has a gold answer in it: the option chosen where there are options, else `contains`."""
    return choice(record) if record.sample.options else contains(record)


def correct_in_language(record: Record) -> float | None:
    """1 when it is correct and wholly in the right language: what a reader can use.

    None where either cannot be judged.
    """
    right, readable = correct(record), right_language(record)
    return None if right is None or readable is None else right * readable
