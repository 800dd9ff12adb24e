"""A model that runs in this process, by sentence-transformers."""

import sys
from collections.abc import Callable, Generator, Sequence
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from threading import Lock
from typing import Protocol, cast

import numpy as np

from xagent.embeddings import Vectors
from xagent.errors import EndpointError, MissingExtra
from xagent.model_embedder import Batch, ModelEmbedder

PREFIX = "local:"
"""What the name of such an embedder begins with."""

_BATCH = 64


class _Transformer(Protocol):
    """What is used of a SentenceTransformer."""

    max_seq_length: int | None
    tokenizer: Callable[..., dict[str, list[list[int]]]]

    def encode(self, sentences: list[str], **options: object) -> Vectors: ...


class LocalEmbedder(ModelEmbedder):
    """A model by its name on the Hugging Face hub or its folder; it is loaded when it is first needed.

    Raises MissingExtra without `xagent[local]`, and EndpointError when there is no such model.
    """

    def __init__(self, model: str, dimension: int = 0) -> None:
        super().__init__(f"{PREFIX}{model}", model, dimension)
        if "sentence_transformers" not in sys.modules and find_spec("sentence_transformers") is None:
            raise MissingExtra(f"the embedder {self.name!r}", "local")
        self._name = model
        self._lock = Lock()

    @property
    def maximum(self) -> int:
        """Tokens that the model reads, as its own files say."""
        return int(self._model.max_seq_length or self.card.maximum)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text is, by the model's tokenizer."""
        counted = self._model.tokenizer(list(texts), add_special_tokens=True, truncation=False)
        counts = [len(ids) for ids in counted["input_ids"]]
        for text, tokens in zip(texts, counts, strict=True):
            self.meter.learn(text, tokens)
        return counts

    def _encode(self, sent: Sequence[str], measured: bool) -> Generator[Batch, None, None]:
        # Texts of one length together: the others would be filled up to the longest.
        rows = sorted(range(len(sent)), key=lambda row: len(sent[row]))
        for start in range(0, len(rows), _BATCH):
            part = rows[start : start + _BATCH]
            texts = [sent[row] for row in part]
            yield Batch(part, self._vectors(texts), self._cut(texts) if measured else [False] * len(texts))

    def _cut(self, texts: list[str]) -> list[bool]:
        maximum = self.maximum
        return [0 < maximum < tokens for tokens in self.count_tokens(texts)]

    def _vectors(self, texts: list[str]) -> Vectors:
        # An empty prompt, or the model's own would come before our template.
        with self._lock:
            rows = self._model.encode(
                texts, prompt="", batch_size=_BATCH, show_progress_bar=False, convert_to_numpy=True
            )
        return np.asarray(rows, dtype=np.float32)

    def _wrong(self, what: str) -> Exception:
        return EndpointError(f"{self.name} did not give embeddings: {what}")

    @cached_property
    def _model(self) -> _Transformer:
        library = import_module("sentence_transformers")
        try:
            return cast("_Transformer", library.SentenceTransformer(self._name))
        except (OSError, ValueError) as error:
            said = " ".join(str(error).split())[:200]
            raise EndpointError(f"the model {self._name!r} cannot be loaded: {said}") from error
