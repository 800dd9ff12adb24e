"""What is put is got, for its text and embedder alone; a file that is damaged costs time, never an answer."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from xagent.vector_cache import VectorCache

ASIA = ["جسر فوق النهر", "پل روی رودخانه", "גשר", "桥", "橋をわたる", "สะพาน"]
SAID = [*ASIA, "पुल", "köprüden", "sillalta", "daraja", "afárá"]
LIKE = ["\u00e9", "e\u0301", "", " ", "\0", "\ud800"]
"""Texts that are easily taken for one another."""

kept_texts = st.lists(st.text() | st.sampled_from(SAID + LIKE), unique=True, max_size=12)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "embeddings.sqlite"


def vectors(count: int, dimension: int = 8) -> NDArray[np.float32]:
    return np.random.default_rng(count).standard_normal((count, dimension), dtype=np.float32)


def fill(path: Path, said: list[str] = SAID, identity: str = "model") -> NDArray[np.float32]:
    cache, given_vectors = VectorCache(path, identity), vectors(len(said))
    cache.keep(said, given_vectors, [False] * len(said))
    cache.close()
    return given_vectors


@settings(deadline=None)
@given(kept_texts, kept_texts, st.integers(1, 40), st.data())
def test_what_is_put_is_got(said: list[str], others: list[str], dimension: int, data: st.DataObject) -> None:
    cut = data.draw(st.lists(st.booleans(), min_size=len(said), max_size=len(said)))
    asked = data.draw(st.permutations(said + others))
    given_vectors = vectors(len(said), dimension)
    with TemporaryDirectory() as folder:
        cache = VectorCache(Path(folder) / "c", "model")
        cache.keep(said, given_vectors, cut)
        cache.close()
        found = cache.find(asked)
        assert set(found) == {index for index, text in enumerate(asked) if text in said}
        for index, kept in found.items():
            row = said.index(asked[index])
            assert np.array_equal(kept.vector, given_vectors[row])
            assert kept.cut is cut[row]
        assert not cache.trouble
        cache.close()


@settings(deadline=None)
@given(st.text(), st.text())
@example("model\x00384", "model\x001024")
@example("e5", "e5 ")
def test_each_embedder_has_its_own(one: str, other: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "c"
        fill(path, identity=one)
        cache = VectorCache(path, other)
        assert len(cache.find(SAID)) == (len(SAID) if one == other else 0)
        cache.close()


def test_the_last_put_counts(path: Path) -> None:
    fill(path)
    cache = VectorCache(path, "model")
    cache.keep(["桥"], vectors(1), [True])
    assert cache.count() == len(SAID)
    assert np.array_equal(cache.find(["桥"])[0].vector, vectors(1)[0])
    assert cache.find(["桥"])[0].cut


@pytest.mark.parametrize("count", [0, 1, 166, 167, 1200])
def test_any_number_at_once(path: Path, count: int) -> None:
    """More than one statement takes."""
    said = [f"{n} สะพาน" for n in range(count)]
    given_vectors = fill(path, said)
    found = VectorCache(path, "model").find(said)
    assert [found[n].vector.tolist() for n in range(count)] == given_vectors.tolist()


def test_all_of_a_batch_or_nothing(path: Path) -> None:
    """As many vectors as texts; a mistake keeps none."""
    cache = VectorCache(path, "model")
    with pytest.raises(ValueError, match="zip"):
        cache.keep(SAID, vectors(2), [False] * len(SAID))
    assert cache.count() == 0


def test_it_is_there_before_the_file_is_closed(path: Path) -> None:
    """Who is killed closes nothing."""
    cache = VectorCache(path, "model")
    cache.keep(SAID, vectors(len(SAID)), [False] * len(SAID))
    assert len(VectorCache(path, "model").find(SAID)) == len(SAID)


def test_several_threads(path: Path) -> None:
    cache = VectorCache(path, "model")
    said = [[f"{n} {text}" for text in SAID] for n in range(20)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda part: cache.keep(part, vectors(len(part)), [False] * len(part)), said))
    assert cache.count() == 20 * len(SAID)


# Damage


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "c"
    fill(path)
    return path.read_bytes()


def answers(damaged: bytes) -> None:
    """Each vector that is found is right, and the cache can be used afterwards or says why not."""
    right = vectors(len(SAID))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "c"
        path.write_bytes(damaged)
        cache = VectorCache(path, "model")
        for index, kept in cache.find(SAID).items():
            assert np.array_equal(kept.vector, right[index])
        cache.keep(SAID, right, [False] * len(SAID))
        assert len(cache.find(SAID)) == len(SAID) or cache.trouble
        assert "\n" not in cache.trouble
        cache.close()


@settings(deadline=None)
@given(st.data())
def test_changed_bytes_give_no_wrong_vector(whole: bytes, data: st.DataObject) -> None:
    damaged = bytearray(whole)
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=20)):
        damaged[place] ^= data.draw(st.integers(1, 255))
    answers(bytes(damaged))


def test_a_damaged_schema_is_no_error(whole: bytes) -> None:
    """SQLite gives its text as it is, and Python cannot read it."""
    answers(whole.replace(b"CREATE TABLE vectors", b"CREATE TABLE vectors"[:-1] + b"\xf6"))
    answers(whole.replace(b"PRIMARY KEY", b"PRIMARY \xf6EY"))


@settings(deadline=None)
@given(st.data())
def test_a_file_cut_off_gives_no_wrong_vector(whole: bytes, data: st.DataObject) -> None:
    answers(whole[: data.draw(st.integers(0, len(whole)))])


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_any_other_file_is_no_error(content: bytes) -> None:
    answers(content)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_a_rotten_row_is_not_there(rotten: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "c"
        fill(path, SAID[:2])
        connection = sqlite3.connect(path)
        with connection:
            connection.execute("UPDATE vectors SET vector = ?", (rotten,))
        connection.close()
        cache = VectorCache(path, "model")
        assert cache.find(SAID[:2]) == {}
        cache.close()


@pytest.mark.parametrize(
    "damage", ["vector = (SELECT max(vector) FROM vectors)", "cut = NOT cut", "cut = 'x'"]
)
def test_a_row_mixed_with_another_is_not_there(path: Path, damage: str) -> None:
    """As a damaged index does it: each value is sound, and belongs elsewhere."""
    right = fill(path)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(f"UPDATE vectors SET {damage}")
    connection.close()
    found = VectorCache(path, "model").find(SAID)
    assert len(found) <= 1
    assert all(np.array_equal(kept.vector, right[index]) and not kept.cut for index, kept in found.items())


def test_a_file_out_of_reach_is_let_be(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "nowhere" / "c", "model")
    cache.keep(SAID, vectors(len(SAID)), [False] * len(SAID))
    assert cache.find(SAID) == {}
    assert "not used" in cache.trouble


def test_forgotten_is_what_nobody_asked_for(path: Path) -> None:
    fill(path)
    cache = VectorCache(path, "model")
    cache.start_over()
    cache.find([*SAID[:3], "new"])
    cache.forget_others()
    assert set(cache.find(SAID)) == {0, 1, 2}
