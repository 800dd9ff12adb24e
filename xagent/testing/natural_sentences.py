"""Sentences as people write them, in many languages, for a fake model to say."""

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

from xagent.messages import Key, voice
from xagent.sentences import split_sentences
from xagent.writing import script_of

_FEWEST_WORDS = 6
_FEWEST_UNSPACED = 18  # characters, in scripts without spaces between words
_DIGIT = re.compile(r"\d")
_LONGEST = 400  # characters; a reply's line may have 600
_WHOLE: tuple[Key, ...] = ("abstain", "abstain_empty")  # the messages that are sentences, without holes
_UNSPACED = ("Hans", "Hant", "Jpan", "Thai", "Khmr", "Laoo", "Mymr", "Tibt")


class Sentences:
    """Right sentences in any language: those given, else of the sample texts, else xagent's own messages.

    The sample has 18 languages, the messages 62; in any other, give your own, or they are English.

    >>> Sentences({"fi": ["Joki on sata kilometriä pitkä."]}).pick("fi", "whatever")
    'Joki on sata kilometriä pitkä.'
    """

    def __init__(self, by_language: Mapping[str, Sequence[str]] | None = None) -> None:
        self._given = {code: tuple(sentences) for code, sentences in (by_language or {}).items() if sentences}

    def all(self, language: str) -> tuple[str, ...]:
        """Every sentence there is in a language: at least one."""
        return self._given.get(language) or _sample(language) or _messages(language)

    def pick(self, language: str, key: str) -> str:
        """A sentence in a language, always the same for the same key."""
        choice = self.all(language)
        return choice[zlib.crc32(key.encode("utf-8", "surrogatepass")) % len(choice)]

    def pick_other(self, language: str, key: str, text: str) -> str:
        """As `pick`, but one that is not in `text`, if there is such."""
        choice = self.all(language)
        start = choice.index(self.pick(language, key))
        turned = (*choice[start:], *choice[:start])
        return next((sentence for sentence in turned if sentence not in text), turned[0])


@cache
def _sample(language: str) -> tuple[str, ...]:
    folder = files("xagent").joinpath("sample", "texts", language or "none")
    if not folder.is_dir():
        return ()
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".md"))
    read = (folder.joinpath(name).read_text("utf-8") for name in names)
    return tuple(sentence for text in read for sentence in _prose(text, language))


@cache
def _messages(language: str) -> tuple[str, ...]:
    said = [voice(language).say(key) for key in _WHOLE]
    return tuple(text[start:end] for text in said for start, end in split_sentences(text, language))


def _prose(text: str, language: str) -> Iterator[str]:
    """The longer sentences of the paragraphs of a Markdown text, but those with a number.

    A number that is not in the evidence makes xagent doubt a sentence, whatever its language.
    """
    for paragraph in text.split("\n\n"):
        if paragraph.lstrip()[:1].isalnum():
            for start, end in split_sentences(paragraph, language):
                sentence = " ".join(paragraph[start:end].split())
                if is_long_enough(sentence) and len(sentence) <= _LONGEST and not _DIGIT.search(sentence):
                    yield sentence


def is_long_enough(sentence: str) -> bool:
    """Whether a sentence has six words, or the like in a script without spaces."""
    if script_of(sentence) in _UNSPACED:
        return len(sentence) >= _FEWEST_UNSPACED
    return len(sentence.split()) >= _FEWEST_WORDS
