"""No question costs more than it may, whatever requests do and however many run at once."""

import asyncio
import itertools
import time
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xagent.budget import TEMPLATE_TOKENS, Budget
from xagent.errors import BudgetSpent


def send(budget: Budget, size: int = 10, most: int = 20, used: tuple[int, int] = (5, 5)) -> None:
    with budget.request("answer", size, most) as call:
        call.prompt_tokens, call.completion_tokens = used


def test_calls_are_counted_also_those_that_fail() -> None:
    budget = Budget(3, 10**6, 60)
    send(budget)
    with pytest.raises(ZeroDivisionError), budget.request("verify", 10, 20):
        _ = 1 / 0
    assert budget.calls_left == 1
    send(budget)
    with pytest.raises(BudgetSpent, match=r"3 model calls are spent.*--max-calls"):
        send(budget)
    assert [call.step for call in budget.spent] == ["answer", "verify", "answer"]


def test_what_a_server_does_not_tell_counts_as_the_most_it_can_be() -> None:
    budget = Budget(9, 10**6, 60)
    with budget.request("answer", 100, 30) as call:
        assert budget.tokens_left == 10**6 - (100 + TEMPLATE_TOKENS + 30)
    assert (call.prompt_tokens, call.completion_tokens) == (100 + TEMPLATE_TOKENS, 30)
    assert budget.tokens_left == 10**6 - 194
    send(budget, used=(1, 1))
    assert budget.tokens_left == 10**6 - 196


def test_a_request_that_might_cost_too_much_is_not_sent() -> None:
    budget = Budget(9, 100 + TEMPLATE_TOKENS, 60)
    with pytest.raises(BudgetSpent, match=r"tokens are spent.*--max-tokens"):
        send(budget, size=81, most=20)
    assert budget.spent == []
    send(budget, size=80, most=20, used=(1, 1))
    assert budget.tokens_left == 98 + TEMPLATE_TOKENS


def test_time_runs_out() -> None:
    budget = Budget(9, 10**6, 0.05)
    send(budget)
    time.sleep(0.06)
    with pytest.raises(BudgetSpent, match=r"0\.05 seconds are over.*--max-seconds"):
        send(budget)
    assert len(budget.spent) == 1


@pytest.mark.parametrize(
    ("calls", "tokens", "seconds"), [(0, 10**6, 60), (9, 0, 60), (9, 10**6, 0), (-1, -1, -1)]
)
def test_a_budget_of_nothing_allows_nothing(calls: int, tokens: int, seconds: float) -> None:
    budget = Budget(calls, tokens, seconds)
    with pytest.raises(BudgetSpent):
        send(budget)
    assert budget.spent == []


requests = st.lists(
    st.tuples(
        st.integers(0, 400),  # bytes of the prompt
        st.integers(1, 200),  # most tokens of the reply
        st.floats(0, 1),  # the share of both that is used
        st.sampled_from(["told", "untold", "failed"]),
        st.integers(0, 5),  # how many others begin before it ends
    ),
    max_size=20,
)


@given(st.integers(0, 12), st.integers(0, 3000), requests)
def test_no_order_of_requests_exceeds_it(
    calls: int, tokens: int, sent: list[tuple[int, int, float, str, int]]
) -> None:
    budget = Budget(calls, tokens, 60)
    under_way: list[tuple[int, ExitStack]] = []
    refused = 0
    for size, most, share, how, later in sent:
        stack = ExitStack()
        try:
            call = stack.enter_context(budget.request("answer", size, most))
        except BudgetSpent:
            refused += 1
            continue
        if how != "untold":
            call.prompt_tokens, call.completion_tokens = max(1, int(size * share)), int(most * share)
        under_way.append((later, stack))
        assert budget.tokens_left >= 0
        for _, ended in [one for one in under_way if one[0] == 0]:
            ended.close()
        under_way = [(waits - 1, open_) for waits, open_ in under_way if waits]
    for _, stack in under_way:
        stack.close()
    spent = sum(call.prompt_tokens + call.completion_tokens for call in budget.spent)
    assert len(budget.spent) == len(sent) - refused <= calls
    assert spent == tokens - budget.tokens_left <= tokens


@given(st.permutations(range(4)))
def test_what_is_set_aside_is_given_back_in_any_order(order: list[int]) -> None:
    budget = Budget(9, 10_000, 60)
    stacks = [ExitStack() for _ in order]
    for stack in stacks:
        stack.enter_context(budget.request("answer", 100, 100)).prompt_tokens = 10
    assert budget.tokens_left == 10_000 - 4 * (200 + TEMPLATE_TOKENS)
    for n in order:
        stacks[n].close()
    assert budget.tokens_left == 10_000 - 40


def test_each_request_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count(0, 0.25)
    budget = Budget(9, 10**6, 60)
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))
    send(budget)
    send(budget)
    assert [call.milliseconds for call in budget.spent] == [250.0, 250.0]


async def test_what_a_question_waits_for_others_does_not_count() -> None:
    budget = Budget(9, 10**6, 0.2)
    with budget.waiting():
        await asyncio.sleep(0.3)
    assert 0.1 < budget.seconds_left <= 0.2
    assert budget.waited >= 0.3
    send(budget)


async def test_no_limit_runs_out_while_a_request_waits_and_each_does_after() -> None:
    budget = Budget(9, 10**6, 60)

    async def translate() -> None:
        async with budget.aside(0.1, "translating"):
            with budget.waiting():
                await asyncio.sleep(0.2)
            await asyncio.sleep(5)

    began = time.monotonic()
    with pytest.raises(BudgetSpent, match="translating took too long"):
        await translate()
    assert 0.25 < time.monotonic() - began < 3


async def test_requests_that_wait_together_stop_the_clock_until_the_last_has_its_turn() -> None:
    budget = Budget(9, 10**6, 60)

    async def wait(seconds: float) -> None:
        with budget.waiting():
            await asyncio.sleep(seconds)

    async with budget.aside(0.1, "translating"):
        await asyncio.gather(wait(0.1), wait(0.3), wait(0.2))
    assert 0.3 <= budget.waited < 0.5


async def test_to_be_cancelled_while_waiting_leaves_the_limits_as_they_were() -> None:
    budget = Budget(9, 10**6, 0.3)

    async def wait(seconds: float) -> None:
        async with budget.in_time():
            with budget.waiting():
                await asyncio.sleep(seconds)
            await asyncio.sleep(5)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(wait(5), 0.1)
    with pytest.raises(BudgetSpent):
        await wait(0)
