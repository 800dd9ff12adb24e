"""A reply is read as what was sent, in either encoding; what is no reply is a ValueError."""

import base64
import json
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xagent.embedding_client import _read

numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)
rows = st.integers(1, 9).flatmap(
    lambda size: st.lists(st.lists(numbers, min_size=size, max_size=size), min_size=1, max_size=9)
)


def in_base64(row: list[float]) -> str:
    return base64.b64encode(np.array(row, dtype="<f4").tobytes()).decode()


def reply(items: Sequence[tuple[int, object]], **other: object) -> bytes:
    data = [{"object": "embedding", "index": index, "embedding": row} for index, row in items]
    return json.dumps({"data": data, **other}).encode()


@given(rows, st.data())
def test_vectors_come_in_the_order_of_the_texts(sent: list[list[float]], data: st.DataObject) -> None:
    """Each as numbers or in base64, whatever the order of the reply."""
    order = data.draw(st.permutations(range(len(sent))))
    plain = data.draw(st.booleans())
    items = [(index, sent[index] if plain else in_base64(sent[index])) for index in order]
    found = _read(reply(items), len(sent))
    assert found.vectors.dtype == np.float32
    assert np.array_equal(found.vectors, np.array(sent, dtype=np.float32))
    assert found.cut == [False] * len(sent)


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [({}, 0), ({"usage": None}, 0), ({"usage": {}}, 0), ({"usage": {"prompt_tokens": 7}}, 7)],
)
def test_tokens_where_they_are_told(usage: dict[str, object], tokens: int) -> None:
    assert _read(reply([(0, [1.0])], **usage), 1).tokens == tokens


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"{}",
        b'{"data": null}',
        b'{"data": [{}]}',
        b'{"data": ["x"]}',
        b'{"error": {"message": "no model"}}',
        b"\xff\xfe",
        reply([(0, {})]),
        reply([(0, [1.0]), (1, [1.0, 2.0])]),
        reply([(0, in_base64([1.0])), (1, in_base64([1.0, 2.0, 3.0]))]),
        reply([(0, "AAA")]),
        reply([(0, "AAAAAAA=")]),
        reply([(0, [1.0])], usage=3),
        reply([(0, [1.0])], usage={"prompt_tokens": "many"}),
    ],
)
def test_what_is_no_reply_is_an_error(wrong: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        _read(wrong, 1)


@given(
    st.recursive(st.none() | st.integers() | st.text() | st.floats(), st.lists, max_leaves=8) | st.binary()
)
def test_any_reply_is_read_or_refused(said: object) -> None:
    content = said if isinstance(said, bytes) else json.dumps({"data": said}).encode()
    with suppress(ValueError):
        _read(content, 1)
