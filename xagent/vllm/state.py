"""Which servers has xagent started? One small file each, in a folder of the user's."""

import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from xagent.vllm.commandline import Role
from xagent.vllm.processes import leads


@dataclass(frozen=True, slots=True)
class Server:
    """A server that was started, and is perhaps still there."""

    role: Role
    pid: int
    """Of the process that leads its group."""
    born: str
    """When that process began: see `xagent.vllm.processes`."""
    url: str
    """Its OpenAI-compatible base URL, ending in /v1."""
    model: str
    """The name by which clients ask for the model."""
    weights: str
    """What it loaded: a Hugging Face name or a folder."""
    started: str
    """When, in ISO 8601."""
    log: str
    """The file with what it says."""
    key_file: str = ""
    """The file with the key it asks for, where xagent made one."""
    arguments: tuple[str, ...] = ()
    """What vLLM was told beside the model; no key is among it."""

    @property
    def alive(self) -> bool:
        """Whether its process runs; it may still be loading."""
        return leads(self.pid, self.born)

    @property
    def port(self) -> int:
        """Where it listens; 0 where its URL does not say. Raises ValueError where that is no URL."""
        return urlsplit(self.url).port or 0

    def key(self) -> str:
        """The key that xagent made for it; empty where it was given another or none, or it cannot be read."""
        if not self.key_file:
            return ""
        with suppress(OSError, ValueError):
            return Path(self.key_file).read_text("utf-8").strip()
        return ""


def folder() -> Path:
    """Where servers, logs and the key are kept: `XAGENT_STATE`, else the user's folder for such things."""
    if named := os.environ.get("XAGENT_STATE"):
        return Path(named).expanduser() / "vllm"
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "xagent" / "vllm"


def made_folder() -> Path:
    """The same, made if need be; nobody else may look into it."""
    there = folder()
    there.mkdir(mode=0o700, parents=True, exist_ok=True)
    return there


def made_key() -> Path:
    """The file with the key for the servers of this user, made when there is none; only the user reads it."""
    path = made_folder() / "key"
    with suppress(FileExistsError):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            file.write(f"{secrets.token_urlsafe(32)}\n")
    return path


def servers() -> list[Server]:
    """All that were started and not stopped, by port; some may have ended by themselves."""
    found: list[Server] = []
    with suppress(OSError):  # the folder cannot be looked into
        found = [server for path in folder().glob("*.json") if (server := _read(path))]
    return sorted(found, key=lambda server: server.port)


def _read(path: Path) -> Server | None:
    """What a file says; None for one that was removed meanwhile, is damaged, or cannot be read."""
    # Importing it takes a tenth of a second, which `--help` should not.
    from pydantic import TypeAdapter

    try:
        server = TypeAdapter(Server).validate_json(path.read_bytes())
        return server if path.name == f"{server.port}.json" else None
    except (OSError, ValueError):
        return None


def running(role: Role = "chat") -> Server | None:
    """The server of this kind whose process lives, with the lowest port; None where there is none."""
    return next((one for one in servers() if one.role == role and one.alive), None)


def server_at(url: str) -> Server | None:
    """The server of xagent's own that answers at this base URL; None where there is none."""
    return next((one for one in servers() if one.url == url.rstrip("/") and one.alive), None)


def key_of(url: str) -> str:
    """The key that xagent made for its own server at this base URL; empty for every other URL."""
    there = server_at(url)
    return there.key() if there else ""


def keep(server: Server) -> None:
    """Write down that it was started."""
    path = made_folder() / f"{server.port}.json"
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(asdict(server), indent=2), "utf-8")
    unfinished.replace(path)


def forget(server: Server) -> None:
    """It is no more; its log stays."""
    (folder() / f"{server.port}.json").unlink(missing_ok=True)
