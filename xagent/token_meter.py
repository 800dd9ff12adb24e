"""How many tokens a text may come to, from those that were counted: so that few have to be."""

from collections import defaultdict
from collections.abc import Sequence

from xagent.corpus import width
from xagent.languages import script_of

USUAL = 0.5
"""Tokens a column of text where nothing was counted: the most that XLM-R needs in the scripts measured."""

MARGIN = 1.15
"""What a text may exceed the densest of the samples by."""

SPECIAL = 4
"""Tokens that a model may add around a text."""

SAMPLES = 8
"""Texts of a script that are counted before the others are judged by them."""


class TokenMeter:
    """Tokens a column of each script, learned from texts that were counted."""

    def __init__(self) -> None:
        self._densities: dict[str, float] = {}
        self.estimates = False
        """Whether a text had to be judged by an estimate, since nothing counts."""

    def learn(self, text: str, tokens: int) -> None:
        """This text was counted."""
        if (columns := width(text)) and tokens > SPECIAL:
            script = script_of(text)
            density = (tokens - SPECIAL / 2) / columns
            self._densities[script] = max(density, self._densities.get(script, 0.0))

    def density(self, script: str) -> float:
        """Tokens a column, at most, of what is written in a script."""
        return self._densities.get(script, USUAL) * MARGIN

    def knows(self, script: str) -> bool:
        """Whether a text in this script was counted."""
        return script in self._densities

    def estimate(self, text: str) -> int:
        """Tokens of a text, rather too many than too few."""
        return int(width(text) * self.density(script_of(text))) + SPECIAL

    def samples(self, texts: Sequence[str], maximum: int) -> list[int]:
        """Rows to count first: the longest of each script not yet known, if they may be too long."""
        unknown: defaultdict[str, list[int]] = defaultdict(list)
        for row, text in enumerate(texts):
            if _perhaps(text, maximum) and not self.knows(script := script_of(text)):
                unknown[script].append(row)
        longest = [sorted(rows, key=lambda row: -len(texts[row]))[:SAMPLES] for rows in unknown.values()]
        return sorted(row for rows in longest for row in rows)

    def suspects(self, texts: Sequence[str], maximum: int) -> list[int]:
        """Rows of texts that may be longer than `maximum` tokens."""
        return [row for row, text in enumerate(texts) if self._may_exceed(text, maximum)]

    def _may_exceed(self, text: str, maximum: int) -> bool:
        if not _perhaps(text, maximum):
            return False
        # Most are short enough for any script, and finding theirs is what takes time.
        densest = max(USUAL, *self._densities.values(), 0.0) * MARGIN
        return width(text) * densest + SPECIAL > maximum and self.estimate(text) > maximum


def _perhaps(text: str, maximum: int) -> bool:
    """No tokenizer makes more tokens than bytes."""
    longest = 4 * len(text)
    return 0 < maximum < longest + SPECIAL and maximum < len(text.encode("utf-8", "replace")) + SPECIAL
