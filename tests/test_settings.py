"""An argument comes first, then `XAGENT_*`, then the default."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from xagent.agent import Agent
from xagent.context import Context
from xagent.errors import UnknownName
from xagent.settings import Settings
from xagent.store import DEFAULT_FOLDER


def test_defaults() -> None:
    settings = Settings(probe=True)
    assert settings.model_dump() == dict.fromkeys(Settings.model_fields, "") | {
        "store": DEFAULT_FOLDER,
        "probe": True,
    }


@pytest.mark.parametrize("name", sorted(set(Settings.model_fields) - {"probe"}))
def test_each_field_is_a_variable(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"XAGENT_{name.upper()}", "given")
    assert getattr(Settings(), name) == "given"
    monkeypatch.setenv(f"XAGENT_{name.upper()}", "")
    assert getattr(Settings(), name) == Settings.model_fields[name].default


def test_variables_of_others_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STORE", "GRAPH", "XAGENT", "XAGENT_", "XAGENT_DETECTOR", "XAGENT_UNHEARD_OF"):
        monkeypatch.setenv(name, "elsewhere")
    assert Settings() == Settings(store=DEFAULT_FOLDER, graph="")


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().store = "elsewhere"


def test_an_argument_beats_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAGENT_STORE", "from the environment")
    monkeypatch.setenv("XAGENT_EMBEDDER", "model")
    monkeypatch.setenv("XAGENT_EMBEDDER_URL", "http://127.0.0.1:1/v1")
    chosen = Agent(tmp_path, "quote", embedder="", embedder_url="").context
    assert (chosen.store, chosen.embedder, chosen.embedder_url) == (str(tmp_path), "", "")
    given = Agent().context
    assert (given.store, given.embedder, given.embedder_url) == (
        "from the environment",
        "model",
        "http://127.0.0.1:1/v1",
    )
    monkeypatch.setenv("XAGENT_GRAPH", "nope")
    with pytest.raises(UnknownName):
        Agent()
    assert Agent(graph="quote").graph == "quote"


def test_a_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAGENT_EMBEDDER_KEY", "sk-secret")
    monkeypatch.setenv("XAGENT_API_KEY", "sk-secret")
    agent = Agent()
    assert (agent.context.embedder_key, agent.context.api_key) == ("sk-secret", "sk-secret")
    assert "sk-secret" not in repr(agent.context)
    assert "sk-secret" not in repr(Context(embedder_key="sk-secret", api_key="sk-secret"))
    assert "sk-secret" not in repr(Settings())


def test_the_graph_is_qa_where_a_model_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Agent().graph == "quote"
    assert Agent(model_url="http://127.0.0.1:1/v1").graph == "qa"
    monkeypatch.setenv("XAGENT_MODEL_URL", "http://127.0.0.1:1/v1")
    assert Agent().graph == "qa"


def test_where_a_reranker_is_comes_from_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("url", "model", "key"):
        monkeypatch.setenv(f"XAGENT_RERANK_{name.upper()}", f"the {name}")
    context = Agent(rerank="endpoint", bridge="never").context
    assert (context.rerank, context.bridge) == ("endpoint", "never")
    assert (context.rerank_url, context.rerank_model, context.rerank_key) == (
        "the url",
        "the model",
        "the key",
    )
    assert "the key" not in repr(context)
