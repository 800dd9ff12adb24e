"""Where was an answer lost: in retrieval, in reading, in verification, or in its language?"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Literal, get_args

from xagent.answer import Answer
from xagent.errors import ReplyError
from xagent.evaluation.records import Record
from xagent.evaluation.scorers.correctness import correct
from xagent.evaluation.scorers.language import right_language
from xagent.replies import Draft, read

Loss = Literal["none", "language", "verification", "reading", "retrieval", "abstention"]
"""What went wrong first.

none          nothing: the answer is right, or rightly there is none
language      it is right, but not in the language to answer in
verification  the model's draft was right, and what was left of it is not
reading       the draft is not right, though a relevant document was among the passages, or none is known,
              or the graph searches for none
retrieval     no relevant document was among the passages that were searched for
abstention    it was answered though the documents do not say
"""

LOSSES: tuple[Loss, ...] = get_args(Loss)


def lost(record: Record) -> Loss | None:
    """The step at which the answer was lost; None where it failed, or nothing tells right from wrong."""
    if record.answer is None:
        return None
    if not record.sample.answerable:
        return "none" if record.answer.verdict == "abstained" else "abstention"
    right = correct(record)
    if right is None:
        return None
    if right == 1:
        return "language" if right_language(record) == 0 else "none"
    return _lost_before_the_end(record, record.answer)


def _lost_before_the_end(record: Record, answer: Answer) -> Loss:
    if any(_would_be_right(record, answer, draft) for draft in _drafts(record)):
        return "verification"
    relevant = set(record.sample.relevant)
    missed = relevant and not relevant & {passage.source for passage in answer.passages}
    return "retrieval" if missed and _searched(answer) else "reading"


def _searched(answer: Answer) -> bool:
    """Whether the graph looks for passages at all; `closed_book` does not."""
    return bool(answer.passages) or "retrieve" in answer.timings


def _drafts(record: Record) -> Iterable[str]:
    """What the model said each time it was asked to answer, before anything was checked."""
    for call in record.calls:
        if call.step == "answer":
            try:
                yield " ".join(claim.text for claim in read(call.reply, Draft).claims)
            except ReplyError:
                yield call.reply


def _would_be_right(record: Record, answer: Answer, text: str) -> bool:
    said = answer.model_copy(update={"text": text, "verdict": "answered"})
    return bool(text) and correct(record.model_copy(update={"answer": said})) == 1


def counted(losses: Iterable[tuple[str, Loss | None]]) -> dict[str, Counter[Loss]]:
    """How many answers were lost where, by language; those that cannot be judged left out."""
    counts: defaultdict[str, Counter[Loss]] = defaultdict(Counter)
    for language, loss in losses:
        if loss is not None:
            counts[language][loss] += 1
    return dict(sorted(counts.items()))


def called(loss: Loss) -> str:
    """What a reader calls it: there, `none` is no loss but a right answer."""
    return "right" if loss == "none" else loss
