"""Paths, folders and globs to files."""

import os
from pathlib import Path

import pytest

from xagent.files import find_files

NAMES = """
    a.txt b.md odd.xyz pictures/x.png store/inner.txt store/xagent-store.json
    sub/UPPER.TXT sub/deep/c.html sub/.hidden.md .git/config.txt
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in NAMES.split():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*patterns: str | Path) -> list[str]:
    return [path.as_posix() for path in find_files(patterns).files]


def test_a_folder_gives_its_documents_in_order(tree: Path) -> None:
    found = find_files(["."])
    assert [path.as_posix() for path in found.files] == ["a.txt", "b.md", "sub/UPPER.TXT", "sub/deep/c.html"]
    assert found.skipped == 2
    assert not found.failed


def test_a_file_named_itself_is_always_taken_and_only_once(tree: Path) -> None:
    assert names("odd.xyz", "a.txt", tree / "a.txt", ".git/config.txt") == [
        "odd.xyz",
        "a.txt",
        ".git/config.txt",
    ]


def test_globs(tree: Path) -> None:
    assert names("**/*.html") == ["sub/deep/c.html"]
    assert names("*.md") == ["b.md"]
    (tree / "[draft].md").write_text("a file that looks like a glob")
    assert names("[draft].md") == ["[draft].md"]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("none.txt", "no such file or folder"),
        ("*.doc", "nothing matches"),
        ("a\0b", "null"),
        ("x" * 5000, "too long"),
    ],
)
def test_what_leads_nowhere_is_reported(tree: Path, pattern: str, reason: str) -> None:
    found = find_files([pattern, "a.txt"])
    assert len(found.files) == 1
    assert reason in found.failed[Path(pattern)]


def test_loops_and_broken_links(tree: Path) -> None:
    (tree / "sub" / "loop").symlink_to(tree)
    (tree / "again").symlink_to(tree / "sub")
    (tree / "broken.md").symlink_to(tree / "gone.md")
    found = find_files([tree])
    assert sorted(path.name for path in found.files) == ["UPPER.TXT", "a.txt", "b.md", "c.html"]
    assert "leads nowhere" in found.failed[tree / "broken.md"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_reported(tree: Path) -> None:
    (tree / "sub").chmod(0)
    try:
        assert "ermission" in find_files([tree]).failed[tree / "sub"]
    finally:
        (tree / "sub").chmod(0o755)
