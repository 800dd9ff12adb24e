"""What fits a GPU: which model, over how many GPUs, and which share of the memory does each server get?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from xagent.errors import InputError
from xagent.vllm.presets import PRESETS, Companion, Preset

USABLE = 0.92
"""The part of a GPU's memory that servers may take together: what vLLM takes unless told otherwise."""

_LEAST = 0.1  # of a GPU, for a model whose size is not known


@dataclass(frozen=True, slots=True)
class Room:
    """The GPUs there are for the servers, and what is asked to run on them."""

    gpus: Sequence[float]
    """GiB of each; empty where there is no GPU, and a model runs on the processor."""
    tensor_parallel: int = 0
    """GPUs that share one copy of the model; 0 for as many as it needs."""
    data_parallel: int = 1
    """Copies of the model."""
    companions: Sequence[Companion] = ()
    """What else runs on the first GPU."""

    @property
    def gpu(self) -> float:
        """GiB of the smallest GPU: each gets the same share."""
        return min(self.gpus)

    @property
    def left(self) -> float:
        """GiB of one GPU that the companions leave."""
        return self.gpu * USABLE - sum(one.memory_gib for one in self.companions)

    def widths(self) -> list[int]:
        """The numbers of GPUs over which one copy may be spread, the least first. Raises InputError."""
        most = len(self.gpus) // self.data_parallel
        if self.tensor_parallel > most or not most:
            needed = self.data_parallel * max(self.tensor_parallel, 1)
            raise InputError(f"{needed} GPUs are asked for, and there are {len(self.gpus)}")
        if self.tensor_parallel:
            return [self.tensor_parallel]
        return [2**n for n in range(most.bit_length()) if 2**n <= most]


def largest(room: Room) -> tuple[Preset, int]:
    """The largest preset that fits, and the GPUs one copy takes; the smallest where there is no GPU.

    Raises InputError where none fits.
    """
    if not room.gpus:
        return PRESETS[0], max(room.tensor_parallel, 1)
    for one in reversed(PRESETS):
        if width := _width(one, room):
            return one, width
    raise InputError(_too_small(PRESETS[0], room))


def width_of(chosen: Preset, room: Room) -> int:
    """The GPUs that one copy of a preset takes. Raises InputError where it does not fit."""
    if not room.gpus:
        return max(room.tensor_parallel, 1)
    if not (width := _width(chosen, room)):
        raise InputError(_too_small(chosen, room))
    return width


def shares(room: Room) -> tuple[float, list[float]]:
    """The main server's share of a GPU, and each companion's; together at most `USABLE`.

    Raises InputError where the companions leave no room.
    """
    if room.left < _LEAST * room.gpu:
        names = " and ".join(one.name for one in room.companions)
        raise InputError(f"{names} leave no room for a model on a GPU of {room.gpu:.0f} GiB: start fewer")
    beside = [math.ceil(one.memory_gib / room.gpu * 1000) for one in room.companions]
    return (round(USABLE * 1000) - sum(beside)) / 1000, [share / 1000 for share in beside]


def _width(chosen: Preset, room: Room) -> int:
    needed = chosen.minimum_gib * USABLE
    return next((width for width in room.widths() if room.left * width >= needed), 0)


def _too_small(chosen: Preset, room: Room) -> str:
    beside = "".join(f" beside {one.name}" for one in room.companions)
    there = f"{len(room.gpus)} of {room.gpu:.0f} GiB" if len(room.gpus) > 1 else f"{room.gpu:.0f} GiB"
    return (
        f"preset {chosen.name} needs {chosen.minimum_gib:.0f} GiB of GPU memory{beside}, and there is "
        f"{there}: choose a smaller preset, start less beside it, or name a quantised model with --model"
    )
