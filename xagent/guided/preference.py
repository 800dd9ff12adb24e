"""What does a language prefer? A weight for each token: -1 for what leaves it, above 0 for its own."""

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xagent.guided.vocabulary import Vocabulary
from xagent.languages import language
from xagent.messages import function_words

Weights = NDArray[np.float32]
"""One entry a token, from -1 to 1; what is added to its logit is this times the strength."""

OWN = 0.2
"""For tokens of the language's script. More of it, and replies would not end."""

WORDS = 0.4
"""For function words of the language, and against those of the one that models fall into."""

_LETTERS = {
    "Hans": ("Hani", "Bopo"),
    "Hant": ("Hani", "Bopo"),
    "Jpan": ("Hani", "Hira", "Kana"),
    "Kore": ("Hang",),
}
# Language confusion falls into a script's biggest language (Marchisio et al. 2024, arXiv 2406.20052).
_ATTRACTING = {"Latn": "en", "Cyrl": "ru", "Arab": "ar", "Deva": "hi"}


@dataclass(frozen=True, slots=True)
class Target:
    """A language to keep to."""

    code: str
    scripts: frozenset[str]
    """Of its letters (ISO 15924), those of East Asia taken apart."""
    script: str
    """The one it is usually written in."""


def target(name: str) -> Target:
    """The target that a code stands for; `sr-Latn` names one of several scripts. Raises UnknownLanguage."""
    code, _, script = name.partition("-")
    known = language(code)
    written = [script] if script in known.scripts else known.scripts
    letters = [letter for one in written for letter in _LETTERS.get(one, (one,))]
    return Target(known.code, frozenset(letters), written[0])


def weights(vocabulary: Vocabulary, to: Target, begun: bytes = b"") -> Weights:
    """How welcome each token is, where `begun` is what there is of a character."""
    found = np.zeros(len(vocabulary), dtype=np.float32)
    found[vocabulary.keeping(to.scripts)] = OWN
    found[vocabulary.leaving(to.scripts, begun)] = -1.0
    if not begun:
        own, others = _rivals(to)
        found[_saying(vocabulary, others)] -= WORDS
        found[_saying(vocabulary, own)] += WORDS
    return found


def _rivals(to: Target) -> tuple[frozenset[str], frozenset[str]]:
    """The language's function words and those of the one it would fall into, less what both have."""
    attracting = _ATTRACTING.get(to.script, to.code)
    if attracting == to.code:
        return frozenset(), frozenset()
    own, others = function_words(to.code), function_words(attracting)
    return own - others, others - own


def _saying(vocabulary: Vocabulary, words: Collection[str]) -> list[int]:
    """The tokens that say one of the words, after a space or at the beginning of a sentence."""
    forms = {form for word in words for form in (f" {word}", f" {word.capitalize()}", word.capitalize())}
    encoded = [unicodedata.normalize("NFC", form).encode() for form in forms]
    return [vocabulary.numbers[form] for form in encoded if form in vocabulary.numbers]


@dataclass(frozen=True, slots=True)
class Names:
    """What may be names in a prompt, by the tokens that write them."""

    beginnings: frozenset[int]
    """Tokens that begin a word of one."""
    following: Mapping[int, frozenset[int]]
    """For a token of such a word, those that come after it."""


def names(vocabulary: Vocabulary, prompt: Iterable[int]) -> Names:
    """A prompt's capitalised words, which may be names, but for the commonest words of English.

    What begins one is also given without the space before it, which other scripts do not write.
    """
    beginnings: set[int] = set()
    following: defaultdict[int, set[int]] = defaultdict(set)
    before: tuple[int, ...] = ()
    for n in prompt:
        piece = vocabulary.tokens[n].decode("utf-8", "replace") if 0 <= n < len(vocabulary) else ""
        word = piece.strip()
        if word[:1].isupper() and word.casefold() not in function_words("en"):
            before = (n, vocabulary.numbers.get(word.encode(), n))
            beginnings.update(before)
        elif before and word == piece and word[:1].isalpha():
            for token in before:
                following[token].add(n)
            before = (n,)
        else:
            before = ()
    return Names(frozenset(beginnings), {token: frozenset(after) for token, after in following.items()})
