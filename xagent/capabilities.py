"""What can a server do? Learnt from the server itself, once, with requests that cost nothing or next to it.

KINDS is the one table of what differs between kinds of server; what all of them understand (chat, streams,
`response_format`) is not in it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import httpx2

from xagent.replicas import base_urls, is_local

_PATIENCE = 5.0  # seconds
_NOTHING = (httpx2.HTTPError, httpx2.InvalidURL)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of server, and what is known of all of its kind."""

    name: str
    owners: tuple[str, ...]
    """What it names as the owner of its models."""
    backend: str = ""
    """What holds replies to a schema."""
    patterns: bool = False
    """Whether a schema's `pattern` is kept to, as a regular expression of ranges."""


KINDS = (
    Kind("vLLM", ("vllm",), "xgrammar or guidance", patterns=True),
    Kind("llama.cpp", ("llamacpp",), "GBNF", patterns=True),
    Kind("Ollama", ("library", "ollama"), "GBNF"),
    Kind("LM Studio", ("organization_owner", "lmstudio"), "GBNF or outlines"),
)
UNKNOWN = Kind("unknown", ())


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a server was found to do for a model."""

    server: str
    """Its kind, with the version where it says that; empty where it did not answer."""
    context_length: int = 0
    """Tokens, in and out; 0 where it does not say."""
    structured: str = ""
    """What holds replies to a schema; empty where that is not known, and is tried."""
    patterns: bool = False
    """Whether a schema's `pattern` is kept to."""
    decisions: bool = False
    """`/v1/decisions`: probabilities without writing."""
    embeddings: bool = False
    rerank: bool = False
    guided: bool = False
    """Whether xagent's plug-in keeps its decoding to a language."""

    def as_dict(self) -> dict[str, object]:
        """All fields."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Asking:
    """Requests to a server; one that fails has found nothing, and what it was about is done without."""

    url: str
    headers: Mapping[str, str]
    client: httpx2.Client

    def get(self, path: str) -> Mapping[str, object] | None:
        """What is there, as an object; None where the server is out of reach, or fails."""
        try:
            answer = self.client.get(f"{self.url}{path}", headers=self.headers)
            found = answer.json() if answer.status_code < 500 else None
        except (httpx2.HTTPError, httpx2.InvalidURL):
            return None
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else None if answer.status_code >= 500 else {}

    def takes(self, path: str) -> bool:
        """Whether there is something to POST to: such a place refuses GET with its own status."""
        try:
            return self.client.get(f"{self.url}{path}", headers=self.headers).status_code == 405
        except _NOTHING:
            return False

    def guided(self, model: str) -> bool:
        """Whether the plug-in is there: it refuses a language that there is none of."""
        body = {"model": model, "prompt": "a", "max_tokens": 1, "vllm_xargs": {"xagent_language": "?"}}
        try:
            answer = self.client.post(f"{self.url}/completions", json=body, headers=self.headers)
        except _NOTHING:
            return False
        return answer.status_code == 400 and "xagent_language" in answer.text


def kind_of(owner: str) -> Kind:
    """The kind of server that names this owner of its models."""
    return next((kind for kind in KINDS if owner in kind.owners), UNKNOWN)


def capabilities(url: str, model: str, key: str = "") -> Capabilities:
    """What the server at an OpenAI-compatible `url` (ending in `/v1`) is, and can do with a model.

    Of several, with commas, what the first that answers can do: they are alike. Never raises: what cannot be
    found out is taken not to be there.
    """
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with httpx2.Client(timeout=_PATIENCE, trust_env=not is_local(url)) as client:
        for one in base_urls(url):
            asking = _Asking(one, headers, client)
            if (models := asking.get("/models")) is not None:
                return _found(asking, model, _listed(models, model))
    return Capabilities("")


def _found(asking: _Asking, model: str, listed: Mapping[str, object]) -> Capabilities:
    kind = kind_of(str(listed.get("owned_by", "")))
    found = Capabilities(kind.name, _length(listed), kind.backend, kind.patterns)
    return _of_vllm(asking, model, found) if kind.name == "vLLM" else found


def _of_vllm(asking: _Asking, model: str, found: Capabilities) -> Capabilities:
    version = _Asking(asking.url.removesuffix("/v1"), asking.headers, asking.client).get("/version") or {}
    return Capabilities(
        f"{found.server} {version.get('version', '')}".strip(),
        found.context_length,
        found.structured,
        found.patterns,
        decisions=asking.takes("/decisions"),
        embeddings=asking.takes("/embeddings"),
        rerank=asking.takes("/rerank"),
        guided=asking.guided(model),
    )


def _listed(models: Mapping[str, object], name: str) -> Mapping[str, object]:
    data = models.get("data")
    entries = [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []
    return next((one for one in entries if one.get("id") == name), entries[0] if entries else {})


def _length(listed: Mapping[str, object]) -> int:
    meta = listed.get("meta")
    trained = meta.get("n_ctx") or meta.get("n_ctx_train") if isinstance(meta, dict) else 0
    found = listed.get("max_model_len") or trained
    return found if isinstance(found, int) else 0
