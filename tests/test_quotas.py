"""Fair shares: properties that hold whatever was found."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from xagent.quotas import Entry, fair

LANGUAGES = ("ar", "de", "en", "sw", "th", "zh")

ENTRIES = st.lists(st.tuples(st.sampled_from(LANGUAGES), st.booleans(), st.integers(0, 9)), max_size=60).map(
    lambda rows: [Entry(key, code, relevant, own) for key, (code, relevant, own) in enumerate(rows)]
)

K = st.integers(0, 40)


@given(ENTRIES, K)
def test_every_place_is_given_while_there_is_somebody_for_it(entries: list[Entry], k: int) -> None:
    given_places = fair(entries, k)
    assert len(given_places) == min(k, len(entries))
    assert list(given_places) == sorted(given_places), "best first"


@given(ENTRIES, K)
def test_half_of_the_places_go_to_the_best(entries: list[Entry], k: int) -> None:
    best = [entry.key for entry in entries[: k - k // 2]]
    places = fair(entries, k)
    assert all(places[key] == "rank" for key in best)


@given(ENTRIES, K)
def test_no_relevant_one_is_lost_that_had_room(entries: list[Entry], k: int) -> None:
    """One left out had better ones of its language before it, and no other got more by its share."""
    places = fair(entries, k)
    taken = Counter(entry.language for entry in entries if entry.key in places)
    shared = {entry.language for entry in entries if places.get(entry.key) == "share"}
    by_share = [entry for entry in entries if places.get(entry.key) == "share"]
    assert all(entry.relevant for entry in by_share)
    for entry in entries:
        if entry.relevant and entry.key not in places:
            assert all(
                places.get(other.key) == "rank" or other.relevant for other in entries if other.key in places
            )
            assert all(taken[code] <= taken[entry.language] + 1 for code in shared - {entry.language})
            assert all(one.own >= entry.own for one in by_share if one.language == entry.language)


@given(ENTRIES, K)
def test_after_the_best_half_no_place_goes_to_an_irrelevant_one_before_a_relevant_one(
    entries: list[Entry], k: int
) -> None:
    places = fair(entries, k)
    late = [entry for entry in entries[k - k // 2 :] if entry.key in places]
    if any(entry.relevant and entry.key not in places for entry in entries):
        assert all(entry.relevant for entry in late)


@given(ENTRIES, K, st.permutations(LANGUAGES))
def test_what_a_language_is_called_does_not_matter(entries: list[Entry], k: int, names: list[str]) -> None:
    renamed = dict(zip(LANGUAGES, names, strict=True))
    assert fair(entries, k) == fair([e._replace(language=renamed[e.language]) for e in entries], k)


def test_a_crowd_leaves_room_for_one() -> None:
    crowd = [Entry(key, "zh", True) for key in range(1000)]
    assert fair([*crowd, Entry(1000, "en", True)], 2)[1000] == "share"
    assert 1000 not in fair([*crowd, Entry(1000, "en", False)], 10), "a language with nothing relevant yields"


def test_nothing_relevant_anywhere_is_the_plain_ranking() -> None:
    entries = [Entry(key, LANGUAGES[key % 6], False) for key in range(30)]
    assert list(fair(entries, 12)) == list(range(12))
