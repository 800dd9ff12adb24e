"""Never more requests at once than allowed; fewer when the server is busy, more again when it is calm."""

import asyncio
from time import monotonic

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xagent.request_limit import _CALM, RequestLimit

WENT_WELL, BUSY = True, False


async def ask(limit: RequestLimit, well: bool, running: list[int]) -> None:
    async with limit.slot() as began:
        running[0] += 1
        running.append(running[0])
        assert running[0] <= limit.most
        await asyncio.sleep(0)
        if well:
            limit.went_well()
        else:
            limit.was_busy(began, 0.0)
        running[0] -= 1


async def ask_all(limit: RequestLimit, outcomes: list[bool]) -> int:
    """The most that were under way at once."""
    running = [0]
    await asyncio.gather(*(ask(limit, well, running) for well in outcomes))
    assert limit._running == 0
    return max(running)


@settings(deadline=None)
@given(st.integers(1, 9), st.lists(st.booleans(), max_size=60))
def test_all_get_their_turn_and_never_too_many(most: int, outcomes: list[bool]) -> None:
    limit = RequestLimit(most)
    asyncio.run(ask_all(limit, outcomes))
    assert 1 <= limit.allowed <= most


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(0, 40))
def test_a_calm_server_is_kept_as_busy_as_it_may_be(most: int, requests: int) -> None:
    assert asyncio.run(ask_all(RequestLimit(most), [WENT_WELL] * requests)) == min(most, requests)


@given(st.integers(1, 64), st.lists(st.booleans(), max_size=300))
def test_halved_when_busy_and_one_more_when_calm(most: int, outcomes: list[bool]) -> None:
    """One after the other, so that each refusal counts."""
    limit, allowed, calm = RequestLimit(most), most, 0
    for well in outcomes:
        if well:
            limit.went_well()
            calm += 1
            if calm >= _CALM and allowed < most:
                calm, allowed = 0, allowed + 1
        else:
            limit.was_busy(monotonic(), 0.0)
            calm, allowed = 0, max(1, allowed // 2)
        assert limit.allowed == allowed


@given(st.integers(2, 64), st.integers(1, 20))
def test_of_those_refused_together_one_counts(most: int, refused: int) -> None:
    limit, began = RequestLimit(most), monotonic()
    for _ in range(refused):
        limit.was_busy(began, 0.0)
    assert limit.allowed == most // 2


@given(st.integers(1, 9))
def test_all_that_were_taken_back_are_given_again(most: int) -> None:
    limit = RequestLimit(most)
    for _ in range(most):
        limit.was_busy(monotonic(), 0.0)
    for _ in range(_CALM * most):
        limit.went_well()
    assert limit.allowed == most


def test_a_busy_server_is_let_be() -> None:
    async def wait() -> float:
        limit = RequestLimit(2)
        limit.was_busy(monotonic(), 0.05)
        limit.was_busy(monotonic(), 0.01)
        begun = monotonic()
        await ask_all(limit, [WENT_WELL] * 3)
        return monotonic() - begun

    assert asyncio.run(wait()) >= 0.045


@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError])
def test_a_request_that_fails_gives_its_place_back(error: type[BaseException]) -> None:
    async def fail() -> int:
        limit = RequestLimit(1)
        for _ in range(3):
            with pytest.raises(error):
                async with limit.slot():
                    raise error
        return await ask_all(limit, [WENT_WELL])

    assert asyncio.run(fail()) == 1


def test_who_stops_waiting_takes_no_place() -> None:
    async def stop() -> int:
        limit = RequestLimit(1)
        async with limit.slot():
            waiting = asyncio.create_task(ask_all(limit, [WENT_WELL]))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
        return await ask_all(limit, [WENT_WELL])

    assert asyncio.run(asyncio.wait_for(stop(), 5)) == 1
