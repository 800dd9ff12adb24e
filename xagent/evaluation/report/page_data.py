"""What does the page know? A run's figures, a line on every sample, and all that there is on each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from xagent.answer import Answer, ModelCall
from xagent.evaluation.records import Record
from xagent.evaluation.report.losses import called
from xagent.evaluation.report.summary import Judged, Report, comparisons
from xagent.evaluation.report.tables import Cell, Note, Part, Table, fewer, shown
from xagent.evaluation.statistics import Estimate


def overview(reports: Sequence[Report], figure: str = "") -> dict[str, object]:
    """What the page draws at once: tables of figures, and what its list of samples shows and seeks in."""
    numbered = enumerate((report.name, judged) for report in reports for judged in report.judged())
    return {
        "comparisons": [_part(part) for part in comparisons(reports, figure)],
        "runs": [_run(report) for report in reports],
        "samples": [_line(number, name, judged) for number, (name, judged) in numbered],
    }


@dataclass
class Texts:
    """Texts that stand in many samples, such as passages and prompts: the page has each of them once."""

    numbers: dict[str, int] = field(default_factory=dict)
    """In the order in which they were first met, from 0."""

    def number(self, text: str) -> int:
        """What a sample has in place of the text."""
        return self.numbers.setdefault(text, len(self.numbers))


def detail(judged: Judged, texts: Texts) -> dict[str, object]:
    """All that is known of one sample; its passages and the messages sent are among the `texts`."""
    record = judged.record
    return {
        **record.sample.model_dump(mode="json", exclude={"facts"}),
        "repeat": record.repeat,
        "seconds": record.seconds,
        "error": record.error,
        "scores": dict(judged.scores),
        "answer": _answer(record, record.answer, texts) if record.answer else None,
        "claims": [claim.model_dump(mode="json") for claim in record.claims],
        "calls": [_call(call, texts) for call in record.calls],
    }


def _run(report: Report) -> dict[str, object]:
    return {
        "name": report.name,
        "facts": list(report.facts.items()),
        "parts": [_part(part) for part in report.parts()],
    }


def _part(part: Part) -> dict[str, object]:
    return {"note": part.line} if isinstance(part, Note) else _table(part)


def _table(table: Table) -> dict[str, object]:
    return {
        "title": table.heading,
        "columns": table.columns,
        "rows": [list(map(_cell, row, fewer(row))) for row in table.rows],
    }


def _cell(cell: Cell, samples: int) -> object:
    """An interval as a list, with its samples, where they are fewer; other numbers as they are shown."""
    if isinstance(cell, Estimate):
        return [cell.mean, cell.low, cell.high, samples]
    return cell if isinstance(cell, str) else {"number": shown(cell)}


def _line(number: int, run: str, judged: Judged) -> dict[str, object]:
    sample, answer = judged.record.sample, judged.record.answer
    return {
        "number": number,
        "run": run,
        "id": sample.id,
        "question": sample.question,
        "gold": sample.answers,
        "answer": answer.text if answer else "",
        "language": sample.row,
        "asked": sample.language,
        "evidence": sample.evidence_language,
        "setting": sample.setting,
        "verdict": answer.verdict if answer else "failed",
        "loss": called(judged.loss) if judged.loss else "",
    }


def _answer(record: Record, answer: Answer, texts: Texts) -> dict[str, object]:
    relevant = set(record.sample.relevant)
    return {
        "parts": list(_parts(record, answer.text)),
        "language": answer.language,
        "reason": answer.reason,
        "citations": [citation.model_dump(mode="json") for citation in answer.citations],
        "passages": [
            {
                **passage.model_dump(mode="json"),
                "text": texts.number(passage.text),
                "relevant": passage.source in relevant,
            }
            for passage in answer.passages
        ],
    }


def _call(call: ModelCall, texts: Texts) -> dict[str, object]:
    messages = [(role, texts.number(content)) for role, content in call.messages]
    return {**call.model_dump(mode="json", exclude={"messages"}), "messages": messages}


def _parts(record: Record, text: str) -> Iterator[tuple[str, str]]:
    """The text in parts, each with the language it should not be in, or with none where it is right."""
    at = 0
    for part in sorted(record.foreign, key=lambda part: part.start):
        start = max(part.start, at)
        end = max(part.end, start)
        if text[at:start]:
            yield text[at:start], ""
        if text[start:end]:
            yield text[start:end], part.language
        at = end
    if text[at:]:
        yield text[at:], ""
