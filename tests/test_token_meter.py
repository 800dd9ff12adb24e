"""Which texts may be too long: those whose own estimate says so, whatever else was counted."""

from hypothesis import given
from hypothesis import strategies as st

from xagent.token_meter import SPECIAL, TokenMeter

WORDS = [
    "mto",
    "река",
    "نهر",
    "رودخانه",
    "川の水",
    "แม่น้ำ",
    "नदी",
    "nehirlerimizden",
    "joella",
    "odò",
    "נהר",
    "河流",
]
said = st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join) | st.text()
counted = st.lists(st.tuples(said, st.integers(0, 200)), max_size=6)


def taught(samples: list[tuple[str, int]]) -> TokenMeter:
    meter = TokenMeter()
    for text, tokens in samples:
        meter.learn(text, tokens)
    return meter


@given(counted, st.lists(said, max_size=6), st.integers(1, 300))
def test_a_suspect_is_what_its_estimate_makes_one(
    samples: list[tuple[str, int]], texts: list[str], maximum: int
) -> None:
    meter = taught(samples)
    too_long = {row for row, text in enumerate(texts) if meter.estimate(text) > maximum}
    most = [len(text.encode("utf-8", "replace")) + SPECIAL for text in texts]
    assert meter.suspects(texts, maximum) == [row for row in sorted(too_long) if most[row] > maximum]


@given(said.filter(str.strip), st.integers(SPECIAL + 1, 500))
def test_what_was_counted_is_not_underestimated(text: str, tokens: int) -> None:
    assert taught([(text, tokens)]).estimate(text) >= tokens


@given(counted, st.lists(said, max_size=6))
def test_without_a_maximum_nothing_is_too_long(samples: list[tuple[str, int]], texts: list[str]) -> None:
    meter = taught(samples)
    assert meter.suspects(texts, 0) == meter.samples(texts, 0) == []
