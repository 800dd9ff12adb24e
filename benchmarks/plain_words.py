"""BM25 over whole words, to be measured against: what text search is without n-grams.

The words are romanised, as xagent's are, so that names meet across scripts; as they are written, they
find less still.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from xagent.analyser import words

K1 = 1.2
B = 0.75
"""The constants most engines use (Robertson and Zaragoza 2009)."""


class PlainWords:
    """An index of texts, known by their place in the list."""

    def __init__(self, texts: Sequence[str]) -> None:
        counted = [Counter(words(text)) for text in texts]
        average = max(1.0, sum(map(Counter.total, counted)) / max(1, len(texts)))
        having = Counter(word for counts in counted for word in counts)
        self._weights: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
        for n, counts in enumerate(counted):
            length = K1 * (1 - B + B * counts.total() / average)
            for word, count in counts.items():
                idf = math.log(1 + (len(texts) - having[word] + 0.5) / (having[word] + 0.5))
                self._weights[word].append((n, idf * count * (K1 + 1) / (count + length)))

    def search(self, question: str, k: int) -> list[int]:
        """The `k` best texts, best first; those that share no word are not among them."""
        scores: defaultdict[int, float] = defaultdict(float)
        for word in dict.fromkeys(words(question)):
            for n, weight in self._weights.get(word, ()):
                scores[n] += weight
        return sorted(scores, key=lambda n: (-scores[n], n))[:k]
