"""Can every passage be found? Counting is not enough: an index may list what it never returns."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from xagent.analyser import analyse
from xagent.capabilities import Capabilities, capabilities
from xagent.catalog import State
from xagent.embedded import is_file, serve
from xagent.endpoints import choose, served_models
from xagent.errors import EndpointError, StoreDamaged
from xagent.model_embedder import ModelEmbedder
from xagent.passages import Passage
from xagent.settings import Settings
from xagent.store import Store
from xagent.vllm.state import key_of
from xagent.writer import PAGE, by_language, indexed_text, lost_vectors, writing


@dataclass
class Health:
    """What an examination found."""

    passages: int = 0
    """Passages examined."""
    unfinished: int = 0
    """Passages that an interrupted writer left; the next ingest finishes them."""
    lost_vectors: list[int] = field(default_factory=list)
    """Keys of passages that no vector search finds."""
    lost_text: list[int] = field(default_factory=list)
    """Keys of passages that no text search finds."""
    problems: list[str] = field(default_factory=list)
    """What could not even be examined."""
    repaired: bool = False
    notes: list[str] = field(default_factory=list)
    """What else should be known: no passage is lost by it."""

    @property
    def sound(self) -> bool:
        """Whether all that was ingested can be found."""
        return not (self.lost_vectors or self.lost_text or self.problems)

    def as_dict(self) -> dict[str, object]:
        """All fields, and whether the store is sound."""
        return {"sound": self.sound, **asdict(self)}


@dataclass(frozen=True)
class Server:
    """The server of the language model."""

    url: str
    model: str = ""
    can: Capabilities | None = None
    """None where it did not answer."""
    problem: str = ""
    """Why it cannot be used, and what to do."""

    def as_dict(self) -> dict[str, object]:
        """All fields."""
        return asdict(self)


def examine_server(url: str | None = None, name: str | None = None) -> Server | None:
    """What the server that would be asked can do; None where none is configured and none was found."""
    settings = Settings()
    model = name or settings.model
    if is_file(model) and not (url or settings.model_url):
        return Server(model, Path(model).name, capabilities(serve(model), Path(model).name))
    served = choose(None, url)
    if not served.url:
        return None
    key = settings.api_key or key_of(served.url)
    try:
        listed = served_models(served.url, key)
        if model and model not in listed:
            return Server(served.url, model, problem=f"it has no model {model!r}: set XAGENT_MODEL")
        model = model or next(iter(listed), "")
        return Server(served.url, model, capabilities(served.url, model, key))
    except EndpointError as error:
        return Server(served.url, model, problem=str(error))


def examine(
    store: Store,
    *,
    repair: bool = False,
    wait: float = 0,
    progress: Callable[[int], None] = lambda _: None,
) -> Health:
    """Search both indexes for every passage; with `repair`, first rebuild them if any is lost.

    Raises StoreDamaged when the catalog itself cannot be read: nothing can be rebuilt then.
    """
    health = _examine(store, progress)
    if repair and (not health.sound or health.unfinished):
        with writing(store, wait, recover=False) as writer:
            writer.rebuild(progress)
        health = _examine(store, progress)
        health.repaired = True
    if isinstance(store.embedder, ModelEmbedder) and store.embedder.cache and store.embedder.cache.trouble:
        health.notes.append(store.embedder.cache.trouble)
    return health


def _examine(store: Store, progress: Callable[[int], None]) -> Health:
    health = Health(problems=store.catalog.check())
    if health.problems:
        raise StoreDamaged(
            f"the catalog is damaged ({health.problems[0]}): ingest the documents into a new store"
        )
    health.unfinished = store.catalog.count(State.PENDING) + store.catalog.count(State.REMOVED)
    last = 0
    while page := store.catalog.passages_after(last, PAGE):
        _look_for(store, page, health)
        last = page[-1].key
        health.passages += len(page)
        progress(health.passages)
    return health


def _look_for(store: Store, page: list[Passage], health: Health) -> None:
    for language, members in by_language(page):
        for found, missing in ((lost_vectors, health.lost_vectors), (_lost_text, health.lost_text)):
            try:
                missing.extend(found(store, language, members))
            except StoreDamaged as error:
                if str(error) not in health.problems:
                    health.problems.append(str(error))


def _lost_text(store: Store, language: str, passages: list[Passage]) -> list[int]:
    index = store.lexical.of(language)
    return [p.key for p in passages if not index.holds(p.key, analyse(indexed_text(p)))]
