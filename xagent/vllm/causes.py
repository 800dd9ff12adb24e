"""Why did a server end while it was loading? The likely cause, by what its log says."""

import re
from pathlib import Path

from xagent.terminal import one_line

_TAIL = 64_000  # bytes: the trace of one failure, repeated by each of vLLM's processes
_GIST = 100  # characters

# In this order: what is said last in a log is often a consequence. Small letters.
_CAUSES = (
    (
        r"out of memory|no available memory for the cache|less than desired gpu memory utilization"
        r"|larger than the available kv cache memory",
        "the GPU has too little memory left: stop what else uses it, choose a smaller --preset, "
        "or lower --max-model-len",
    ),
    (r"address already in use", "its port is taken: choose another with --port"),
    (
        r"gated repo|gatedrepoerror|access to model .* is restricted",
        "the model's licence must be accepted on Hugging Face first, and HF_TOKEN set",
    ),
    (
        r"is not a valid model identifier|repositorynotfound|repository not found|repo id must be in the form"
        r"|is not a local folder|no such file or directory: .*config\.json",
        "there is no such model: check --model (a Hugging Face name, or a folder with config.json)",
    ),
    (
        r"localentrynotfound|couldn't connect to 'https://huggingface|name resolution"
        r"|name or service not known|offline mode is enabled",
        "the model is not on this machine, and Hugging Face cannot be reached",
    ),
    (
        r"failed to infer device type|no cuda gpus are available|found no nvidia driver|libcuda\.so",
        "vLLM finds no GPU that it can use: does `nvidia-smi` list one?",
    ),
    (
        r"no module named 'xagent",
        "vLLM is installed apart from xagent and cannot load its guide: install both in one environment, "
        "or use --no-guide",
    ),
    (
        r"unrecognized arguments|invalid choice|no such option",
        "vLLM does not know an option that it was given, which the log names: is it 0.30 or newer?",
    ),
    (r"no module named|importerror", "its installation lacks a part"),
    (r"no space left on device|disk quota exceeded", "the disk is full"),
)


def cause(log: Path) -> str:
    """What made a server end, and what to do about it; or else the last that it said."""
    text = _tail(log)
    for pattern, meaning in _CAUSES:
        if re.search(pattern, text, re.IGNORECASE):
            return meaning
    return gist(log) or "it said nothing"


def gist(log: Path) -> str:
    """The last line of a log, on one line and cut to be shown while a server loads."""
    # A progress bar is redrawn with carriage returns.
    lines = [shown for line in re.split(r"[\r\n]+", _tail(log)) if (shown := one_line(line))]
    last = lines[-1] if lines else ""
    return last if len(last) <= _GIST else f"{last[: _GIST - 1]}…"


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(log.stat().st_size - _TAIL, 0))
            return file.read().decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""  # whoever looks after the disk has removed it, or it is not where a damaged file says
