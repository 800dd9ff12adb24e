"""The choices of a run, as plain values, and what they lead to: the store, the model, the budget."""

import asyncio
import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from xagent.budget import Budget
from xagent.embedded import is_file, serve
from xagent.endpoints import served_models
from xagent.errors import EndpointError, NoModel
from xagent.evidence_settings import languages_searched
from xagent.keeping import KeepTo
from xagent.lexicon.glossary import NO_GLOSSARY, keep, read_glossary
from xagent.lexicon.lexicon import Lexicon
from xagent.prompts import prompt
from xagent.replies import R
from xagent.store import DEFAULT_FOLDER, Store

if TYPE_CHECKING:
    from xagent.model import Model


@dataclass
class Context:
    """What a run may choose. Plain values, so that Studio can show them as a form.

    One serves one question, since its budget does: `but()` makes the next, with the same store and model.
    """

    store: str = DEFAULT_FOLDER
    """The folder of the store."""
    embedder: str = ""
    """The encoder the store is made with; empty for the one it was made with."""
    embedder_url: str = ""
    """Where the encoder is served, when it is not built in."""
    embedder_key: str = dataclasses.field(default="", repr=False)
    """The key its server asks for."""
    model_url: str = ""
    """The OpenAI-compatible base URL of the language model, ending in /v1, or several with commas."""
    model_name: str = ""
    """The model's name there; empty for the first that the server lists. Without a URL, a GGUF file."""
    api_key: str = dataclasses.field(default="", repr=False)
    """The key its server asks for."""
    seed: int = 7
    """Sent to the model, for servers that heed it."""
    languages: tuple[str, ...] = ()
    """Languages of the evidence to search; empty for all."""
    documents: tuple[str, ...] = ()
    """Documents (by source name) to search; empty for all."""
    k: int = 40
    """Passages to retrieve."""
    max_quotes: int = 3
    """Quotations in an answer without a model, at most."""
    max_passages: int = 8
    """Passages a model gets to read for one question."""
    pivot: str = "auto"
    """Whether to reason in English first: 'direct', 'english', 'auto' or 'model'; see `xagent.pivots`."""
    bridge: str = "auto"
    """Whether to translate the question into the documents' languages: 'auto', 'always' or 'never'."""
    rerank: str = "none"
    """What puts the passages found in a better order: 'none', 'endpoint', 'model' or 'decisions'."""
    rerank_url: str = ""
    """The base URL of a server with `/rerank`, ending in /v1."""
    rerank_model: str = ""
    """The reranker's name there; empty for the first that the server lists."""
    rerank_key: str = dataclasses.field(default="", repr=False)
    """The key its server asks for."""
    glossary: str = ""
    """A table of a domain's terms in several languages, beside the store's; see `xagent.lexicon.glossary`."""
    voters: tuple[str, ...] = ("en", "de", "es", "fr", "ja", "ru", "zh")
    """Languages to reason in for a vote, the first of which breaks ties."""
    drafts: bool = False
    """Stream claims as they are written, before they are verified."""
    max_calls: int = 6
    """Model calls a question may cost."""
    max_tokens: int = 200_000
    """Tokens a question may cost, in and out."""
    max_seconds: float = 120.0
    """Seconds a question may wait for models."""

    @cached_property
    def opened(self) -> Store:
        """The store, opened when first needed."""
        store = Store.open(Path(self.store), self.embedder, self.embedder_url, self.embedder_key)
        if self.glossary:
            store.lexicon = store.lexicon.with_terms(read_glossary(Path(self.glossary)))
        return store

    def searched(self, question: str) -> tuple[str, ...]:
        """The languages to search for a question in language `question`: of those there are passages in.

        Raises UnknownLanguage for a setting that is none.
        """
        there = self.opened.languages_of(self.documents)
        return languages_searched(self.languages, question, there)

    def create(self) -> None:
        """Open the store, which is made when there is none, and keep the glossary in it."""
        terms = read_glossary(Path(self.glossary)) if self.glossary else NO_GLOSSARY
        if "opened" not in self.__dict__:
            store = Store.create(Path(self.store), self.embedder, self.embedder_url, self.embedder_key)
            self.__dict__["opened"] = store
        if terms:
            keep(Path(self.glossary), self.opened.path)
            self.opened.lexicon = Lexicon(terms)

    @property
    def has_model(self) -> bool:
        """Whether a language model is named, by its URL or its file."""
        return bool(self.model_url) or is_file(self.model_name)

    @cached_property
    def model(self) -> "Model":
        """The language model, by its URL or else its file.

        Raises NoModel when none is configured, EndpointError when none answers, and as `embedded.serve` does.
        """
        from xagent.model import Model

        if "origin" in self.__dict__:
            origin: Context = self.__dict__["origin"]
            return origin.model
        if is_file(self.model_name) and not self.model_url:
            return Model(serve(self.model_name), Path(self.model_name).name, seed=self.seed)
        if not self.model_url:
            raise NoModel(
                "this graph needs a language model: start one, for example with `xagent vllm`, and set "
                "XAGENT_MODEL_URL; or ask with --graph quote, which needs none"
            )
        name = self.model_name or next(iter(served_models(self.model_url, self.api_key)), "")
        if not name:
            raise EndpointError(f"the server at {self.model_url} lists no model: set XAGENT_MODEL")
        return Model(self.model_url, name, self.api_key, self.seed)

    @cached_property
    def budget(self) -> Budget:
        """What this question may cost, and has cost."""
        return Budget(self.max_calls, self.max_tokens, self.max_seconds)

    async def ask(
        self,
        step: str,
        schema: type[R],
        values: Mapping[str, str],
        progress: Callable[[str], None] = lambda _: None,
        keep: KeepTo | None = None,
    ) -> R:
        """Send the prompt of a step, with its variables filled in, and read the reply as a `schema`.

        What `keep` names of it is held to its language, as far as the server can.

        Raises as `xagent.model.Model.reply` does, and NoModel.
        """
        # Files are read, and a server may be asked for its models: not in the event loop.
        budget = self.budget  # begun before a server is asked for its models
        sent, model = await asyncio.to_thread(lambda: (prompt(step, values), self.model))
        return await model.reply(sent, schema, budget, progress, keep)

    def but(self, **choices: object) -> Self:
        """These choices with some changed, sharing the open store and the model, with a budget of its own."""
        changed = dataclasses.replace(self, **choices)  # type: ignore[arg-type]
        changed.__dict__.update(opened=self.opened, origin=self.__dict__.get("origin", self))
        return changed

    def close(self) -> None:
        """Close the store, if it was opened."""
        if "opened" in self.__dict__:
            self.opened.close()
            del self.__dict__["opened"]
