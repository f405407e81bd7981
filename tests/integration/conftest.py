"""Trees, daemons and servers for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.ipc_tools import echo
from support.running import fsmond, git, has_git, make_repository, no_daemon_left

import ipc


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Path]:
    """Make a Git repository with a few files; a daemon that watches it ends with the test."""
    root = tmp_path / "repository"
    (root / "dir" / "deep").mkdir(parents=True)
    for name in ("top", "dir/one", "dir/two", "dir/deep/three"):
        (root / name).write_text(name)
    if has_git():
        git(root, "init", "--quiet")
        git(root, "add", "--all")
        git(root, "commit", "--quiet", "--message", "first")
    else:
        make_repository(root)
    with no_daemon_left(root):
        yield root


@pytest.fixture
def watched(repository: Path) -> Path:
    """Start a daemon for the repository."""
    done = fsmond("start", repository)
    assert done.returncode == 0, done.stderr
    return repository


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Path]:
    """Serve an echo."""
    with ipc.Server(tmp_path / "s", echo):
        yield tmp_path / "s"
