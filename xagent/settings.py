"""Choices from the environment. An argument or a flag comes first, then `XAGENT_*`, then the default."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from xagent.store import DEFAULT_FOLDER


class Settings(BaseSettings):
    """Each field is also an environment variable: `store` is `XAGENT_STORE`."""

    model_config = SettingsConfigDict(
        env_prefix="XAGENT_", env_ignore_empty=True, extra="ignore", frozen=True, protected_namespaces=()
    )

    store: str = DEFAULT_FOLDER
    graph: str = ""
    """Empty: `qa` where there is a model, else `quote`."""
    embedder: str = ""
    embedder_url: str = ""
    embedder_key: str = Field(default="", repr=False)
    model: str = ""
    """Empty: the first that the server lists."""
    model_url: str = ""
    api_key: str = Field(default="", repr=False)
    rerank_url: str = ""
    rerank_model: str = ""
    rerank_key: str = Field(default="", repr=False)
    glossary: str = ""
    probe: bool = True
    """Whether the commands look for a model server on the usual ports of this machine."""
