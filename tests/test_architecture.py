"""The shape of the project, held by tests: who may import whom, how long a file may be, what is installed."""

import ast
import importlib
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = sorted((ROOT / "xagent").rglob("*.py"))
PLUGINS = sorted([*(ROOT / "graphs").glob("*.py"), *(ROOT / "evals").glob("*.py")])


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imported(path: Path) -> Iterator[str]:
    """Every module that a file names in an import, wherever in the file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)} imports relatively"
            assert node.module is not None
            yield node.module


def first(module: str) -> str:
    return module.partition(".")[0]


@pytest.mark.parametrize("path", PLUGINS, ids=name)
def test_a_graph_or_suite_imports_from_xagent_only(path: Path) -> None:
    allowed = {"xagent", "langgraph", "pydantic", *sys.stdlib_module_names}
    assert {first(module) for module in imported(path)} <= allowed
    assert ast.get_docstring(tree(path))


def test_the_package_imports_nothing_of_what_builds_on_it() -> None:
    for path in PACKAGE:
        used = {first(module) for module in imported(path)}
        assert not used & {"graphs", "evals", "prompts", "tests", "benchmarks"}, name(path)


def test_a_module_is_documented_and_short() -> None:
    for path in PACKAGE:
        assert ast.get_docstring(tree(path)), f"{name(path)} has no docstring"
        assert len(path.read_text("utf-8").splitlines()) <= 300, name(path)


def test_a_module_prints_nothing_and_swallows_no_error() -> None:
    nodes = [(path, node) for path in [*PACKAGE, *PLUGINS] for node in ast.walk(tree(path))]
    for path, node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            said = f"{name(path)}, line {node.lineno}"
            assert node.func.id not in ("print", "eval", "exec", "breakpoint"), said
        if isinstance(node, ast.ExceptHandler):
            where = f"{name(path)}, line {node.lineno}"
            assert node.type is not None, f"bare except: {where}"
            caught = {part.id for part in ast.walk(node.type) if isinstance(part, ast.Name)}
            silent = all(isinstance(statement, ast.Pass | ast.Continue) for statement in node.body)
            assert not (silent and caught & {"Exception", "BaseException"}), where


def lists_names(path: Path) -> bool:
    return any(
        isinstance(node, ast.Assign) and "__all__" in ast.unparse(node.targets[0]) for node in tree(path).body
    )


def test_a_module_that_lists_its_names_has_them() -> None:
    for path in filter(lists_names, [*PACKAGE, *PLUGINS]):
        parts = path.relative_to(ROOT).with_suffix("").parts
        module = importlib.import_module(".".join(parts).removesuffix(".__init__"))
        assert sorted(set(module.__all__)) == sorted(module.__all__), name(path)
        for listed in module.__all__:
            assert getattr(module, listed) is not None, (name(path), listed)


def test_langgraph_json_lists_the_graphs() -> None:
    config = json.loads((ROOT / "langgraph.json").read_text("utf-8"))
    graphs = sorted(path.stem for path in (ROOT / "graphs").glob("*.py") if path.stem[0] not in "_.")
    assert config["graphs"] == {graph: f"./graphs/{graph}.py:graph" for graph in graphs}
    assert config["dependencies"] == ["."]


def test_each_node_is_a_file_with_a_function_of_its_name() -> None:
    for path in (ROOT / "xagent" / "nodes").glob("[!_]*.py"):
        module = importlib.import_module(f"xagent.nodes.{path.stem}")
        assert getattr(module, path.stem).__doc__, path.stem


def test_the_readme_has_a_tree_that_names_every_file() -> None:
    """Or its folder, where that holds one of a kind a file: a reader is no news to a reader."""
    readme = (ROOT / "README.md").read_text("utf-8")
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    trees = [block for block in blocks if "xagent/" in block and "cli.py" in block]
    if not trees:
        pytest.skip("README.md has no annotated tree of xagent/ yet")
    named = set(re.findall(r"[\w-]+\.(?:py|toml)\b|[\w-]+/", "\n".join(trees)))
    files = [*PACKAGE, *(ROOT / "xagent").glob("*.toml")]
    modules = {path.name for path in files if path.parent.name in ("xagent", "nodes")} - {"__init__.py"}
    folders = {f"{path.parent.name}/" for path in files}
    assert not (modules | folders) - named
    there = {path.name for path in [*files, *PLUGINS]}
    assert not {one for one in named if not one.endswith("/")} - there


def test_every_error_has_a_docstring_and_its_place_in_the_tree() -> None:
    from xagent import errors

    drawn = errors.__doc__ or ""
    for found in vars(errors).values():
        if isinstance(found, type) and found.__module__ == errors.__name__:
            assert found.__doc__
            assert re.search(rf"\b{found.__name__}\b", drawn), found.__name__
            assert issubclass(found, errors.XagentError)


def test_no_optional_dependency_is_needed_to_import_the_package() -> None:
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in PACKAGE]
    program = (
        "import importlib, sys\n"
        "extras = ('pypdf', 'docx', 'trafilatura', 'lingua', 'vllm', 'sentence_transformers', 'matplotlib',\n"
        "'torch', 'xgrammar', 'xllamacpp', 'datasets', 'ir_measures', 'sacrebleu', 'scipy')\n"
        "for missing in extras: sys.modules[missing] = None\n"
        f"for module in {[module.removesuffix('.__init__') for module in modules]!r}:\n"
        # The plug-in is loaded by vLLM, in its process.
        "    if not module.endswith(('__main__', 'guided.processor')): importlib.import_module(module)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=50
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.integration
def test_the_wheel_installs_xagent_and_nothing_beside_it(tmp_path: Path) -> None:
    """Needs hatchling, from the network or an environment that has it: so it is not in the default suite."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(tmp_path),
        str(ROOT),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        installed = {entry for entry in archive.namelist() if not entry.endswith("/")}
    assert {first(entry.replace("/", ".")) for entry in installed if ".dist-info/" not in entry} == {"xagent"}
    expected = {str(path.relative_to(ROOT)) for path in (ROOT / "xagent").rglob("*") if path.is_file()}
    expected |= {f"xagent/{path.relative_to(ROOT)}" for path in PLUGINS}
    expected |= {f"xagent/{path.relative_to(ROOT)}" for path in (ROOT / "prompts").glob("*.md")}
    assert {entry for entry in expected if "__pycache__" not in entry} <= installed
    assert not [entry for entry in installed if "tests/" in entry or "benchmarks/" in entry]
