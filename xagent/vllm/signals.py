"""What becomes of the servers when a signal comes while they are started, watched or ended?"""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

_ENDING = ("SIGTERM", "SIGHUP")  # by name: Windows lacks one


@contextmanager
def as_ctrl_c() -> Iterator[None]:
    """SIGTERM, and SIGHUP of a terminal that is closed, do what Ctrl-C does (not under `nohup`)."""
    with _handled(_ENDING, _interrupt):
        yield


@contextmanager
def held() -> Iterator[None]:
    """The same and Ctrl-C wait until the block is done: what it has begun is not left half known."""
    came: list[int] = []
    try:
        # Handlers, and no mask: a process that is started in the block would inherit a mask.
        with _handled(("SIGINT", *_ENDING), lambda number, _frame: came.append(number)):
            yield
    finally:
        if came:
            signal.raise_signal(came[0])


@contextmanager
def _handled(names: Sequence[str], handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """The signals go to the handler, but for those that are ignored."""
    wanted = [each for each in signal.Signals if each.name in names]
    before = {each: signal.getsignal(each) for each in wanted}
    before = {each: former for each, former in before.items() if former != signal.SIG_IGN}
    for each in before:
        signal.signal(each, handler)
    try:
        yield
    finally:
        for each, former in before.items():
            signal.signal(each, former)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
