"""Which repositories Git has no monitor for, or would not take at all."""

import os
import sys
from pathlib import Path

import pytest
from running import has_git, make_repository
from unit.git.test_worktree import found_at, make_gitdir

from fsmond.errors import PathError
from fsmond.git.worktree import RefusedError, find
from fsmond.rendezvous import place_of


def make_bare(path: Path, settings: str = "[core]\n\tbare = true\n") -> Path:
    """Make what Git takes for a bare repository."""
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
    """It has no files; to watch its objects would be of no use to anybody."""
    bare = make_bare(tmp_path / "bare.git", settings)

    for directory in (bare, bare / "refs"):
        with pytest.raises(PathError, match=r"bare\.git is a bare repository"):
            place_of(directory)


@pytest.mark.parametrize("setting", ["bare = true", "Bare=YES", "bare", "bare = 1 # so"])
def test_a_git_directory_that_says_so_is_a_bare_one(root: Path, setting: str) -> None:
    """Wherever it is: Git goes by that."""
    if not has_git():  # which has to read what is not written as usual
        pytest.skip("needs git")
    (root / ".git" / "config").write_text(f"[core]\n\t{setting}\n")

    with pytest.raises(PathError, match="bare repository"):
        place_of(root)


@pytest.mark.parametrize("missing", ["objects", "refs", "HEAD"])
def test_what_only_looks_like_one_is_a_directory(tmp_path: Path, missing: str) -> None:
    """Others have such names, too."""
    bare = make_bare(tmp_path / "bare")
    (bare / missing).rename(tmp_path / "away")

    assert place_of(bare).root == bytes(bare)


def test_a_head_that_names_nothing_is_none(tmp_path: Path) -> None:
    """As a file of mails' heads."""
    bare = make_bare(tmp_path / "bare")
    (bare / "HEAD").write_text("From: nobody\n")

    assert place_of(bare).worktree is None


def test_a_worktree_that_is_named_beside_it_is_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So people keep what is in their home directories."""
    bare = make_bare(tmp_path / "dotfiles")
    home = tmp_path / "home"
    home.mkdir()
    assert find(bytes(bare), {"GIT_WORK_TREE": str(tmp_path)}) is not None
    monkeypatch.setenv("GIT_DIR", str(bare))
    assert place_of(home).worktree is None  # alone, it means no directory
    monkeypatch.setenv("GIT_WORK_TREE", str(home))

    assert place_of(home).root == bytes(home)


def test_a_configured_worktree_is_one(tmp_path: Path) -> None:
    """As a submodule's git directory has it."""
    (tmp_path / "home").mkdir()
    bare = make_bare(tmp_path / "dotfiles", f"[core]\n\tworktree = {tmp_path.as_posix()}/home\n")
    assert found_at(bare) == (tmp_path / "home", bare)
    (bare / "config").write_text("[core]\n\tbare = true\n\tworktree = ../home\n")

    with pytest.raises(RefusedError, match=r"core\.bare and core\.worktree do not go together"):
        find(bytes(bare), {})


def test_a_worktree_of_a_bare_repository_is_one(tmp_path: Path) -> None:
    """The repository's configuration is not about it."""
    bare = make_bare(tmp_path / "bare")
    gitdir = make_gitdir(bare / "worktrees" / "linked")
    (gitdir / "commondir").write_text("../..\n")
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / ".git").write_text(f"gitdir: {gitdir}\n")

    assert found_at(linked) == (linked, gitdir)


def test_the_directory_git_means_the_worktree_around_it(root: Path) -> None:
    """It is no bare one, though all is there that makes one."""
    assert place_of(root / ".git").root == bytes(root)
    assert place_of(root / ".git" / "refs").root == bytes(root)


@pytest.mark.parametrize("stand", ["..", ".", "sub"])
def test_the_environment_is_relative_to_where_one_stands(
    root: Path, monkeypatch: pytest.MonkeyPatch, stand: str
) -> None:
    """And not to what is asked about, wherever that is."""
    (root / "sub").mkdir()
    (root / ".git").rename(root.parent / "apart")
    monkeypatch.chdir(root / stand)
    monkeypatch.setenv("GIT_DIR", os.path.relpath(root.parent / "apart"))
    monkeypatch.setenv("GIT_WORK_TREE", os.path.relpath(root))

    for path in (root, root / "sub"):
        place = place_of(path)
        assert (place.root, place.worktree is not None) == (bytes(root), True)


def test_a_worktree_alone_is_relative_to_where_one_stands(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A git directory is found above what is asked about then."""
    (root / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(root / "a")
    monkeypatch.setenv("GIT_WORK_TREE", ".")

    assert place_of(root / "a" / "b").root == bytes(root / "a")
    assert place_of(root).root == bytes(root)  # not in it


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let us be another user than the one whose all files are; return who."""
    if sys.platform == "win32":
        pytest.skip("there is no number to go by")
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    return mine


def test_a_repository_of_another_user_is_refused(root: Path, another: int) -> None:
    """Its configuration names programs, and its socket may be anybody's."""
    with pytest.raises(PathError, match=f"user {another}; if you trust it: git config --global"):
        place_of(root)


def test_one_that_is_named_is_taken_as_git_does(
    root: Path, another: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process of Git's is needed where GIT_DIR says it."""
    assert another >= 0
    monkeypatch.setenv("GIT_DIR", str(root / ".git"))

    assert place_of(root).root == bytes(root)


def test_any_other_directory_may_be_anybodys(tmp_path: Path, another: int) -> None:
    """There is nothing in it that is believed."""
    assert another >= 0
    assert find(bytes(tmp_path), {}) is None
