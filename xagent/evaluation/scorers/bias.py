"""In which languages is the evidence that a question gets, and is that for any reason but its language?

Shares and the distances between them, with no test of significance: that of PEER (Yang et al. 2024, arXiv
2405.00978) is of whole rankings with graded documents in every language, which few data sets have.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

from xagent.evaluation.records import Record

Shares = Mapping[str, float]
"""By language, from 0 to 1; of 1 in all, or empty where there is nothing to share."""

EVIDENCE = ("shown_own", "cited_own", "shown_english", "cited_english", "shown_bias", "cited_bias")
"""The figures of `evidence_languages`."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The languages of the evidence for the questions of one language; every question counts the same."""

    available: Shares
    """Of the documents to answer from: the languages in `Sample.facts["available"]`, one for each document,
    separated by `;`. Empty where the suite does not say."""
    shown: Shares
    """Of the passages retrieved."""
    shown_to_cite: Shares
    """The same, for the answers that cite something."""
    cited: Shares
    """Of their citations."""


def evidence_languages(records: Sequence[Record]) -> dict[str, float]:
    """Means over the questions' languages; a figure is left out where there is nothing to take it of.

    shown_own      the share of the passages retrieved that are in the question's own language
    cited_own      the same of the citations
    shown_english  the share of the passages retrieved that are in English, for questions in other languages
    cited_english  the same of the citations
    shown_bias     how far the languages of the passages retrieved are from those of the documents available,
                   in total variation: from 0, the same, to 1, no language in common
    cited_bias     the same of the citations from the passages retrieved, over the answers that cite: what
                   BordIRlines finds by inclusion and citation rates (Li et al. 2024, arXiv 2410.01171)
    """
    found = evidence_by_question(records)
    others = [one for asked, one in found.items() if asked != "en"]
    figures = {
        "shown_own": [one.shown.get(asked, 0.0) for asked, one in found.items() if one.shown],
        "cited_own": [one.cited.get(asked, 0.0) for asked, one in found.items() if one.cited],
        "shown_english": [one.shown.get("en", 0.0) for one in others if one.shown],
        "cited_english": [one.cited.get("en", 0.0) for one in others if one.cited],
        "shown_bias": _distances((one.available, one.shown) for one in found.values()),
        "cited_bias": _distances((one.shown_to_cite, one.cited) for one in found.values()),
    }
    return {name: fmean(values) for name, values in figures.items() if values}


def evidence_by_question(records: Iterable[Record]) -> dict[str, Evidence]:
    """The languages of the evidence by the question's language, in the order of the codes."""
    asked: defaultdict[str, list[_Languages]] = defaultdict(list)
    for record in records:
        asked[record.sample.language].append(_languages(record))
    return {code: _evidence(asked[code]) for code in sorted(asked)}


class _Languages(NamedTuple):
    """Those of one question's evidence."""

    available: tuple[str, ...]
    shown: tuple[str, ...]
    cited: tuple[str, ...]


def _languages(record: Record) -> _Languages:
    available = tuple(code for code in record.sample.facts.get("available", "").split(";") if code)
    if record.answer is None:
        return _Languages(available, (), ())
    shown = tuple(passage.language for passage in record.answer.passages)
    return _Languages(available, shown, tuple(citation.language for citation in record.answer.citations))


def _evidence(asked: Sequence[_Languages]) -> Evidence:
    citing = [one for one in asked if one.cited]
    return Evidence(
        available=_shares(one.available for one in asked),
        shown=_shares(one.shown for one in asked),
        shown_to_cite=_shares(one.shown for one in citing),
        cited=_shares(one.cited for one in citing),
    )


def _shares(evidence: Iterable[Sequence[str]]) -> Shares:
    """The mean share of each language, over the questions that have any evidence."""
    some = [codes for codes in evidence if codes]
    counted = [Counter(codes) for codes in some]
    return {
        code: fmean(count[code] / count.total() for count in counted) for code in sorted(set().union(*some))
    }


def _distances(pairs: Iterable[tuple[Shares, Shares]]) -> list[float]:
    return [_total_variation(one, other) for one, other in pairs if one and other]


def _total_variation(one: Shares, other: Shares) -> float:
    return sum(abs(one.get(code, 0.0) - other.get(code, 0.0)) for code in {*one, *other}) / 2
