"""Repositories that can have no monitor, or that Git refuses."""

import os
import sys
from pathlib import Path

import pytest
from support.running import has_git, make_repository
from unit.git.test_worktree import found_at, make_gitdir

from fsmond.errors import PathError
from fsmond.git.worktree import RefusedError, find
from fsmond.rendezvous import place_of


def make_bare(path: Path, settings: str = "[core]\n\tbare = true\n") -> Path:
    """Make a directory that Git treats as a bare repository."""
    for name in ("objects", "refs"):
        (path / name).mkdir(parents=True)
    (path / "HEAD").write_text("ref: refs/heads/main\n")
    (path / "config").write_text(settings)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a repository."""
    root = tmp_path / "root"
    make_repository(root)
    return root


@pytest.mark.parametrize("settings", ["[core]\n\tbare = true\n", "[core]\n\tbare = false\n", ""])
def test_a_bare_repository_is_refused(tmp_path: Path, settings: str) -> None:
    """It has no files, and nobody needs its objects to be watched."""
    bare = make_bare(tmp_path / "bare.git", settings)

    for directory in (bare, bare / "refs"):
        with pytest.raises(PathError, match=r"bare\.git is a bare repository"):
            place_of(directory)


@pytest.mark.parametrize("setting", ["bare = true", "Bare=YES", "bare", "bare = 1 # so"])
def test_a_git_directory_with_core_bare_is_a_bare_repository(root: Path, setting: str) -> None:
    """Whatever its name is: Git uses the setting."""
    if not has_git():  # unusual spellings are left to Git to parse
        pytest.skip("needs git")
    (root / ".git" / "config").write_text(f"[core]\n\t{setting}\n")

    with pytest.raises(PathError, match="bare repository"):
        place_of(root)


@pytest.mark.parametrize("missing", ["objects", "refs", "HEAD"])
def test_a_directory_that_only_resembles_a_bare_repository_is_watched(
    tmp_path: Path, missing: str
) -> None:
    """Other directories have files of these names, too."""
    bare = make_bare(tmp_path / "bare")
    (bare / missing).rename(tmp_path / "away")

    assert place_of(bare).root == bytes(bare)


def test_a_head_without_a_branch_or_hash_is_not_gits(tmp_path: Path) -> None:
    """It may be the header of an email."""
    bare = make_bare(tmp_path / "bare")
    (bare / "HEAD").write_text("From: nobody\n")

    assert place_of(bare).worktree is None


def test_a_bare_repository_may_have_a_worktree_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People keep the files of their home directories this way."""
    bare = make_bare(tmp_path / "dotfiles")
    home = tmp_path / "home"
    home.mkdir()
    assert find(bytes(bare), {"GIT_WORK_TREE": str(tmp_path)}) is not None
    monkeypatch.setenv("GIT_DIR", str(bare))
    assert place_of(home).worktree is None  # GIT_DIR alone names no directory
    monkeypatch.setenv("GIT_WORK_TREE", str(home))

    assert place_of(home).root == bytes(home)


def test_a_git_directory_may_name_its_worktree(tmp_path: Path) -> None:
    """A submodule's git directory does."""
    (tmp_path / "home").mkdir()
    bare = make_bare(tmp_path / "dotfiles", f"[core]\n\tworktree = {tmp_path.as_posix()}/home\n")
    assert found_at(bare) == (tmp_path / "home", bare)
    (bare / "config").write_text("[core]\n\tbare = true\n\tworktree = ../home\n")

    with pytest.raises(RefusedError, match=r"core\.bare and core\.worktree cannot be combined"):
        find(bytes(bare), {})


def test_a_linked_worktree_of_a_bare_repository_is_a_worktree(tmp_path: Path) -> None:
    """The repository's configuration does not apply to it."""
    bare = make_bare(tmp_path / "bare")
    gitdir = make_gitdir(bare / "worktrees" / "linked")
    (gitdir / "commondir").write_text("../..\n")
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / ".git").write_text(f"gitdir: {gitdir}\n")

    assert found_at(linked) == (linked, gitdir)


def test_a_path_in_the_git_directory_stands_for_its_worktree(root: Path) -> None:
    """It is not a bare repository, although it has all the parts of one."""
    assert place_of(root / ".git").root == bytes(root)
    assert place_of(root / ".git" / "refs").root == bytes(root)


@pytest.mark.parametrize("stand", ["..", ".", "sub"])
def test_the_environment_is_relative_to_the_current_directory(
    root: Path, monkeypatch: pytest.MonkeyPatch, stand: str
) -> None:
    """It is not relative to the queried path."""
    (root / "sub").mkdir()
    (root / ".git").rename(root.parent / "apart")
    monkeypatch.chdir(root / stand)
    monkeypatch.setenv("GIT_DIR", os.path.relpath(root.parent / "apart"))
    monkeypatch.setenv("GIT_WORK_TREE", os.path.relpath(root))

    for path in (root, root / "sub"):
        place = place_of(path)
        assert (place.root, place.worktree is not None) == (bytes(root), True)


def test_git_work_tree_alone_is_relative_to_the_current_directory(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The git directory is then found above the queried path."""
    (root / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(root / "a")
    monkeypatch.setenv("GIT_WORK_TREE", ".")

    assert place_of(root / "a" / "b").root == bytes(root / "a")
    assert place_of(root).root == bytes(root)  # it is outside of GIT_WORK_TREE


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> int:
    """Pretend to be another user than the owner of the files; return the owner."""
    if sys.platform == "win32":
        pytest.skip("Windows has no user ids")
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    return mine


def test_a_repository_of_another_user_is_refused(root: Path, another: int) -> None:
    """Its configuration names programs, and its socket may be any user's."""
    with pytest.raises(PathError, match=rf"uid {another}\); if you trust it: git config --global"):
        place_of(root)


def test_another_users_repository_in_git_dir_is_accepted_as_in_git(
    root: Path, another: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With GIT_DIR, Git does not check the owner."""
    assert another >= 0
    monkeypatch.setenv("GIT_DIR", str(root / ".git"))

    assert place_of(root).root == bytes(root)


def test_a_directory_without_a_repository_may_be_any_users(tmp_path: Path, another: int) -> None:
    """No file in it is trusted."""
    assert another >= 0
    assert find(bytes(tmp_path), {}) is None
