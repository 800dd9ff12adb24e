"""Which sentences of an answer are in another language than it should be in.

Language confusion is what Marchisio et al. (2024, arXiv 2406.20052) call it when a model that is asked in
one language answers, or goes on, in another. They judge whole lines by fastText and, in other scripts, words
by a list of English ones; here it is sentences, less what may be in any language: quotations, names, code.
"""

import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from xagent import languages, writing
from xagent.languages import UNKNOWN, Detection, detect, known_languages, script_of
from xagent.masking import DATA, ENDS, PATTERNS, masked, nameless, without_spans
from xagent.messages import function_words
from xagent.sentences import split_sentences


@dataclass(frozen=True, slots=True)
class Foreign:
    """A sentence, in characters of the text, that is not in the language it should be in."""

    start: int
    end: int
    language: str
    """What it is in; 'und' if that is unclear."""
    script: str
    """ISO 15924."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    code: str
    near: frozenset[str]
    home: frozenset[str]  # its scripts, those of East Asia taken apart: Hani, Hira, Kana, Hang
    form: str  # 'Hans' or 'Hant' where one of them is asked for


@dataclass(frozen=True, slots=True)
class _Judgement:
    """Of one piece: foreign when `found`, else right; a guess unless `sure`."""

    found: Detection | None
    sure: bool


_RIGHT, _UNDECIDED = _Judgement(None, True), _Judgement(None, False)


def confused(
    text: str, language: str, *, script: str = "", names: Collection[str] = ()
) -> tuple[Foreign, ...]:
    """The sentences of `text`, and lines of them, that are not in `language`; none when all is right.

    `script` (ISO 15924) asks for a variant: 'Hans' or 'Hant' for zh, 'Cyrl' or 'Latn' for sr. `names` are
    texts, such as titles, that may stand in it as they are. A sentence of a word or two is right where it
    might be a name, and anything is when `language` is 'und'.

    Raises UnknownLanguage when there is no such language.
    """
    if language in ("", UNKNOWN):
        return ()
    wanted = _wanted(languages.language(language).code, script)
    blanked = masked(text)
    spans = list(_pieces(blanked, wanted.code))
    without = nameless(blanked, names)
    pieces = [_plain(without[start:end]) for start, end in spans]
    judged = _settled([_judge(piece, wanted) for piece in pieces], pieces, wanted)
    return tuple(
        Foreign(*span, found.code, found.script) for span, found in zip(spans, judged, strict=True) if found
    )


@lru_cache(maxsize=512)
def _wanted(code: str, script: str) -> _Wanted:
    known = languages.language(code)
    scripts = (script,) if script else known.scripts
    home = frozenset(part for name in scripts for part in _EAST.get(name, (name,)))
    return _Wanted(code, known.confusable, home, script if script in ("Hans", "Hant") else "")


_EAST = {"Hans": ("Hani",), "Hant": ("Hani",), "Jpan": ("Hani", "Hira", "Kana"), "Kore": ("Hang",)}


def _pieces(text: str, code: str) -> Iterator[tuple[int, int]]:
    """The sentences, and where they are wrapped their lines, without white space around."""
    for start, end in split_sentences(text, code):
        gaps = (found.end() for found in PATTERNS["gap"].finditer(text, start, end))
        for first, last in pairwise([start, *(at for at in gaps if _is_cut(text, at)), end]):
            for line in PATTERNS["line"].finditer(text, first, last):
                yield line.span()


def _is_cut(text: str, at: int) -> bool:
    """Whether a line ends at the gap, or the script changes, and with it what ends a sentence."""
    before, after = map(writing.script_counts, (text[max(at - 24, 0) : at], text[at : at + 24]))
    changes = bool(before and after) and before.keys().isdisjoint(after)
    return changes or text[at - 1] == "\n"


def _plain(piece: str) -> str:
    """The prose of `piece`: composed, without markup, formulas, numbers and what cannot be seen."""
    seen = PATTERNS["invisible"].sub("", unicodedata.normalize("NFKC", piece))
    return " ".join(PATTERNS["formula"].sub(" ", PATTERNS["markup"].sub(" ", seen)).split())


def _judge(piece: str, wanted: _Wanted) -> _Judgement:
    if not (counts := writing.script_counts(piece)):
        return _UNDECIDED
    if found := _in_other_script(piece, wanted, counts) or _in_other_form(piece, wanted, counts):
        return _Judgement(found, True)
    own = "".join(char if _script(char) in ("", *wanted.home) else " " for char in piece)
    return _by_words(" ".join(own.split()), wanted)


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    return next(iter(writing.script_counts(char)), "")


def _in_other_script(piece: str, wanted: _Wanted, counts: dict[str, float]) -> Detection | None:
    if wanted.home >= counts.keys():
        return None
    home = sum(count for script, count in counts.items() if script in wanted.home)
    alone = home * 4 < sum(counts.values())
    glosses = () if alone else PATTERNS["gloss"].finditer(piece)
    foreign = [gloss.span() for gloss in glosses if wanted.home.isdisjoint(writing.script_counts(gloss[0]))]
    text = without_spans(piece, foreign)
    away = "".join("\n" if _script(char) in wanted.home else char for char in text)
    runs = [run for run in away.split("\n") if _is_prose(run, alone)]
    return detect(max(runs, key=len)) if runs else None


def _is_prose(run: str, alone: bool) -> bool:
    """Whether this is a sentence or a good part of one, rather than names or terms; `alone` in its piece."""
    script = script_of(run)
    ended = alone and run.rstrip()[-1:] in ENDS
    if script in DATA["unspaced"]:
        letters, worded = sum(map(str.isalpha, run)), any(word in run for word in _common(script))
        return letters >= (5 if ended else 8 if alone else 12) or (letters >= 4 and worded)
    words = PATTERNS["word"].findall(run.lower() if run.isupper() else run)
    if not alone and len(words) <= DATA["longest_title"] and words and words[0][0].isupper():
        return False
    running = [word for word in words if not word[0].isupper() and (len(word) > 1 or script != "Latn")]
    if len(running) >= (4 if alone else 6) or (ended and len(words) > 2 and len(running) > 1):
        return True
    common = len(_common(script).intersection(running))
    # A title has little words, but not three in a row.
    in_a_row = any("".join(three).islower() for three in zip(words, words[1:], words[2:], strict=False))
    return common > 0 and len(running) >= (2 if alone else 3) and (common < len(running) or in_a_row)


@cache
def _common(script: str) -> frozenset[str]:
    """The function words of the languages in a script; of those in Latin letters, English ones."""
    known = ["en"] if script == "Latn" else [k.code for k in known_languages() if script in k.scripts]
    return frozenset(word for code in known for word in function_words(code))


def _in_other_form(piece: str, wanted: _Wanted, counts: dict[str, float]) -> Detection | None:
    """Japanese in Chinese and the reverse, or simplified characters where traditional ones are asked for."""
    if wanted.code == "zh" and len(PATTERNS["kana"].findall(piece)) > 2:
        return Detection("ja", "Jpan", 0.9)
    if wanted.code == "ja" and _is_chinese(piece, counts):
        return Detection("zh", script_of(piece) if len(counts) == 1 else "Hans", 0.9)
    # One character more of the form asked for tells a text that has the other from one that has neither.
    told = script_of({"Hans": "国", "Hant": "國"}[wanted.form] + piece) if wanted.form else ""
    return Detection("zh", told, 0.9) if told in {"Hans", "Hant"} - {wanted.form} else None


def _is_chinese(piece: str, counts: dict[str, float]) -> bool:
    """Whether a piece of a Japanese text is Chinese, in whole or in a part without kana."""
    if not {"Hira", "Kana"} & counts.keys() and len(piece) > 7 and piece[-1] in ENDS:
        return writing.japanese_signs(piece) < bool(PATTERNS["chinese"].search(piece))
    runs = [found[0] for found in PATTERNS["han"].finditer(piece)]
    return any(len(PATTERNS["chinese"].findall(run)) > 1 or writing.japanese_signs(run) < -1 for run in runs)


def _by_words(own: str, wanted: _Wanted) -> _Judgement:
    own = own.lower() if own.isupper() else own
    words = PATTERNS["word"].findall(own)
    if wanted.home & {"Hani", "Hang"}:
        return _RIGHT if len(own) > 4 else _UNDECIDED
    if len(words) < 3 or wanted.code in DATA["undetected"].split():
        return _UNDECIDED
    found = detect(own, {wanted.code})
    if found.code == wanted.code:
        return _RIGHT if found.confidence > 0.8 else _UNDECIDED
    vague = found.code in wanted.near and (found.confidence < 0.9 or len(words) < 4)
    if vague or found.code in (UNKNOWN, "la"):  # Latin is in terms and names of species
        return _UNDECIDED
    return _unless_named(found, words, wanted)


def _unless_named(found: Detection, words: Sequence[str], wanted: _Wanted) -> _Judgement:
    """Names make a sentence look foreign: the verdict has to hold without them."""
    running = [word for word in words if not word[0].isupper()]
    again = detect(" ".join(running), {wanted.code})
    if again.code == wanted.code:
        return _UNDECIDED
    common = function_words(found.code).intersection(running)
    long = len(words) > 4 and len(running) > 2 and again.code != UNKNOWN
    brief = len(words) > 2 and 1 < len(running) > len(common) and found.confidence > 0.9
    return _Judgement(found, long or (brief and (bool(common) or again.code == found.code)))


def _settled(judged: Sequence[_Judgement], pieces: Sequence[str], wanted: _Wanted) -> list[Detection | None]:
    """What each piece is in, if foreign; where nothing is surely right, what is unsure is judged together."""
    if _RIGHT in judged:
        return [j.found if j.sure or _supported(judged, n) else None for n, j in enumerate(judged)]
    unsure = " ".join(piece for piece, judgement in zip(pieces, judged, strict=True) if not judgement.sure)
    together = _judge(unsure[:800], wanted)
    return [j.found if j.sure else together.found if together.sure else None for j in judged]


def _supported(judged: Sequence[_Judgement], at: int) -> bool:
    """Whether a guess is backed by the pieces on both sides."""
    beside = (*judged[max(at - 1, 0) : at], *judged[at + 1 : at + 2])
    return bool(beside) and all(judgement.sure and judgement.found for judgement in beside)
