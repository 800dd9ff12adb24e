"""What the writing itself tells of its language: script, letters and function words, as data in cues.toml."""

import math
import re
import tomllib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

SAMPLE = 1200  # characters looked at: more do not change the answer
UNKNOWN_SCRIPT = "Zyyy"
HAN = ("Hans", "Hant", "Jpan")


SCRIPT_NAMES = {
    "ADLAM": "Adlm", "ARABIC": "Arab", "ARMENIAN": "Armn", "BALINESE": "Bali", "BENGALI": "Beng",
    "BOPOMOFO": "Bopo", "CANADIAN": "Cans", "CHEROKEE": "Cher", "CJK": "Hani", "COPTIC": "Copt",
    "CYRILLIC": "Cyrl", "DEVANAGARI": "Deva", "ETHIOPIC": "Ethi", "GEORGIAN": "Geor", "GOTHIC": "Goth",
    "GREEK": "Grek", "GUJARATI": "Gujr", "GURMUKHI": "Guru", "HANGUL": "Hang", "HEBREW": "Hebr",
    "HIRAGANA": "Hira", "JAVANESE": "Java", "KANNADA": "Knda", "KATAKANA": "Kana", "KHMER": "Khmr",
    "LAO": "Laoo", "LATIN": "Latn", "MALAYALAM": "Mlym", "MONGOLIAN": "Mong", "MYANMAR": "Mymr",
    "NKO": "Nkoo", "OL": "Olck", "ORIYA": "Orya", "SINHALA": "Sinh", "SUNDANESE": "Sund", "SYRIAC": "Syrc",
    "TAMIL": "Taml", "TELUGU": "Telu", "THAANA": "Thaa", "THAI": "Thai", "TIBETAN": "Tibt",
    "TIFINAGH": "Tfng", "YI": "Yiii",
}  # fmt: skip
"""Scripts (ISO 15924) by the first word of their characters' Unicode names."""
_SYLLABIC = {"Hani", "Hira", "Kana", "Hang"}
_WEIGHTS = dict.fromkeys(_SYLLABIC, 2.0) | {
    "Latn": 0.5
}  # a sign is a syllable; Latin names stand in every script
_REACH = 6.0  # nats
_GREETING = 3  # words
_DECISIVE = 4.0  # nats
_MOST_HITS = 4  # a cue seen more often than this proves nothing more


@dataclass(frozen=True, slots=True)
class Cue:
    """Whom a cue speaks for, among whom (all when empty), and by how much (nats)."""

    languages: tuple[str, ...]
    within: tuple[str, ...]
    weight: float


Table = Mapping[str, tuple[int, ...]]  # the numbers of the cues a word, part of a word or letter belongs to


@dataclass(frozen=True, slots=True)
class Cues:
    """All cues, and what to find them by; see cues.toml for the meaning of each part."""

    cues: tuple[Cue, ...]
    words: Table
    beginnings: Table
    endings: Table
    letters: Table
    sequences: Mapping[int, re.Pattern[str]]
    shapes: Mapping[int, re.Pattern[str]]
    of: Table
    worded: Set[int]
    newcomers: Mapping[str, tuple[tuple[str, ...], float]]
    international: frozenset[str]


@cache
def cues() -> Cues:
    """The cues of cues.toml, read once."""
    data = _data()
    entries = list(enumerate(data["cue"]))
    words = [(word, number) for number, entry in entries for word in entry.get("words", "").split()]
    return Cues(
        cues=tuple(
            Cue(tuple(e["for"].split()), tuple(e.get("within", "").split()), e["weight"]) for _, e in entries
        ),
        words=_table((w, n) for w, n in words if "-" not in w),
        beginnings=_table((w[:-1], n) for w, n in words if w.endswith("-")),
        endings=_table((w[1:], n) for w, n in words if w.startswith("-")),
        letters=_table((letter, number) for number, entry in entries for letter in entry.get("letters", "")),
        sequences={n: re.compile("|".join(e["sequences"].split())) for n, e in entries if "sequences" in e},
        shapes={n: re.compile(e["shape"]) for n, e in entries if "shape" in e},
        worded=frozenset(number for _, number in words),
        of=_table((code, number) for number, entry in entries for code in entry["for"].split()),
        newcomers={
            code: (tuple(new["beside"].split()), new["behind"]) for code, new in data["newcomers"].items()
        },
        international=frozenset(data["international"]["words"].split()),
    )


def _table(pairs: Iterable[tuple[str, int]]) -> Table:
    table: dict[str, list[int]] = defaultdict(list)
    for key, number in pairs:
        table[key].append(number)
    return {key: tuple(numbers) for key, numbers in table.items()}


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("xagent").joinpath("cues.toml").read_text(encoding="utf-8"))


@cache
def _han(form: str) -> frozenset[str]:
    return frozenset("".join(_data()["han"][form].split()))


class _ScriptOf(dict[str, str]):
    """The script of a letter and '' for anything else, looked up once a character."""

    def __missing__(self, char: str) -> str:
        name = unicodedata.name(char, "").split(" ")[0].split("-")[0] if char.isalpha() else ""
        self[char] = script = SCRIPT_NAMES.get(name, "")
        return script


_script_of_char = _ScriptOf()


@lru_cache(maxsize=1 << 16)
def script_of_sign(char: str) -> str:
    """The script (ISO 15924) of a letter, or of a mark that belongs to one; '' where it may stand in any.

    Compatibility forms count as what they stand for; letters of a script that is not known here are 'Zzzz'.
    """
    plain = unicodedata.normalize("NFKC", char)[:1]
    kind = unicodedata.category(plain) if plain else ""
    if kind[:1] not in ("L", "M"):
        return ""
    known = SCRIPT_NAMES.get(unicodedata.name(plain, "").split(" ")[0].split("-")[0], "")
    return known or ("Zzzz" if kind in ("Lo", "Lu", "Ll", "Lt") else "")


def sample(text: str) -> str:
    """The part of `text` that is looked at, composed (NFC): its beginning, and its middle when it is long."""
    if len(text) > SAMPLE:
        middle = len(text) // 2
        text = f"{text[: SAMPLE // 2]}\n{text[middle : middle + SAMPLE // 2]}"
    return unicodedata.normalize("NFC", text)


def script_counts(text: str) -> dict[str, float]:
    """Letters of each script, East Asian signs counting double and Latin letters half."""
    if text.isascii():
        latin = sum(map(str.isalpha, text)) * _WEIGHTS["Latn"]
        return {"Latn": latin} if latin else {}
    counts: dict[str, float] = defaultdict(float)
    for char, times in Counter(text).items():
        if script := _script_of_char[char]:
            counts[script] += times * _WEIGHTS.get(script, 1.0)
    return dict(counts)


def script_of(text: str) -> str:
    """The ISO 15924 script most of the letters are in; 'Zyyy' when there is none.

    Kana among Chinese characters make 'Jpan', Hangul makes 'Kore'. Chinese characters alone are 'Hans' or
    'Hant' by those that exist in one form only, and 'Hans' when there is none such.
    """
    looked_at = sample(text)
    return dominant_script(script_counts(looked_at), looked_at)


def dominant_script(counts: Mapping[str, float], text: str) -> str:
    """As `script_of`, from letters already counted."""
    if not counts:
        return UNKNOWN_SCRIPT
    han, hangul = counts.get("Hani", 0), counts.get("Hang", 0)
    kana = counts.get("Hira", 0) + counts.get("Kana", 0)
    east = {
        "Jpan": han + kana if kana * 10 > han else 0,
        "Kore": hangul + (han if hangul * 4 > han else 0),
        "Hani": han,
    }
    others = {script: count for script, count in counts.items() if script not in _SYLLABIC}
    script = max((joint := others | east), key=joint.__getitem__)
    return _hans_or_hant(text) if script == "Hani" else script


def _hans_or_hant(text: str) -> str:
    simplified, traditional = (sum(c in _han(form) for c in text) for form in ("simplified", "traditional"))
    return "Hant" if traditional > simplified else "Hans"


def japanese_signs(text: str) -> int:
    """Characters only Japan writes, less those only China writes."""
    chinese = _han("simplified") - _han("shared") - _han("japanese")
    return sum((c in _han("japanese")) - (c in chinese) for c in text)


def only_script(text: str, script: str) -> str:
    """`text` without the letters of other scripts."""
    return "".join(" " if _script_of_char[char] not in ("", script) else char for char in text)


def weigh(scores: dict[str, float], words: Collection[str]) -> None:
    """Add to `scores` (log probabilities by code) what the cues in the lower-case `words` say.

    Languages further than 6 nats behind are left out: no cue could bring them back, except a greeting.
    """
    table = cues()
    for code, (relatives, behind) in table.newcomers.items():
        if found := [scores[near] for near in relatives if near in scores]:
            scores.setdefault(code, max(found) - behind)
    top = max(scores.values(), default=0.0)
    for code in [code for code, score in scores.items() if score < top - _REACH]:
        del scores[code]
    for code in _greeted(table, words) if len(words) <= _GREETING else ():
        scores[code] = max(scores.get(code, -math.inf), top - _DECISIVE / 2)
    hits = _hits(table, words, scores.keys()) if len(scores) > 1 else {}
    for group in {table.cues[number].within for number in hits}:
        _share(scores, group, table, {n: times for n, times in hits.items() if table.cues[n].within == group})


def _greeted(table: Cues, words: Iterable[str]) -> set[str]:
    cued = (table.cues[number] for word in words for number in table.words.get(word, ()))
    return {code for cue in cued if cue.weight >= _DECISIVE for code in cue.languages}


def _hits(table: Cues, words: Collection[str], possible: Set[str]) -> dict[int, int]:
    useful = {number for code in possible for number in table.of.get(code, ())}
    hits: dict[int, int] = defaultdict(int)
    for word in words if useful & table.worded else ():
        for number in _word_hits(word):
            hits[number] += 1
    for letter in table.letters.keys() & set().union(*words):
        for number in table.letters[letter]:
            hits[number] += 1
    text = " ".join(words)
    for number in useful & table.sequences.keys():
        hits[number] += len(table.sequences[number].findall(text))
    for number in useful & table.shapes.keys():
        shaped = _shaped(table.shapes[number], words)
        hits[number] = shaped + hits[number] if shaped else 0
    return {number: times for number, times in hits.items() if times and number in useful}


@lru_cache(maxsize=16384)
def _word_hits(word: str) -> tuple[int, ...]:
    table = cues()
    hits = list(table.words.get(word, ()))
    for size in range(1, min(len(word), 7)):
        hits += table.beginnings.get(word[:size], ())
        hits += table.endings.get(word[-size:], ())
    return tuple(hits)


def _shaped(shape: re.Pattern[str], words: Collection[str]) -> int:
    """How many words have the shape, or 0 when more than one in five has not."""
    long = [word for word in words if len(word) >= 4]
    matches = sum(shape.fullmatch(word) is not None for word in long)
    return matches if matches > 0.8 * len(long) else 0


def _share(scores: dict[str, float], group: tuple[str, ...], table: Cues, hits: Mapping[int, int]) -> None:
    members = [code for code in group if code in scores]
    before = _log_sum(scores[code] for code in members) if members else 0.0
    for number, times in hits.items():
        cue = table.cues[number]
        for code in cue.languages:
            if code in scores:
                scores[code] += cue.weight * min(times, _MOST_HITS)
    if members:
        surplus = _log_sum(scores[code] for code in members) - before
        for code in members:
            scores[code] -= surplus


def _log_sum(values: Iterable[float]) -> float:
    listed = list(values)
    top = max(listed)
    return top + math.log(sum(math.exp(value - top) for value in listed))
