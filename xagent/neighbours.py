"""Passages beside each other in a document: what completes a passage, and what to read in one piece."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from xagent.catalog import Catalog
from xagent.passages import Passage
from xagent.sentences import sentence_breaks

AROUND = 120
"""Characters on both sides of where two passages meet that tell whether a sentence goes on there."""

HEADING = 200
"""Characters before a passage in which its heading may stand."""

_ENDED = re.compile(r"[.!?…。！？｡؟۔।॥։።]\W*$")
_AFTER_HEADING = re.compile(r"[\s#=*_-]*")

_EXTENTS = "SELECT key, document, start, end, heading, language FROM passages WHERE state = 1 AND key IN"
_SEAMS = f"""
SELECT p.key,
       substr(d.text, max(p.start, p.end - {AROUND}) + 1, min({AROUND}, p.end - p.start)),
       substr(d.text, p.end + 1, 2 * {AROUND})
FROM passages p JOIN documents d ON d.id = p.document WHERE p.key IN
"""


@dataclass(frozen=True, slots=True)
class _Extent:
    """Where a passage lies, without its text."""

    key: int
    document: int
    start: int
    end: int
    heading: str
    language: str

    def goes_on_in(self, other: "_Extent") -> bool:
        """Whether the other follows in the same section."""
        same = (self.document, self.heading, self.language) == (other.document, other.heading, other.language)
        return same and self.end <= other.start < self.end + AROUND


def neighbours(catalog: Catalog, passages: Sequence[Passage]) -> dict[int, tuple[Passage, ...]]:
    """By key, the passages beside one that it shares a sentence with: it was too long for one passage."""
    # A document's passages were written one after the other, so that neighbours have neighbouring keys.
    extents = _extents(catalog, {key + step for key in (p.key for p in passages) for step in (-1, 0, 1)})
    ended = {passage.key for passage in passages if _ENDED.search(passage.text[-8:])}
    seams = {
        left: extents[left + 1].start - extents[left].end
        for passage in passages
        for left in (passage.key - 1, passage.key)
        if left not in ended and left in extents and left + 1 in extents
        if extents[left].goes_on_in(extents[left + 1])
    }
    broken = set(_broken(catalog, seams, extents))
    beside = {
        passage.key: [
            key
            for key, left in ((passage.key - 1, passage.key - 1), (passage.key + 1, passage.key))
            if left in broken
        ]
        for passage in passages
    }
    found = catalog.passages(set(chain(*beside.values())))
    return {key: tuple(found[one] for one in near if one in found) for key, near in beside.items() if near}


def _extents(catalog: Catalog, keys: set[int]) -> dict[int, _Extent]:
    rows = _rows(catalog, _EXTENTS, keys)
    return {
        int(str(key)): _Extent(
            int(str(key)), int(str(of)), int(str(start)), int(str(end)), str(heading), str(code)
        )
        for key, of, start, end, heading, code in rows
    }


def _rows(catalog: Catalog, statement: str, keys: set[int]) -> Iterator[tuple[object, ...]]:
    wanted = sorted(keys)
    for batch in (wanted[i : i + 500] for i in range(0, len(wanted), 500)):
        yield from catalog.rows(f"{statement} ({','.join('?' * len(batch))})", batch)


def _broken(catalog: Catalog, seams: Mapping[int, int], extents: Mapping[int, _Extent]) -> Iterator[int]:
    """The keys of those passages, of which the gap to the next is given, that end in mid-sentence."""
    for row in _rows(catalog, _SEAMS, set(seams)):
        key, before, after = int(str(row[0])), str(row[1]), str(row[2])
        right = after[: seams[key] + AROUND]
        if "\n\n" in right[: seams[key]] or _ENDED.search(before[-8:]):
            continue
        breaks = sentence_breaks(before + right, extents[key].language)
        if all(found.end != len(before) for found in breaks):
            yield key


def pieces(catalog: Catalog, read: Sequence[tuple[Passage, ...]]) -> tuple[Passage, ...]:
    """What is to be read: passages that follow each other in a document are one piece, in reading order.

    Each of `read` is a passage and the neighbours that complete it, the best first; a piece has the key of
    the best passage in it, and begins with its heading where that stands right before it. Its text is the
    document's from `start` to `end`.
    """
    runs: list[list[Passage]] = []
    for group in read:
        run = list(group)
        for other in [other for other in runs if _touch(other, run)]:
            runs.remove(other)
            run = [*other, *run]
        runs.append(run)
    order = {group[0].key: n for n, group in reversed(list(enumerate(read)))}
    ordered = sorted(runs, key=lambda run: min(order.get(passage.key, len(order)) for passage in run))
    return tuple(_piece(catalog, sorted(run, key=lambda p: order.get(p.key, len(order)))) for run in ordered)


def _touch(one: Sequence[Passage], other: Sequence[Passage]) -> bool:
    return any(
        abs(left.key - right.key) <= 1 and (left.source, left.language) == (right.source, right.language)
        for left in one
        for right in other
    )


def _piece(catalog: Catalog, run: Sequence[Passage]) -> Passage:
    """The passages as one; the first is the best of them."""
    top = min(run, key=lambda passage: passage.start)
    start, end = _headed(catalog, top), max(passage.end for passage in run)
    if (start, end) == (run[0].start, run[0].end):
        return run[0]
    text = catalog.quotation(run[0].key, start, end)
    return replace(run[0], start=start, end=end, text=text, heading=top.heading)


def _headed(catalog: Catalog, passage: Passage) -> int:
    """Where the heading right before a passage begins; where the passage does when there is none."""
    if not passage.heading or not passage.start:
        return passage.start
    first = max(0, passage.start - HEADING)
    before = catalog.quotation(passage.key, first, passage.start)
    at = before.rfind(passage.heading)
    if at < 0 or not _AFTER_HEADING.fullmatch(before, at + len(passage.heading)):
        return passage.start
    return first + before.rfind("\n", 0, at) + 1
