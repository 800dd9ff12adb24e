"""A small suite over texts in several languages, for the tests of what runs suites."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from xagent.evaluation import compare, runner
from xagent.evaluation.records import Record
from xagent.evaluation.samples import Document, Sample, Suite

TEXTS = {
    "en": "The Varnholm lighthouse was built in 1874 by Ida Brandt.",
    "fi": "Pohjolan kirkko rakennettiin vuonna 1652 graniitista.",
    "tr": "Karahisar Köprüsü 1388 yılında Mimar Hayri tarafından yapıldı.",
    "ar": "بنى المهندس يوسف الحلبي قلعة الزرقاء عام 1203.",
    "ja": "白鷺灯台は1921年に中村健一によって建てられた。",
    "th": "สะพานนครทองสร้างขึ้นในปี 1957 โดยนายช่างสมชาย",
}
QUESTIONS = {
    "en": ("When was the Varnholm lighthouse built?", "1874"),
    "fi": ("Minä vuonna Pohjolan kirkko rakennettiin?", "1652"),
    "tr": ("Karahisar Köprüsü hangi yılda yapıldı?", "1388"),
    "ar": ("متى بنى المهندس يوسف الحلبي قلعة الزرقاء؟", "1203"),
    "ja": ("白鷺灯台は何年に建てられましたか。", "1921"),
    "th": ("สะพานนครทองสร้างขึ้นในปีใด", "1957"),
}


def contains(record: Record) -> float | None:
    """Whether a quotation has the gold answer in it."""
    assert record.answer is not None
    if not record.sample.answers:
        return None
    quotes = " ".join(citation.quote for citation in record.answer.citations)
    return float(any(gold in quote for gold in record.sample.answers for quote in [quotes]))


def samples(_: Path, setting: str) -> Iterator[Sample]:
    """Two questions a language, in one setting answered from the document in it alone."""
    for code, (question, gold) in QUESTIONS.items():
        for n in range(2):
            own = (f"{code}.txt",) if setting == "own" else ()
            yield Sample(
                id=f"{code}{n}",
                question=question,
                language=code,
                answers=(gold,),
                documents=own,
                setting=setting,
            )


def documents(_: Path, __: str) -> Iterator[Document]:
    """A document a language."""
    for code, text in TEXTS.items():
        yield Document(id=f"{code}.txt", text=text, language=code)


def suite(folder: Path, **changes: object) -> Suite:
    """The suite, whose data is a folder."""
    given: Mapping[str, object] = {
        "name": "own",
        "load": samples,
        "scorers": {"contains": contains},
        "headline": ("contains",),
        "settings": ("all", "own"),
        "corpus": documents,
        "languages": tuple(QUESTIONS),
        "data": folder,
    }
    return Suite(**{**given, **changes})  # type: ignore[arg-type]


def install(monkeypatch: pytest.MonkeyPatch, made: Suite) -> None:
    """Let every suite that is asked for be this one."""
    for module in (runner, compare):
        monkeypatch.setattr(module, "load", lambda kind, name: SimpleNamespace(suite=made), raising=False)
