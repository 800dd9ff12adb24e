"""What a question is about, apart from the words that only make it a question."""

import re
import unicodedata
from functools import cache

from xagent.analyser import analyse
from xagent.errors import EmptyQuestion, QuestionTooLong
from xagent.messages import function_words, number_words, question_words

MAX_LENGTH = 20_000
"""Characters: an instruction may bring its text along. A longer one is a document to ingest."""

# Not \W: in Python that has the vowel signs of Hindi, Thai and their kin.
_BETWEEN_WORDS = re.compile(
    r"[\s!-/:-@\[-`{-¿\u2010-\u2027\u2030-\u205e\u3000-\u303f\uff00-\uff0f،؛؟۔।॥።፣፤፥፧ʼ·]+"
)
UNSPACED = frozenset({"zh", "ja", "th", "km", "lo", "my"})


def checked(question: str) -> str:
    """The question without white space around it. Raises EmptyQuestion or QuestionTooLong."""
    text = question.strip()
    if len(text) > MAX_LENGTH:
        raise QuestionTooLong(
            f"the question has {len(text):,} characters, {MAX_LENGTH:,} at most are read: "
            f"put long text into a file and ingest it"
        )
    if not any(character.isalnum() for character in text):
        raise EmptyQuestion("the question is empty: write what you want to know")
    # A lone surrogate is half a character; SQLite, tantivy and servers refuse it.
    return text.encode("utf-8", "replace").decode()


def content_terms(question: str, language: str) -> tuple[str, ...]:
    """The terms of what is asked about; of the whole question, when all its words are common ones."""
    return analyse(content(question, language)) or analyse(question)


def content(question: str, language: str) -> str:
    """The question without the words that carry no subject matter, as far as they are known."""
    text = unframed(question, language)
    if language in UNSPACED:
        return text
    common = function_words(language)
    return " ".join(word for word in text.split() if word.lower() not in common)


def unframed(question: str, language: str) -> str:
    """The question without what frames it, as far as that is known: "how many", "in which year"."""
    text = unicodedata.normalize("NFC", question)
    if language in UNSPACED:
        return _frames(language).sub(" ", text)
    return _frames(language).sub(" ", f" {' '.join(spaced_words(text))} ").strip()


def spaced_words(text: str) -> list[str]:
    """The words of a text that separates them."""
    return [word for word in _BETWEEN_WORDS.split(unicodedata.normalize("NFC", text)) if word]


def asks_number(question: str, language: str) -> bool:
    """Whether a number, an amount or a date is asked for, as far as the language's words for it are known."""
    text = unicodedata.normalize("NFC", question).lower()
    if language in UNSPACED:
        return any(word in text for word in number_words(language))
    padded = f" {' '.join(spaced_words(text))} "
    return any(f" {' '.join(spaced_words(phrase))} " in padded for phrase in number_words(language))


@cache
def _frames(language: str) -> re.Pattern[str]:
    """What frames a question, longest first; in unspaced text one character may be part of any word."""
    listed = question_words(language) | number_words(language)
    if language in UNSPACED:
        found = [re.escape(frame) for frame in listed if len(frame) > 1]
    else:
        found = [f"(?<= ){re.escape(' '.join(spaced_words(frame)))}(?= )" for frame in listed]
    return re.compile("|".join(sorted(found, key=len, reverse=True)) or r"(?!)", re.IGNORECASE)
