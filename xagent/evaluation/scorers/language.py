"""Is the answer in the language that it should be in?

What is judged is all the reader got, `Answer.text`: where a graph abstains it says so in some language, and
that may be the wrong one too. Only a text without a word in it has no language.
"""

from xagent import languages
from xagent.detectors import ALL, detector
from xagent.errors import MissingExtra, UnknownLanguage
from xagent.evaluation.records import Record
from xagent.masking import DATA


def right_language(record: Record) -> float | None:
    """1 when no part of the answer is in another language than it should be in, by xagent's own detector.

    Stricter than the response language correctness of XRAG (Liu et al. 2025, arXiv 2505.10089), which judges
    a response as a whole: a sentence in another language, or a line, is enough to be wrong. Quotations, names
    and code may be in any language, see `xagent.confusion`. None where the language is one that xagent's
    detectors do not tell from others.
    """
    return float(not record.foreign) if _is_judged(record) else None


def right_sentences(record: Record) -> float | None:
    """The share of the answer's sentences that are in the right language; None as for `right_language`."""
    if not _is_judged(record):
        return None
    # A sentence on several lines may have several parts.
    return 1 - min(len(record.foreign), record.sentences) / record.sentences


def right_language_lingua(record: Record) -> float | None:
    """1 when lingua takes the answer as a whole to be in the right language, as XRAG judges responses.

    None where lingua is not installed, does not know the language, or finds no word in the answer.
    """
    wanted = _wanted(record)
    try:
        lingua = detector("lingua")
    except MissingExtra:
        return None
    heard = lingua(record.answer.text if record.answer else "", ALL)
    codes = [languages.language(label).code for label in heard]
    return float(codes[0] == wanted) if wanted in codes and any(heard.values()) else None


def _is_judged(record: Record) -> bool:
    wanted = _wanted(record)
    return record.sentences > 0 and wanted != "" and wanted not in DATA["undetected"].split()


def _wanted(record: Record) -> str:
    """The code of the language to answer in; empty where xagent knows none of that name."""
    try:
        return languages.language(record.sample.answer_language or record.sample.language).code
    except UnknownLanguage:
        return ""
