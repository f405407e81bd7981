"""Repositories whose git queries fsmond."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import fsmond, git, modern_git, no_daemon_left
from support.work.repositories import Repository, make
from support.work.ways_of_asking import WAYS, asking, program_of


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """Return the way in which git queries fsmond."""
    return str(request.param)


@pytest.fixture
def kind() -> str:
    """Return the kind of repository."""
    return "plain"


@pytest.fixture
def cache() -> str:
    """Return the value of `core.untrackedCache`."""
    return "true"


@pytest.fixture
def files() -> int:
    """Return the number of files."""
    return 400


@pytest.fixture
def repository(tmp_path: Path, way: str, kind: str, cache: str, files: int) -> Iterator[Repository]:
    """Provide a repository of that kind whose git queries fsmond in that way."""
    made = make(kind, tmp_path, program_of(way), files)
    with asking(made, way, cache=cache):
        yield made


@pytest.fixture(params=["system", "modern"])
def program(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the git that is first in PATH."""
    if request.param == "modern":
        path = Path(modern_git())
        monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")
    return str(request.param)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Provide a repository with a linked worktree."""
    root = tmp_path / "repository"
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "file").write_text("first")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=first")
    git(root, "worktree", "add", "--quiet", "../linked")
    with no_daemon_left(root), no_daemon_left(tmp_path / "linked"):
        yield root
        for each in (root, tmp_path / "linked"):
            if fsmond("stop", each).stderr:  # it was Git's own daemon
                fsmond("start", "--replace", each)
