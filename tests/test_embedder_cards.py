"""A model is known by its name however it is written, and its templates change nothing of a text."""

from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as st

from xagent.embedder_cards import BARE, UNKNOWN, EmbedderCard, _cards, card_of

NAMES = [name.rstrip("*") for card in _cards() for name in card.names if not name.startswith("*")]
names = st.sampled_from(NAMES)
folders = st.text(max_size=10)


def test_there_are_models_to_know() -> None:
    assert len(NAMES) > 10
    assert all(card_of(name) is not UNKNOWN for name in NAMES)


@given(names, folders, st.sampled_from(["", "/", "//"]))
def test_the_place_of_a_model_does_not_matter(name: str, folder: str, end: str) -> None:
    assert card_of(f"{folder}/{name}{end}") == card_of(name)


@given(names, st.data())
def test_capitals_do_not_matter(name: str, data: st.DataObject) -> None:
    capitals = data.draw(st.lists(st.booleans(), min_size=len(name), max_size=len(name)))
    written = "".join(c.upper() if up else c for c, up in zip(name, capitals, strict=True))
    assert card_of(written) == card_of(name)


@given(st.text() | names.flatmap(lambda name: st.text(max_size=8).map(lambda end: name + end)))
def test_the_most_exact_name_is_meant(model: str) -> None:
    base = model.rstrip("/").rpartition("/")[2].casefold()
    fitting = {name: card for card in _cards() for name in card.names if fnmatchcase(base, name)}
    found = card_of(model)
    if not fitting:
        assert found is UNKNOWN
    else:
        assert found in [fitting[name] for name in fitting if len(name) == max(map(len, fitting))]


def test_no_two_models_share_a_name() -> None:
    written = [name for card in _cards() for name in card.names]
    assert len(written) == len(set(written))
    assert all(name == name.casefold() and "/" not in name for name in written)


@given(st.text())
def test_any_name_is_answered(model: str) -> None:
    assert isinstance(card_of(model), EmbedderCard)


@given(names, st.text() | st.sampled_from([BARE, "{0} \\1 ما هذا؟", "{text}{text} ท่าเรือ", "%s नदी"]))
def test_a_text_is_sent_whole(name: str, text: str) -> None:
    card = card_of(name)
    for template, sent in ((card.query, card.for_query(text)), (card.passage, card.for_passage(text))):
        before, _, after = template.partition(BARE)
        assert sent == before + text + after


def test_each_card_makes_sense() -> None:
    for card in _cards():
        assert BARE in card.query
        assert BARE in card.passage
        assert card.dimension > 0
        assert card.maximum > 0
        assert card.languages == "many" or not card.crosslingual
        assert card.licence


def test_without_templates_all_else_stays() -> None:
    card = card_of("multilingual-e5-small")
    assert card.without_templates().for_passage("sana") == "sana"
    assert card.without_templates().maximum == card.maximum
