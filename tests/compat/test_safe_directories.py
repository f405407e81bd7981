"""Another user's repository is accepted or refused as Git does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.running import fsmond, git

from fsmond.errors import PathError
from fsmond.rendezvous import place_of

if sys.platform == "win32" or os.geteuid() != 0:
    pytest.skip("needs root, to give files away", allow_module_level=True)

OTHER = 54321  # a user that need not exist


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Provide another user's repository."""
    root = tmp_path / "root"
    root.mkdir()
    git(root, "init", "--quiet")
    for each in [root, *root.rglob("*")]:
        os.chown(each, OTHER, OTHER)
    return root


def _git_accepts(root: Path) -> bool:
    done = subprocess.run(["git", "status"], cwd=root, capture_output=True, check=False)
    return done.returncode == 0


def _is_accepted(root: Path) -> bool:
    try:
        return place_of(root).root == bytes(root)
    except PathError:
        return False


@pytest.mark.parametrize(
    ("settings", "taken"),
    [
        ("", False),
        ("directory = {root}", True),
        ("directory = *", True),
        ("directory = /elsewhere", False),
        ("directory = *\n\tdirectory =", False),
        ("directory = /elsewhere\n\tdirectory = {root}", True),
        ("directory = {root}\n\tdirectory =\n\tdirectory = /elsewhere", False),
        ("directory = ~/../{up}", None),
    ],
)
def test_a_safe_directory_is_accepted(root: Path, settings: str, *, taken: bool | None) -> None:
    """In the user's own configuration."""
    with open(os.environ["GIT_CONFIG_GLOBAL"], "a") as file:
        file.write("[safe]\n\t" + settings.format(root=root, up=root.name) + "\n")

    assert _is_accepted(root) == _git_accepts(root)
    if taken is not None:
        assert _is_accepted(root) == taken


def test_a_safe_directory_in_the_repository_itself_does_not_count(root: Path) -> None:
    """Otherwise the check would be useless."""
    with open(root / ".git" / "config", "a") as file:
        file.write("[safe]\n\tdirectory = *\n")

    assert _is_accepted(root) == _git_accepts(root) is False


def test_the_environment_counts(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`git -c` passes settings this way, also to the hook."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.directory")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(root))

    assert _is_accepted(root) == _git_accepts(root) is True


@pytest.mark.parametrize(("user", "taken"), [(OTHER, True), (OTHER + 1, False)])
def test_root_accepts_the_repositories_of_the_user_who_ran_sudo(
    root: Path, monkeypatch: pytest.MonkeyPatch, user: int, *, taken: bool
) -> None:
    """As in Git."""
    monkeypatch.setenv("SUDO_UID", str(user))

    assert _is_accepted(root) == _git_accepts(root) == taken


@pytest.mark.parametrize("part", ["", ".git"])
def test_one_part_of_another_user_is_enough(root: Path, part: str) -> None:
    """That user can replace the worktree, or the directory with the settings."""
    os.chown(root / part, 0, 0)

    assert _is_accepted(root) == _git_accepts(root) is False
    os.chown(root, 0, 0)
    os.chown(root / ".git", 0, 0)
    assert _is_accepted(root) == _git_accepts(root) is True


def test_the_message_names_the_cure_in_one_line(root: Path) -> None:
    """As Git's does."""
    done = fsmond("query", root)

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"git config --global --add safe.directory '{root}'" in done.stderr
