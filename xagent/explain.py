"""How a search came to its hits, as people read it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from xagent.terminal import console, is_terminal, isolated, one_line

if TYPE_CHECKING:
    from xagent.passages import Passage
    from xagent.retrieval import Cut, Found, Hit, Place, Query, Share, Sibling

RIGHTS = {"rank": "here by its rank", "share": "here by its language's share"}

REASONS = {"outranked": "others are better", "irrelevant": "bears on the question too little"}


def show_reasons(hit: "Hit", queries: "tuple[Query, ...]") -> None:
    """Where a hit comes from, what it stands for, and what completes it."""
    screen = console()
    for line in _reasons(hit, queries):
        screen.print(f"   {line}", style="dim", soft_wrap=True)


def _reasons(hit: "Hit", queries: "tuple[Query, ...]") -> Iterator[str]:
    yield RIGHTS[hit.quota] + (
        "" if hit.relevant else ", though it bears on the question too little for a share"
    )
    for number in dict.fromkeys(place.query for place in hit.places):
        ranks = "; ".join(_rank(at, hit.passage.language) for at in hit.places if at.query == number)
        yield f"{_named(number, queries)}: {ranks}"
    for sibling in hit.siblings:
        yield f"the same: {_place(sibling)}"
    for passage in hit.joined:
        yield f"completed by: {_place(passage)}"


def _named(number: int, queries: "tuple[Query, ...]") -> str:
    return f"query {number + 1}, {queries[number].origin}"


def _rank(place: "Place", language: str) -> str:
    measure = "cosine" if place.engine == "vector" else "covers"
    return (
        f"{place.engine} {place.within} in {language}, {place.overall} over all ({measure} {place.value:.2f})"
    )


def _place(of: "Sibling | Passage") -> str:
    return f"{_apart(of.source)} · {of.language} · {of.start}-{of.end}"


def show_course(found: "Found") -> None:
    """What was searched with, what each language had and was given, and what got no place."""
    screen = console()
    for number, query in enumerate(found.queries):
        screen.print(f"{_named(number, found.queries)}: {_query(query)}", soft_wrap=True)
    for share in found.shares:
        screen.print(_share(share), style="dim", soft_wrap=True)
    for cut in found.cut:
        screen.print(_cut(cut), style="dim", soft_wrap=True)


def _query(query: "Query") -> str:
    within = f", in {', '.join(sorted(query.within))} only" if query.within else ""
    return f"{_apart(query.text)} ({query.language}{within})"


def _share(share: "Share") -> str:
    given = f"{share.by_rank} here by rank, {share.by_share} by share"
    yielded = "" if share.relevant else "; nothing relevant: its share is yielded"
    return f"{share.language}: {share.found} found, {share.relevant} relevant, {given}{yielded}"


def _cut(cut: "Cut") -> str:
    return f"cut: {_place(cut.passage)} · score {cut.score:.4f} · {REASONS[cut.why]}"


def _apart(text: str) -> str:
    line = one_line(text)
    return isolated(line) if is_terminal() else line
