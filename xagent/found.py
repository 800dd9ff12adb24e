"""What a search found, and how it came about."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal

from xagent.passages import Passage
from xagent.quotas import Quota
from xagent.rankings import Engine, Place, Query


@dataclass(frozen=True, slots=True)
class Sibling:
    """A passage that says the same as a hit."""

    id: str
    source: str
    language: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found, and why."""

    passage: Passage
    score: float
    """Fused score: comparable within one search only."""
    places: tuple[Place, ...] = ()
    """Its rank by each query and engine that found it, the question as it was asked first."""
    quota: Quota = "rank"
    """By what right it is here: its rank, or its language's share."""
    relevant: bool = True
    """Whether it bears on the question enough to have a share."""
    siblings: tuple[Sibling, ...] = ()
    """Copies and translations of it, which it stands for."""
    joined: tuple[Passage, ...] = ()
    """Neighbours that complete it: it begins or ends in the middle of a sentence of theirs."""
    coverage: float = 0.0
    """The share of the question's weight that the passage's text has, from 0 to 1."""

    @property
    def dense_rank(self) -> int | None:
        """Its place by vector over all languages, from 1, for the question as it was asked."""
        return self._rank("vector")

    @property
    def lexical_rank(self) -> int | None:
        """Its place by text over all languages, from 1, for the question as it was asked."""
        return self._rank("text")

    def _rank(self, engine: Engine) -> int | None:
        return next((at.overall for at in self.places if (at.query, at.engine) == (0, engine)), None)

    def as_dict(self) -> dict[str, object]:
        """What was found and why, as plain values."""
        return {
            **_plain(self.passage),
            "score": self.score,
            "dense_rank": self.dense_rank,
            "lexical_rank": self.lexical_rank,
            "coverage": self.coverage,
            "quota": self.quota,
            "relevant": self.relevant,
            "places": [place._asdict() for place in self.places],
            "siblings": [asdict(sibling) for sibling in self.siblings],
            "joined": [_plain(passage) for passage in self.joined],
        }


@dataclass(frozen=True, slots=True)
class Share:
    """What became of one language in a search."""

    language: str
    found: int
    """Passages that an engine found."""
    relevant: int
    """Those that bear on the question enough to have a share; without any, the share is yielded."""
    by_rank: int
    """Places that its passages had by their rank."""
    by_share: int
    """Places that they had by its share."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A passage that was considered and got no place."""

    passage: Passage
    score: float
    why: Literal["outranked", "irrelevant"]
    """Others of its language and of all are better; or it bears on the question too little for a share."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, and how it came about; iterates over the hits."""

    hits: tuple[Hit, ...]
    """Best first."""
    queries: tuple[Query, ...]
    shares: tuple[Share, ...] = ()
    """Of each language searched that had anything, by code."""
    cut: tuple[Cut, ...] = ()
    """The next best, best first."""

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def as_dict(self) -> dict[str, object]:
        """All of it as plain values."""
        return {
            "queries": [{**asdict(query), "within": sorted(query.within)} for query in self.queries],
            "hits": [hit.as_dict() for hit in self.hits],
            "shares": [asdict(share) for share in self.shares],
            "cut": [{**_plain(cut.passage), "score": cut.score, "why": cut.why} for cut in self.cut],
        }


def _plain(passage: Passage) -> dict[str, object]:
    values = {**asdict(passage), "id": passage.id}
    del values["key"]
    return values
