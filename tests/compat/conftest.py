"""A git that asks fsmond, in each of the ways there are."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running import fsmond, git, no_daemon_left, status, tool, until

import fsmond as package

Git = Callable[..., str]
HOOK = f'"{sys.executable}" "{Path(package.__file__).with_name("__main__.py")}" hook'


def _fill(root: Path) -> None:
    for folder in ("a", "a/b", "a/b/c", "d/e", "d/f", "g"):
        (root / folder).mkdir(parents=True)
        for name in ("one", "two", "three"):
            (root / folder / name).write_text(f"{folder}/{name}")


@pytest.fixture(params=["hook-1", "hook-2", "builtin"])
def ask(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Git]:
    """Provide a git that asks fsmond, in a repository of its own."""
    way = request.param
    program = tool("FSMOND_MODERN_GIT", "git 2.55") if way == "builtin" else "git"
    root = tmp_path / "repository"
    _fill(root)

    def run(*arguments: str) -> str:
        return git(root, *arguments, program=program)

    run("init", "--quiet")
    run("add", "--all")
    run("commit", "--quiet", "--message", "first")
    run("config", "core.untrackedCache", "true")
    with no_daemon_left(root):
        assert fsmond("start", root).returncode == 0
        if way == "builtin":
            run("config", "core.fsmonitor", "true")
        else:
            run("config", "core.fsmonitor", HOOK)
            run("config", "core.fsmonitorHookVersion", way[-1])
        yield run


@pytest.fixture
def root(ask: Git, tmp_path: Path) -> Path:
    """Name the place of the repository, where answers are of changes only from now on."""
    root = tmp_path / "repository"
    until(lambda: _is_precise(ask, root))
    return root


def _is_precise(ask: Git, root: Path) -> bool:
    before = status(root)["everything"]
    ask("status")
    return bool(status(root)["everything"] == before)
