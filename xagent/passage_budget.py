"""How long passages may be, so that the embedder reads each to its end."""

from collections import Counter
from functools import cached_property

from xagent.corpus import BUDGET, split_passages, width
from xagent.embeddings import Embedder
from xagent.languages import script_of
from xagent.model_embedder import ModelEmbedder
from xagent.readers import Document
from xagent.token_meter import SPECIAL

LEAST = 100
"""Width below which no passage is made shorter: a sentence should stay whole, whatever the embedder reads."""

_DOCUMENTS = 4  # of a script, that are measured
_CHUNKS = 4  # of each

_MOST_TOKENS = 3 * BUDGET  # no character of one column is more than three bytes, nor more tokens than bytes


class PassageBudget:
    """The width of a passage at most, by the script it is in and the title it stands under.

    What a column comes to in tokens is measured on the first documents of each script.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._measured: Counter[str] = Counter()

    @cached_property
    def _maximum(self) -> int:
        """Tokens that the embedder reads; 0 when a passage of the usual width cannot be longer."""
        maximum = self._embedder.maximum
        return maximum if maximum < _MOST_TOKENS else 0

    def of(self, document: Document) -> int:
        """The budget for a document's passages."""
        if not isinstance(self._embedder, ModelEmbedder) or not self._maximum:
            return BUDGET
        script = script_of(document.text)
        self._measure(self._embedder, script, document)
        columns = int((self._maximum - SPECIAL) / self._embedder.meter.density(script))
        return max(LEAST, min(BUDGET, columns - self._around(self._embedder, document)))

    def _measure(self, embedder: ModelEmbedder, script: str, document: Document) -> None:
        if self._measured[script] < _DOCUMENTS:
            self._measured[script] += 1
            chunks = split_passages(document)
            embedder.count_tokens(
                [chunk.text for chunk in chunks[:: max(1, len(chunks) // _CHUNKS)][:_CHUNKS]]
            )

    def _around(self, embedder: ModelEmbedder, document: Document) -> int:
        """What a passage is sent with: its title, its heading, the template."""
        headings = [width(heading) for _, heading in document.headings]
        return width(document.title) + max(headings, default=0) + len(embedder.card.for_passage(""))
