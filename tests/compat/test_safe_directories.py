"""A repository of another user's is taken where Git takes it, and refused where Git refuses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from running import fsmond, git

from fsmond.errors import PathError
from fsmond.rendezvous import place_of

if sys.platform == "win32" or os.geteuid() != 0:
    pytest.skip("needs root, to give files away", allow_module_level=True)

OTHER = 54321  # a user who need not exist


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Provide a repository of another user's."""
    root = tmp_path / "root"
    root.mkdir()
    git(root, "init", "--quiet")
    for each in [root, *root.rglob("*")]:
        os.chown(each, OTHER, OTHER)
    return root


def _git_takes(root: Path) -> bool:
    done = subprocess.run(["git", "status"], cwd=root, capture_output=True, check=False)
    return done.returncode == 0


def _taken(root: Path) -> bool:
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
def test_what_is_said_to_be_safe_is(root: Path, settings: str, *, taken: bool | None) -> None:
    """In the user's own configuration."""
    with open(os.environ["GIT_CONFIG_GLOBAL"], "a") as file:
        file.write("[safe]\n\t" + settings.format(root=root, up=root.name) + "\n")

    assert _taken(root) == _git_takes(root)
    if taken is not None:
        assert _taken(root) == taken


def test_what_the_repository_says_of_itself_does_not_count(root: Path) -> None:
    """Else there were no use in it."""
    with open(root / ".git" / "config", "a") as file:
        file.write("[safe]\n\tdirectory = *\n")

    assert _taken(root) == _git_takes(root) is False


def test_the_environment_counts(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is how `git -c` hands it on, to the hook as well."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.directory")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(root))

    assert _taken(root) == _git_takes(root) is True


@pytest.mark.parametrize(("user", "taken"), [(OTHER, True), (OTHER + 1, False)])
def test_root_takes_what_is_of_the_user_who_became_root(
    root: Path, monkeypatch: pytest.MonkeyPatch, user: int, *, taken: bool
) -> None:
    """By `sudo`, as people do."""
    monkeypatch.setenv("SUDO_UID", str(user))

    assert _taken(root) == _git_takes(root) == taken


@pytest.mark.parametrize("part", ["", ".git"])
def test_a_part_that_is_anothers_is_enough(root: Path, part: str) -> None:
    """The directory above may be replaced, or the one with the settings."""
    os.chown(root / part, 0, 0)

    assert _taken(root) == _git_takes(root) is False
    os.chown(root, 0, 0)
    os.chown(root / ".git", 0, 0)
    assert _taken(root) == _git_takes(root) is True


def test_it_is_said_in_a_line_what_to_do(root: Path) -> None:
    """As Git says it."""
    done = fsmond("query", root)

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"git config --global --add safe.directory '{root}'" in done.stderr
