"""Does a passage bear on the question enough for its language to have a share of the places?"""

import statistics
from collections.abc import Mapping, Sequence

from xagent.lexical import rarest
from xagent.rankings import Ranking

COVERED = 0.05
"""The share that a relevant passage has of the weight that a query can have in its language, from 0 to 1.

Where there are few passages no term is rare, and the one that has all of them still covers little of a query
as the text index counts: so that is measured against what a term of one passage alone counts.

Of XQuAD's questions, the paragraph that answers, where it comes first among 240 in another language, has more
in nine of ten cases, and in all in the question's own; another paragraph that comes first has less in six of
ten. It is a low bar: a language yields when it has next to nothing, not when it has less."""

NEAR = 0.5
"""How far from the middle of what was found to the best a relevant passage is at least, by cosine, where the
encoder knows many languages. No scale of an encoder's own matters to it; not fitted."""


def relevant(found: Sequence[Ranking], passages: Mapping[str, int], *, crosslingual: bool) -> set[int]:
    """The keys of passages that are relevant to one of the queries, by their text or to such an encoder.

    `passages` says how many there are in each language.
    """
    bar = {code: COVERED * rarest(count) for code, count in passages.items()}
    by_text = {
        key
        for ranking in found
        if ranking.engine != "vector"
        for key, value in ranking.found
        if value >= bar.get(ranking.language, COVERED)
    }
    return by_text | _near(found) if crosslingual else by_text


def _near(found: Sequence[Ranking]) -> set[int]:
    near: set[int] = set()
    for query in {ranking.query for ranking in found}:
        pairs = [p for one in found if (one.query, one.engine) == (query, "vector") for p in one.found]
        if not pairs:
            continue
        cosines = [cosine for _, cosine in pairs]
        middle = statistics.median(cosines)
        near.update(key for key, cosine in pairs if cosine >= middle + NEAR * (max(cosines) - middle))
    return near
