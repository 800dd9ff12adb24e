"""How much of the gold answer does an answer say? By the characters and words that both have.

Every scorer takes the best of the gold answers, and is None where there are none or the documents do not
answer. An answer that abstains says nothing, and so is worth 0 where there is a gold answer.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache

from xagent.errors import MissingExtra
from xagent.evaluation.records import Record
from xagent.folding import fold, is_unspaced

CASED = "A-Za-z\u00c0-\u024f\u0370-\u052f\u0531-\u0587\u1e00-\u1fff"
"""The letters of scripts with capitals, for a class of a regular expression: beside a digit they are of one
word with it, as in B12, and others need not be, as in 1964年 and ב1948."""

Reading = Callable[[str], str]
"""Of a text, what is compared."""

_ARTICLES = {
    code: re.compile(rf"\b(?:{words})\b")
    for code, words in {
        "de": "ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des",
        "en": "a|an|the",
        "es": "un|una|unos|unas|el|la|los|las",
        "vi": "của|là|cái|chiếc|những",
    }.items()
} | {"ar": re.compile("ال")}
_GRAM = 3
_GROUPED = re.compile(
    r"(?<!\d)\d{1,3}(?:[.,'’٬ \u00a0\u2009\u202f]\d{2,3})*[.,'’٬ \u00a0\u2009\u202f]\d{3}(?!\d)"
)
_FRACTION = re.compile(r"(?<![\d.,])(\d+)[.,٫](\d+)(?![.,]?\d)")  # and no date: 12.5.1990
_SHORT = 3
_DASH = re.compile("[-–−﹣－]")
_OPENING = "([{<>=≈~±*_:：“„«「『（【"
_INSIDE = re.compile(r"(?<=\S)[-‐‑.·'’\"״׳](?=\S)")
_UNTOLD = re.compile(r"(?<=i)\u0307|(?<=[\u0370-\u03ff])[\u0300-\u036f]+")
_NUMBER = re.compile(r"-?[\d_]+")


def exact_match(record: Record) -> float | None:
    """1 when the answer is a gold answer, after `normalise`."""
    return _judged(record, lambda text, golds: bool(text) and exact(text, golds, _written(record)))


def f1(record: Record) -> float | None:
    """The F1 of the answer's tokens against the gold answer's, after `normalise`."""
    return _judged(record, lambda text, golds: token_f1(text, golds, _written(record)))


def char3_recall(record: Record) -> float | None:
    """The share of the gold answer's character 3-grams that the answer has; see `three_gram_recall`."""
    return _judged(record, three_gram_recall)


def chrf(record: Record) -> float | None:
    """chrF2 (Popović 2015) by sacrebleu, from 0 to 1. Raises MissingExtra when that is not installed."""
    return _judged(record, _chrf)


def contains(record: Record) -> float | None:
    """1 when a gold answer stands in the answer; see `containing`."""
    return _judged(record, containing)


def quotes_contain(record: Record) -> float | None:
    """1 when a gold answer stands in one of the answer's quotations; see `containing`."""
    quotes = [citation.quote for citation in record.answer.citations] if record.answer else []
    return _judged(record, lambda _, golds: max((containing(quote, golds) for quote in quotes), default=0.0))


def _judged(record: Record, judge: Callable[[str, Sequence[str]], float]) -> float | None:
    sample = record.sample
    return judge(record.text, sample.answers) if sample.answerable and sample.answers else None


def _written(record: Record) -> str:
    return record.sample.answer_language or record.sample.language


def exact(prediction: str, golds: Sequence[str], language: str) -> float:
    """1 when the prediction is one of the golds, in the language's normal form."""
    said = normalise(prediction, language)
    return float(any(normalise(gold, language) == said for gold in golds))


def token_f1(prediction: str, golds: Sequence[str], language: str) -> float:
    """The best F1 of the tokens in the normal form, as SQuAD has it (Rajpurkar et al. 2016)."""
    said = Counter(normalise(prediction, language).split())
    return max((_f1(said, Counter(normalise(gold, language).split())) for gold in golds), default=0.0)


def _f1(said: Counter[str], gold: Counter[str]) -> float:
    same = (said & gold).total()
    return 2 * same / (said.total() + gold.total()) if same else 0.0


def normalise(text: str, language: str) -> str:
    """`text` as MLQA compares it (Lewis et al. 2020): lower case, no punctuation, no articles, tokens apart.

    Articles go in the languages where MLQA takes them out: ar, de, en, es and vi; its rule for Arabic takes
    ال out of the middle of words too. English is as in SQuAD, less the punctuation that is not ASCII. Where
    MLQA makes a token of each Chinese character, this does of each of any script without spaces: Han, kana,
    Thai, Lao, Khmer, Burmese. Text is composed first (NFC), which MLQA leaves to the data.
    """
    plain = _without_punctuation(unicodedata.normalize("NFC", text).lower())
    articles = _ARTICLES.get(language.partition("-")[0])
    return _spaced(articles.sub(" ", plain) if articles else plain)


def _without_punctuation(text: str) -> str:
    return "".join(char for char in text if not _is_punctuation(char))


@cache
def _is_punctuation(char: str) -> bool:
    return char in string.punctuation or unicodedata.category(char)[0] == "P"


def _spaced(text: str) -> str:
    """The tokens, a space between any two; each character of a script without spaces is one."""
    return " ".join("".join(f" {char} " if is_unspaced(char) else char for char in text).split())


def three_gram_recall(prediction: str, golds: Sequence[str]) -> float:
    """The best share of a gold's character 3-grams, repeats included, that the prediction has.

    As BERGEN has it (Chirkova et al. 2024, arXiv 2407.01463), in every language: lower case, ASCII
    punctuation and English articles out, then the 3-grams of each word between spaces, a word that is shorter
    whole. Text is composed first (NFC), which BERGEN leaves to the data.
    """
    said = _grams(prediction)
    return max((_recall(said, _grams(gold)) for gold in golds), default=0.0)


def _grams(text: str) -> Counter[str]:
    lowered = unicodedata.normalize("NFC", text).lower()
    plain = lowered.translate(dict.fromkeys(map(ord, string.punctuation)))
    words = _ARTICLES["en"].sub(" ", plain).split()
    return Counter(word[i : i + _GRAM] for word in words for i in range(max(1, len(word) - _GRAM + 1)))


def _recall(said: Counter[str], gold: Counter[str]) -> float:
    return (said & gold).total() / gold.total() if gold else 0.0


def _chrf(prediction: str, golds: Sequence[str]) -> float:
    try:
        from sacrebleu.metrics.chrf import CHRF
    except ImportError:
        raise MissingExtra("chrF", "eval") from None
    return float(CHRF().sentence_score(prediction, list(golds)).score) / 100


def containing(prediction: str, golds: Sequence[str]) -> float:
    """1 when a gold stands in the prediction, as a reader compares them.

    Width, case, vowel points, and digits of any script and how they are grouped make no difference; nor do
    the dot of i, which Turkish capitals keep, and the accents of Greek, which capitals lose; nor does
    punctuation between words or in them: e-mail is email, and U.S.A. is USA. But -5 is not 5. A number counts
    only where it stands whole: 3 is not in 1834, 3.5 or B3, though it is in 3年 and 3'te. So does a gold of
    at most three letters with case, as 'no' is not in 'know'; any other may have endings or prefixes of its
    language.
    """
    return float(any(_stands(prediction, golds, reading) for reading in READINGS))


def _stands(prediction: str, golds: Sequence[str], reading: Reading) -> bool:
    said = reading(prediction)
    return any(re.search(standing(gold, reading), said) for gold in golds)


def standing(gold: str, reading: Reading) -> str:
    """The regular expression of where `gold` stands in a text so read; nothing stands nowhere."""
    wanted = reading(gold)
    if not wanted:
        return r"(?!)"
    if len(wanted) <= _SHORT and wanted.upper() != wanted:
        return rf"(?<!\w){re.escape(wanted)}(?!\w)"
    glued = CASED if _NUMBER.fullmatch(wanted) else ""  # before it: 5 is in 5km, 12 not in B12
    before = rf"(?<![\d_{glued}-])" if wanted[0].isdecimal() else ""
    after = r"(?![\d_])" if wanted[-1].isdecimal() else ""
    return before + re.escape(wanted) + after


def apart(text: str) -> str:
    """`text` as it is compared, where punctuation parts words."""
    return _comparable(_DASH.sub(_sign, text))


def joined(text: str) -> str:
    """The same, where dots, hyphens and apostrophes in a word are no part of it.

    The hyphen between a script without spaces and a digit is a minus here (为-5度), none in `apart` (歼-20).
    """
    return _comparable(_DASH.sub(_sign_or_hyphen, _INSIDE.sub(_none_in_words, text)))


READINGS: tuple[Reading, ...] = (apart, joined)
"""How a text may be read: a gold stands in it where both are read in one way."""


def _sign(dash: re.Match[str]) -> str:
    """A minus for one that makes a number negative, which no punctuation is, and else a hyphen."""
    before, after = _around(dash)
    seen = "".join(char for char in before if unicodedata.category(char) != "Cf")
    is_apart = seen[-1:].isspace() and not seen[-2:-1].isdecimal()  # no range: 1914 -1918
    opens = not seen or is_apart or seen[-1] in _OPENING
    return "−" if after.isdecimal() and opens else "-"


def _sign_or_hyphen(dash: re.Match[str]) -> str:
    before, after = _around(dash)
    return "−" if after.isdecimal() and is_unspaced(before[-1:]) else _sign(dash)


def _none_in_words(mark: re.Match[str]) -> str:
    before, after = _around(mark)
    inside = unicodedata.category(before[-1])[0] in "LM" and unicodedata.category(after[0])[0] in "LN"
    return "" if inside and not is_unspaced(before[-1]) else mark[0]


def _around(found: re.Match[str]) -> tuple[str, str]:
    """A few characters before it, and the one after."""
    text, start, end = found.string, found.start(), found.end()
    return text[max(0, start - 4) : start], text[end : end + 1]


def _comparable(text: str) -> str:
    whole = _GROUPED.sub(lambda number: re.sub(r"\D", "", number[0]), text)
    fraction = _FRACTION.sub(r"\1_\2", whole)  # one number, neither part of which stands whole
    words = "".join(" " if unicodedata.category(c)[0] == "P" and c != "_" else c for c in fraction)
    return _spaced(_as_capitals(fold(words).said.casefold()))


def _as_capitals(lowered: str) -> str:
    """Without what capitals do not tell: the accents of Greek, and the dot of i to who has one i alone."""
    plain = _UNTOLD.sub("", unicodedata.normalize("NFD", lowered)).replace("ı", "i")
    return unicodedata.normalize("NFC", plain)
