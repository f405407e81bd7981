"""Repositories whose git asks fsmond."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from kinds_of_repository import Repository, make
from running import fsmond, git, no_daemon_left, tool
from ways_of_asking import WAYS, asking, program_of


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """Name the way in which git asks."""
    return str(request.param)


@pytest.fixture
def kind() -> str:
    """Name the kind of repository."""
    return "plain"


@pytest.fixture
def cache() -> str:
    """Say whether git keeps a list of untracked files."""
    return "true"


@pytest.fixture
def files() -> int:
    """Say how many files there are."""
    return 400


@pytest.fixture
def repository(tmp_path: Path, way: str, kind: str, cache: str, files: int) -> Iterator[Repository]:
    """Provide a repository of a kind whose git asks fsmond in that way."""
    made = make(kind, tmp_path, program_of(way), files)
    with asking(made, way, cache=cache):
        yield made


@pytest.fixture(params=["system", "modern"])
def program(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the git that is first in PATH."""
    if request.param == "modern":
        path = Path(tool("FSMOND_MODERN_GIT", "git 2.55"))
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
            if fsmond("stop", each).stderr:  # it was Git's own
                fsmond("start", "--replace", each)
