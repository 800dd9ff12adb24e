"""What whoever ingests should know of the embedder, in a line each: what it cuts off, what it cannot read."""

from collections.abc import Iterator, Mapping

from xagent.embeddings import Embedder
from xagent.model_embedder import ModelEmbedder

_READABLE = {"en", "und", "zxx"}
"""Languages that an English model is no worse for: English, and where there is none to read."""

_LISTED = 5


def notes_on(
    embedder: Embedder, passages: Mapping[str, int], cut: int = 0, estimated: bool = False
) -> Iterator[str]:
    """The notes, for passages by language of which it did not read `cut` to their end."""
    if not isinstance(embedder, ModelEmbedder):
        return
    if cut:
        yield _on_length(embedder, cut, estimated)
    if embedder.card.languages == "english" and (others := {*passages} - _READABLE):
        yield _on_languages(embedder, {code: passages[code] for code in others})
    if passages and "NC" in embedder.card.licence.split("-"):
        yield f"{embedder.name} is licensed {embedder.card.licence}: not for commercial use"
    if embedder.cache and embedder.cache.trouble:
        yield embedder.cache.trouble


def _on_length(embedder: ModelEmbedder, cut: int, estimated: bool) -> str:
    counted = "by an estimate, since its server counts no tokens, " if estimated else ""
    plural = "passage is" if cut == 1 else "passages are"
    return (
        f"{counted}{cut:,} {plural} longer than the {embedder.maximum:,} tokens that {embedder.name} reads: "
        f"what comes after is found by its words only; an embedder that reads more, such as BAAI/bge-m3, "
        f"or a shorter title helps"
    )


def _on_languages(embedder: ModelEmbedder, others: Mapping[str, int]) -> str:
    most = sorted(others, key=lambda code: (-others[code], code))
    listed = ", ".join(most[:_LISTED]) + (" …" if len(most) > _LISTED else "")
    return (
        f"{embedder.name} knows English only: {sum(others.values()):,} passages in other languages "
        f"({listed}) are found by their words, hardly by their meaning; a multilingual embedder, such as "
        f"BAAI/bge-m3, finds them"
    )
