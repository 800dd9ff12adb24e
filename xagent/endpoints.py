"""Where is a model served? What is configured, else the usual ports of this machine."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import httpx2

from xagent.embedded import is_file, serve
from xagent.errors import EndpointError
from xagent.replicas import base_urls, shown
from xagent.settings import Settings
from xagent.terminal import one_line
from xagent.vllm.state import running

LOCAL = {8000: "vLLM", 8080: "llama.cpp", 11434: "Ollama", 1234: "LM Studio"}
"""The ports on which model servers listen unless told otherwise."""

_SOON = 0.3  # seconds: a server on this machine answers at once
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Served:
    """A graph to run, the model for it if it needs one, and why."""

    graph: str
    url: str = ""
    because: str = ""


def choose(graph: str | None = None, url: str | None = None, model: str | None = None) -> Served:
    """The graph for what there is: `qa` with a model, `quote` without. One that is named is taken.

    What is not given comes from `XAGENT_*` variables. Without a URL a `model` that is a file is loaded, which
    raises as `embedded.serve` does; else what `xagent vllm` started and the usual ports of this machine are
    tried, unless `XAGENT_PROBE` forbids it.
    """
    settings = Settings()
    url, graph, model = url or settings.model_url, graph or settings.graph, model or settings.model
    if is_file(model) and not url and graph != "quote":
        serve(model)  # now, when it takes no time of a question's
        return Served(graph or "qa", "", f"the model is the file {model}")
    if graph:
        return Served(graph, url or ("" if graph == "quote" else _local(settings)[0]), "as asked for")
    if url:
        return Served("qa", url, f"a model is configured at {url}")
    url, program = _local(settings)
    if url:
        return Served("qa", url, f"a model server answers at {url}, the port of {program}")
    looked = "and none answers on the usual local ports" if settings.probe else "and none was looked for"
    return Served("quote", "", f"no model is configured (XAGENT_MODEL_URL) {looked}")


def _local(settings: Settings) -> tuple[str, str]:
    """The first server on a usual port, and whose port that is; two empty strings when there is none."""
    if not settings.probe:
        return "", ""
    ours = running()
    urls = {ours.url: "vLLM"} if ours else {}
    urls |= {f"http://127.0.0.1:{port}/v1": program for port, program in LOCAL.items()}
    keys = [(ours.key() or settings.api_key) if ours and url == ours.url else "" for url in urls]
    with ThreadPoolExecutor(len(urls)) as pool:
        answers = list(pool.map(_lists_models, urls, keys))
    return next((found for found, there in zip(urls.items(), answers, strict=True) if there), ("", ""))


def _lists_models(url: str, key: str) -> bool:
    try:
        return bool(served_models(url, key, patience=_SOON, local=True))
    except EndpointError:
        return False


def served_models(url: str, key: str = "", patience: float = _PATIENCE, *, local: bool = False) -> list[str]:
    """The names of the models at an OpenAI-compatible `url`, which no proxy leads to when it is `local`.

    Of several URLs, with commas, the first that answers tells. Raises EndpointError.
    """
    *others, last = base_urls(url)
    for one in others:
        with suppress(EndpointError):
            return _listed(one, key, patience, local=local)
    return _listed(last, key, patience, local=local)


def _listed(url: str, key: str, patience: float, *, local: bool) -> list[str]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        response = httpx2.get(f"{url}/models", headers=headers, timeout=patience, trust_env=not local)
        response.raise_for_status()
        return [str(model["id"]) for model in response.json()["data"]]
    except httpx2.HTTPStatusError as error:
        hint = "set XAGENT_API_KEY" if error.response.status_code in (401, 403) else "is its URL right?"
        raise EndpointError(
            f"the server at {shown(url)} answered {error.response.status_code}: {hint}"
        ) from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise EndpointError(
            f"no model server answers at {one_line(shown(url))}: start one, for example with `xagent vllm`, "
            f"or set XAGENT_MODEL_URL"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise EndpointError(f"what answers at {shown(url)} is no OpenAI-compatible server") from error
