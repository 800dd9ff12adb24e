"""Which GPUs are there, and how much memory does each have?"""

import os
import shutil
import subprocess

_MIB_PER_GIB = 1024
_PATIENCE = 20.0  # seconds: a driver that has slept takes a while to answer


def gpus() -> tuple[float, ...]:
    """The memory in GiB of each NVIDIA GPU that CUDA would see; empty where there is none.

    A GPU that does not tell its memory, as one that shares the machine's, is left out.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    program = shutil.which("nvidia-smi")
    if program is None or visible in ("", "-1"):
        return ()
    query = [program, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    if visible:
        query.append(f"--id={visible}")
    try:
        told = subprocess.run(query, capture_output=True, text=True, timeout=_PATIENCE, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ()  # a driver that is broken serves no model either
    return tuple(int(line) / _MIB_PER_GIB for line in map(str.strip, told.splitlines()) if line.isdecimal())
