"""A name is a file name: what there is is found, what there is not is told."""

import os
from pathlib import Path

import pytest
from langgraph.graph.state import CompiledStateGraph

from xagent import registry
from xagent.errors import InputError, UnknownName
from xagent.evaluation.samples import Suite
from xagent.registry import Kind, find, load, load_graph, names

DEFERRED = """
from __future__ import annotations
from dataclasses import dataclass, field
from typing import ClassVar

@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    of: ClassVar[str] = "class"
    parts: list[Thing] = field(default_factory=list)

loaded = Thing("one", [Thing("two")])
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of graphs of our own."""
    monkeypatch.setattr(registry, "folder", lambda kind: tmp_path)
    return tmp_path


def test_what_comes_with_xagent() -> None:
    assert "quote" in names("graphs")
    assert "sample" in names("evals")
    for name in names("graphs"):
        assert isinstance(load_graph(name), CompiledStateGraph)
        assert load_graph(name).name == name
    for name in names("evals"):
        suite = load("evals", name).suite
        assert isinstance(suite, Suite)
        assert suite.name == name
        assert load("evals", name).__doc__


@pytest.mark.parametrize(
    "name", ["nope", "", ".", "..", "../graphs/quote", "quote.py", "/etc/passwd", "quote\0", "*"]
)
def test_an_unknown_name_lists_those_there_are(name: str) -> None:
    with pytest.raises(UnknownName, match=r"there are: .*quote") as told:
        find("graphs", name)
    assert isinstance(told.value, InputError)
    assert "\n" not in str(told.value)
    with pytest.raises(UnknownName):
        load_graph(name)


@pytest.mark.parametrize("kind", ["graphs", "evals", "prompts"])
def test_a_folder_lies_in_the_package_or_beside_it(kind: Kind) -> None:
    assert registry.folder(kind).name == kind
    assert registry.folder(kind).is_dir()


def test_files_that_are_not_meant_have_no_name(folder: Path) -> None:
    for name in (
        "b.py",
        "a.py",
        "_draft.py",
        "__init__.py",
        ".hidden.py",
        ".py",
        "notes.txt",
        "a.pyc",
        "c.PY~",
    ):
        (folder / name).write_text("graph = 1\n", "utf-8")
    (folder / "__pycache__").mkdir()
    assert names("graphs") == ("a", "b")
    for name in ("_draft", ".hidden", "notes", "__init__"):
        with pytest.raises(UnknownName, match="there are: a, b"):
            find("graphs", name)


def test_dataclasses_with_deferred_annotations_load_once(folder: Path) -> None:
    (folder / "deferred.py").write_text(DEFERRED, "utf-8")
    module = load("graphs", "deferred")
    assert module.loaded.parts[0].name == "two"
    assert load("graphs", "deferred") is module


def test_a_file_added_later_is_found(folder: Path) -> None:
    assert names("graphs") == ()
    (folder / "later.py").write_text("graph = 'compiled'\n", "utf-8")
    assert load("graphs", "later").graph == "compiled"
    assert os.fspath(find("graphs", "later")) == str(folder / "later.py")
