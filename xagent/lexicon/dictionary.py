"""Which concepts does a text speak of? The words and phrases of one language, found in running text.

The longest phrase known is taken first. A word counts as the known one that it has the longest beginning in
common with, which meets suffixes in any language. Where words are written without spaces, those known words
are taken that cover most of the text.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from xagent.lexicon.entries import PREFIXES
from xagent.question import UNSPACED, spaced_words

BEGINNING = 3
"""Letters that a word has in common with the known one at least."""

ALIKE = 0.55
"""How alike they are at least: letters in common over the mean of both lengths (Dice's coefficient)."""

CLOSE = 0.1
"""How much less alike others are that a word may be a form of as well: of `місто` as of `міст`."""

STEM = 4
"""Letters of a known word that may stand at the front of another, however long its suffixes are."""

_MOST_WORDS = 6
_LONGER = 1.3  # Two letters of one word say more than those of two.
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u0640\u064b-\u065f\u0670]")
_SAME_LETTERS = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "ς": "σ", "ı": "i"})
_UNSPACED_RUN = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]+)"
)

Form = tuple[str, ...]
"""The folded words of a word or phrase."""

Nearest = tuple[float, list[Form]]
"""How alike known words or phrases are to what is looked up, and which; none at 0."""


@dataclass(frozen=True, slots=True)
class Said:
    """A word or phrase of a text, and what it may mean."""

    text: str
    concepts: tuple[str, ...] = ()
    """None when it is not known."""
    similarity: float = 0.0
    """Of the known word to it, from 0 to 1."""


class Dictionary(Protocol):
    """The words of one language."""

    def read(self, text: str) -> list[Said]:
        """All words of a text in order, known or not."""


def dictionary(language: str, entries: Mapping[str, Sequence[str]]) -> Dictionary:
    """The dictionary of a language's words by concept."""
    kind = UnspacedDictionary if language in UNSPACED else SpacedDictionary
    return kind(entries)


def fold(text: str) -> str:
    """Lower case, without what readers of most scripts leave out: accents, vowel points, tone marks.

    Letters are taken apart, so that syllables of Hangul have beginnings in common. Signs of Indic and Thai
    vowels stay.
    """
    apart = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).lower())
    return _MARKS.sub("", apart).translate(_SAME_LETTERS)


def _folded(entries: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Each concept with each of its words, all folded at once."""
    concepts = [concept for concept, words in entries.items() for _ in words]
    words = "\0".join(word.replace("\0", " ") for words in entries.values() for word in words)
    return zip(concepts, fold(words).split("\0"), strict=False)


class SpacedDictionary:
    """Of a language that puts spaces between words."""

    def __init__(self, entries: Mapping[str, Sequence[str]]) -> None:
        self._prefixes = tuple(map(fold, entries.get(PREFIXES, ())))
        self._concepts: defaultdict[Form, dict[str, None]] = defaultdict(dict)
        for concept, form in _folded(entries):
            if concept != PREFIXES and (words := (form,) if form.isalpha() else tuple(spaced_words(form))):
                self._concepts[words][concept] = None
        self._words = sorted(words[0] for words in self._concepts if len(words) == 1)
        self._phrases: defaultdict[str, list[Form]] = defaultdict(list)
        for phrase in self._concepts:
            if len(phrase) > 1:
                self._phrases[phrase[0][:BEGINNING]].append(phrase)

    def read(self, text: str) -> list[Said]:
        """The words of a text, where the longest known phrases are taken together."""
        words, found, at = spaced_words(text), list[Said](), 0
        folded = tuple(map(fold, words))
        while at < len(words):
            alike, forms = self._phrase(folded[at : at + _MOST_WORDS]) or self._word(folded[at])
            size = len(forms[0]) if forms else 1
            concepts = dict.fromkeys(concept for form in forms for concept in self._concepts[form])
            found.append(Said(" ".join(words[at : at + size]), tuple(concepts), alike))
            at += size
        return found

    def _phrase(self, words: Form) -> Nearest | None:
        """The longest phrases that these words begin with, those most alike."""
        if len(words) == 1:
            return None
        phrases = [form for word in self._bare(words[0]) for form in self._phrases.get(word[:BEGINNING], ())]
        alike = [(len(form), least, form) for form in phrases if (least := self._least(words, form))]
        if not alike:
            return None
        size, similarity, _ = max(alike)
        return similarity, [form for *value, form in alike if value == [size, similarity]]

    def _least(self, words: Form, form: Form) -> float:
        """How alike words are to a phrase, as the least alike of them; 0 when there are too few."""
        if len(form) > len(words):
            return 0.0
        first = max(similarity(word, form[0]) for word in self._bare(words[0]))
        return min(first, *map(similarity, words[1:], form[1:]))

    def _word(self, word: str) -> Nearest:
        """The known words most alike, of those that have the longest beginning in common with a word."""
        forms = list(self._bare(word))
        for form in forms:
            if (form,) in self._concepts:
                return 1.0, [(form,)]
        alike = [found for form in forms for found in self._neighbours(form)]
        best = max((similarity for similarity, _ in alike), default=0.0)
        return best, [(known,) for similarity, known in alike if best and similarity >= best - CLOSE]

    def _neighbours(self, word: str) -> Iterator[tuple[float, str]]:
        """How alike to a word those are that stand next to it in order, and have most of its beginning."""
        at = bisect_left(self._words, word)
        yield from self._along(word, range(at, len(self._words)))
        yield from self._along(word, range(at - 1, -1, -1))

    def _along(self, word: str, places: range) -> Iterator[tuple[float, str]]:
        common = _common(word, self._words[places[0]]) if places else 0
        if _dice(common, len(word), common):  # no word, however short, is alike enough otherwise
            for known in map(self._words.__getitem__, places):
                if not known.startswith(word[:common]):
                    break
                yield _dice(common, len(word), len(known)), known

    def _bare(self, word: str) -> Iterator[str]:
        """The word as it stands and without each of the prefixes it may have."""
        yield word
        for prefix in self._prefixes:
            if word.startswith(prefix) and len(word) >= len(prefix) + BEGINNING:
                yield word[len(prefix) :]


def similarity(word: str, known: str) -> float:
    """How alike two words are by their common beginning, from 0 to 1; 0 when they may not be the same."""
    return 1.0 if word == known else _dice(_common(word, known), len(word), len(known))


def _dice(common: int, word: int, known: int) -> float:
    """As `similarity`, from how many letters are common and how many there are."""
    if common < BEGINNING:
        return 0.0
    dice = 2 * common / (word + known)
    return dice if common == known >= STEM or dice >= ALIKE else 0.0


def _common(word: str, known: str) -> int:
    """How many letters two words begin with alike."""
    common = 0
    for one, other in zip(word, known, strict=False):
        if one != other:
            break
        common += 1
    return common


class UnspacedDictionary:
    """Of a language that puts no spaces between words."""

    def __init__(self, entries: Mapping[str, Sequence[str]]) -> None:
        self._concepts: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for concept, form in _folded(entries):
            self._concepts[form][concept] = None
        self._longest: defaultdict[str, int] = defaultdict(int)
        for word in self._concepts:
            self._longest[word[:2]] = max(len(word), self._longest[word[:2]])

    def read(self, text: str) -> list[Said]:
        """The words of a text: those known that cover most of it, and what is between them."""
        found = list[Said]()
        for number, run in enumerate(_UNSPACED_RUN.split(fold(text))):
            found += self._known(run) if number % 2 else map(Said, spaced_words(run))
        return found

    def _known(self, run: str) -> Iterator[Said]:
        sizes, at, unknown = self._sizes(run), 0, ""
        while at < len(run):
            size = sizes[at] or 1
            said = run[at : at + size]
            if sizes[at]:
                yield from [Said(unknown)] if unknown else []
                yield Said(said, tuple(self._concepts[said]), 1.0)
            unknown = "" if sizes[at] else unknown + said
            at += size
        yield from [Said(unknown)] if unknown else []

    def _sizes(self, run: str) -> list[int]:
        """How long the word to take at each place is; 0 where none is known (dynamic programming)."""
        best, sizes = [0.0] * (len(run) + 1), [0] * len(run)
        for at in reversed(range(len(run))):
            best[at] = best[at + 1]
            longest = max(self._longest.get(run[at : at + 2], 0), self._longest.get(run[at], 0))
            for size in range(1, min(longest, len(run) - at) + 1):
                value = best[at + size] + size**_LONGER
                if value >= best[at] and run[at : at + size] in self._concepts:
                    best[at], sizes[at] = value, size
        return sizes
