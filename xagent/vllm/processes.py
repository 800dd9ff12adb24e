"""Which processes belong to a server, and how are they all ended?"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_GRACE = 20.0  # seconds between asking a server to end and ending it
_KILLED = 5.0  # seconds: what is killed is gone at once, unless the machine is busy


@dataclass(frozen=True, slots=True)
class Process:
    """A process as the system lists it."""

    pid: int
    group: int
    state: str
    """One letter, Z for one that has ended and was not collected yet."""
    born: str
    """When it began, and on Linux in which boot: a number that is used again belongs to another process."""


def born(pid: int) -> str:
    """When the process began, as `Process.born`; empty where there is none."""
    return next((one.born for one in _listed() if one.pid == pid), "")


def members(pid: int, since: str) -> list[int]:
    """The living processes of the group that process `pid`, begun at `since`, leads or led.

    None where the number has passed to a process that has nothing to do with it.
    """
    if not since.startswith(_boot()):
        return []
    group = [one for one in _listed() if one.group == pid]
    if any(one.pid == pid and one.born != since for one in group):
        return []
    return [one.pid for one in group if one.state[:1] not in "ZX"]


def leads(pid: int, since: str) -> bool:
    """Whether the process itself lives, not only some that it started."""
    return pid in members(pid, since)


def end(pid: int, since: str, grace: float = _GRACE) -> bool:
    """End a process with all of its group; False where some outlive even being killed.

    vLLM's own children hold the memory of a GPU, and outlive it when it alone is killed.
    """
    for sent, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, _KILLED)):
        with suppress(ProcessLookupError, KeyboardInterrupt):  # Ctrl-C again means: do not wait
            if members(pid, since):
                os.killpg(pid, sent)
            _until_gone(pid, since, patience)
        if not members(pid, since):
            return True
    return False


def _until_gone(pid: int, since: str, patience: float) -> None:
    last = time.monotonic() + patience
    while members(pid, since) and time.monotonic() < last:
        time.sleep(0.05)


def _boot() -> str:
    """What tells this boot of the machine from others; empty where the system does not say."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _listed() -> Iterator[Process]:
    """All processes, from /proc where there is one; small Linux images have no `ps`."""
    if not (_PROC / "self/stat").exists():
        yield from _from_ps()
        return
    boot = _boot()
    for entry in _PROC.glob("[0-9]*/stat"):
        with suppress(OSError):  # ended since it was listed
            # The name comes second, in brackets, and may hold anything.
            fields = entry.read_text(errors="replace").rpartition(")")[2].split()
            yield Process(int(entry.parent.name), int(fields[2]), fields[0], f"{boot}:{fields[19]}")


def _from_ps() -> Iterator[Process]:
    asked = ["ps", "-A", "-o", "pid=,pgid=,state=,lstart="]
    listed = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        pid, group, state, began = line.split(maxsplit=3)
        yield Process(int(pid), int(group), state, began.strip())
