"""A search without the lexicon, to measure what that adds."""

from xagent.lexical import Word
from xagent.lexicon.lexicon import Lexicon


class AsAsked(Lexicon):
    """Words are sought in every language as they were asked."""

    def words(self, text: str, language: str, into: str) -> tuple[Word, ...]:  # noqa: ARG002
        """The words of a query, each in the one way that it was asked."""
        return super().words(text, language, language)
