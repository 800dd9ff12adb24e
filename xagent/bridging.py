"""Does a question have to be put into the languages of the documents to find them? What that rests on.

An encoder that knows many languages finds across them by itself. The built-in search finds names, loan words
and what the lexicon knows. So a question is translated where neither finds strong evidence.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from xagent.confusion import confused
from xagent.errors import UnknownName
from xagent.evidence import Bearing, bearing, take_apart
from xagent.question import MAX_LENGTH
from xagent.rankings import ALL_PASSAGES
from xagent.replies import Translated
from xagent.store import Store
from xagent.writer import indexed_text

CHOICES = ("auto", "always", "never")

MOST_LANGUAGES = 8
"""Languages that a question is put into, those with most passages."""

PROBED = 3
"""Passages of the question's own language that are looked at; one of each other."""

# Of XQuAD's questions in eight languages, 90 to 100 % reach this where the paragraph that answers is among
# 240, and 14 to 38 % (Vietnamese, whose n-grams are short: 74 %) where its whole article is not. Of the
# sample's, 88 % of those that a text in their own language answers do, and 2 % of those of other languages.
STRONG = 0.4
"""The share of a question's weight that strong evidence in its own language covers, from 0 to 1."""

LEAST_RARITY = 0.5
"""What a term weighs at least: among few passages, what one has is common, and what none has is not."""

NAME_MISSING = 0.15
"""What a passage loses of that share where a name that is asked about does not occur."""

STRONG_NAMES = 4.5
"""The rarity of names, numbers and loan words that strong evidence in another language shares: that language
is not translated into, since it is found without."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The languages to put a question into, none where that does not pay, and why."""

    languages: tuple[str, ...]
    because: str


def decide(
    choice: str,
    store: Store,
    question: str,
    language: str,
    searched: Sequence[str],
    *,
    documents: Collection[str] = (),
) -> Decision:
    """Which of the languages `searched` to put a question in `language` into, to find it in the `documents`.

    Raises UnknownName for a choice that is none of `CHOICES`.
    """
    if choice not in CHOICES:
        raise UnknownName(f"nothing is called {choice!r} for bridging; there are: {', '.join(CHOICES)}")
    others = [code for code in largest(store, searched) if code not in (language, "und")]
    if choice == "never":
        return Decision((), "as asked for")
    if not others:
        return Decision((), "no other language is searched")
    if choice == "always":
        return Decision(tuple(others[:MOST_LANGUAGES]), "as asked for")
    if getattr(store.embedder, "crosslingual", False):
        return Decision((), f"the embedder {store.embedder.name} finds across languages")
    return _measured(Probe(store, question, language, documents), language in searched, others)


def _measured(probe: "Probe", own: bool, others: Sequence[str]) -> Decision:
    """By what the question's words find as they are, in its `own` language if that is searched."""
    if (share := probe.own() if own else 0.0) >= STRONG:
        return Decision((), f"evidence in its own language covers {share:.0%} of it")
    weak = [code for code in others if probe.named(code) < STRONG_NAMES]
    if not weak:
        return Decision((), "what could be names in it is found in every other language")
    return Decision(tuple(weak[:MOST_LANGUAGES]), f"evidence in its own language covers {share:.0%} of it")


def largest(store: Store, searched: Sequence[str]) -> list[str]:
    """The languages searched that there are passages in, those with most first."""
    return [code for code in store.languages() if code in searched]


class Probe:
    """A first look, by text alone: what do the question's own words find, in the `documents` or in all?"""

    def __init__(self, store: Store, question: str, language: str, documents: Collection[str] = ()) -> None:
        self._store = store
        self._question = question
        self._language = language
        self._keys = store.catalog.keys_of(documents) if documents else ALL_PASSAGES

    @cached_property
    def _rarity(self) -> Callable[[str], float]:
        return self._store.lexical.rarity()

    def own(self) -> float:
        """The share of the question that the best passage of its own language covers, from 0 to 1."""
        found = self._bearings(self._language, PROBED)
        return max((one.coverage - NAME_MISSING * one.name_missing for one in found), default=0.0)

    def named(self, language: str) -> float:
        """The rarity of what the best passage of another language shares that could be names."""
        return max((one.named for one in self._bearings(language, 1)), default=0.0)

    def _bearings(self, language: str, most: int) -> list[Bearing]:
        store, lexical = self._store, self._store.lexical
        if language not in store.languages():
            return []
        asked = take_apart(store.lexicon, self._question, self._language, language)
        own = lexical.of(language).rarity
        rarity = (lambda term: max(own(term), LEAST_RARITY)) if language == self._language else self._rarity
        matches = lexical.search(asked.words, language, most, self._keys.get(language, ()))
        found = store.passages([match.key for match in matches])
        return [bearing(asked, indexed_text(passage), rarity) for passage in found]


def usable(translations: Sequence[Translated], languages: Sequence[str], question: str) -> dict[str, str]:
    """The translations by language: one each, of those asked for, and each really in its language."""
    found: dict[str, str] = {}
    for one in translations:
        code, text = one.language.strip(), one.text.strip()
        if code in languages and _is_translation(text, code, question):
            found.setdefault(code, text)
    return found


def _is_translation(text: str, language: str, question: str) -> bool:
    fits = len(text) <= MAX_LENGTH and any(map(str.isalnum, text))
    return fits and text != question and not confused(text, language)
