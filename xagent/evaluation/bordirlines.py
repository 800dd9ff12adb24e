"""Which passages were found for each question about a territory, and do they bear on it? BordIRlines.

"BordIRlines: A Dataset for Evaluating Cross-lingual Retrieval-Augmented Generation" (Li et al. 2024,
https://arxiv.org/abs/2410.01171). `LANGUAGE/SYSTEM/MODE/LANGUAGE_query_hits.tsv` has the passages that a
system found for the questions of a language; `llm_annotations.tsv` says of most of them whether they are
relevant, as GPT-4o judged that, shown examples (`relevant_fewshot`).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel

from xagent.errors import InputError
from xagent.evaluation.borderlines import Query
from xagent.evaluation.rows import rows
from xagent.evaluation.scorers.concurrence import CONTROL

SETTINGS = {
    f"{mode}{suffix}{kind}": (mode, system, relevant)
    for mode in ("qlang", "qlang_en", "en", "rel_langs", "swap")
    for suffix, system in (("", "openai"), (":m3", "m3"))
    for kind, relevant in (("", None), (":relevant", True), (":non_relevant", False))
}
"""Those with passages: the mode, the system that found them, and whether they are relevant (None: all)."""

_SHOWN = 10
_ANNOTATIONS = "llm_annotations.tsv"


class Hit(BaseModel):
    """A line of a `query_hits.tsv`: a passage found for a question."""

    query_id: str
    rank: int
    doc_id: str
    doc_lang: str

    @property
    def document(self) -> str:
        """Its name in the corpus: passages in several languages share an id."""
        return f"{self.doc_lang}/{self.doc_id}"


class Annotation(BaseModel):
    """A line of `llm_annotations.tsv`, as far as it is read."""

    query_id: str
    doc_id: str
    relevant_fewshot: bool


def root_of(data: Path) -> Path:
    """The folder with the passages: `data` in the one that is named, or that itself."""
    return data / "data" if (data / "data" / "queries.tsv").is_file() else data


def all_hits(root: Path, folder: str) -> Iterator[tuple[str, Hit]]:
    """The passages in the files of a system and mode, and the language that each file is of."""
    for path in sorted(root.glob(f"*/{folder}/*_query_hits.tsv")):
        for hit in rows(path, Hit):
            yield path.name.removesuffix("_query_hits.tsv"), hit


def passages_of(data: Path, queries: Sequence[Query], setting: str) -> Mapping[str, Sequence[Hit]]:
    """The passages found for each question, by its id: those of the first ten that the setting shows.

    Raises InputError where there are none at all, or no annotations that a setting needs.
    """
    mode, system, relevant = SETTINGS[setting]
    first = _first(root_of(data), f"{system}/{'qlang' if mode == 'swap' else mode}")
    if relevant is not None:
        judged = _judged(root_of(data))
        first = {
            name: [hit for hit in listed if judged.get((name, hit.doc_id)) is relevant]
            for name, listed in first.items()
        }
    if mode != "swap":
        return first
    return {name: first.get(other, []) for name, other in _exchanged(queries).items()}


def _judged(root: Path) -> dict[tuple[str, str], bool]:
    """Whether a passage bears on a question, by the ids of both."""
    path = root / _ANNOTATIONS
    if not path.is_file():
        raise InputError(f"{root} has no {_ANNOTATIONS}, which says which passages are relevant")
    return {(one.query_id, one.doc_id): one.relevant_fewshot for one in rows(path, Annotation)}


def _first(root: Path, folder: str) -> dict[str, list[Hit]]:
    """The first ten passages of each question."""
    by_query: defaultdict[str, dict[str, Hit]] = defaultdict(dict)
    for _, hit in all_hits(root, folder):
        by_query[hit.query_id].setdefault(hit.document, hit)  # `en` repeats a part of `control`
    if not by_query:
        raise InputError(f"{root} has no passages: no LANGUAGE/{folder}/LANGUAGE_query_hits.tsv")
    return {
        name: sorted(listed.values(), key=lambda hit: hit.rank)[:_SHOWN] for name, listed in by_query.items()
    }


def _exchanged(queries: Sequence[Query]) -> dict[str, str]:
    """By its id, whose passages each question is given: the next language's, in its territory's circle."""
    circles: defaultdict[str, list[Query]] = defaultdict(list)
    for query in queries:
        if query.language != CONTROL or "en" in query.claimant_languages:
            circles[query.territory].append(query)
    others = {}
    for query in queries:
        circle = sorted(circles[query.territory], key=_place)
        following = circle.index(query) + 1 if query in circle else 0
        if circle and circle[following % len(circle)] != query:
            others[query.id] = circle[following % len(circle)].id
    return others


def _place(query: Query) -> int:
    return query.claimant_languages.index("en" if query.language == CONTROL else query.language)
