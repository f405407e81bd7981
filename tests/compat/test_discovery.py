"""Fsmond finds the same worktree and git directory as Git does."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.running import git

from fsmond.errors import PathError
from fsmond.git.worktree import core_settings
from fsmond.rendezvous import place_of

if sys.platform == "win32":
    pytest.skip("not ported to Windows yet", allow_module_level=True)

Setting = dict[str, Path]
Maker = Callable[[Path], tuple[Path, Setting]]
"""Makes a repository; returns a current directory in it, and environment variables."""


def _repository(path: Path) -> Path:
    path.mkdir(parents=True)
    git(path, "init", "--quiet")
    (path / "file").write_text("first")
    git(path, "add", "--all")
    git(path, "commit", "--quiet", "--message=first")
    return path


def _plain(base: Path) -> tuple[Path, Setting]:
    below = _repository(base / "plain") / "a" / "b"
    below.mkdir(parents=True)
    return below, {}


def _linked_worktree(base: Path) -> tuple[Path, Setting]:
    git(_repository(base / "main"), "worktree", "add", "--quiet", str(base / "linked"))
    return base / "linked", {}


def _linked_to_a_bare_one(base: Path) -> tuple[Path, Setting]:
    _repository(base / "main")
    git(base, "clone", "--quiet", "--bare", "main", "all/.bare")
    git(base / "all" / ".bare", "worktree", "add", "--quiet", "../linked", "main")
    return base / "all" / "linked", {}


def _linked_with_its_own_settings(base: Path) -> tuple[Path, Setting]:
    stand, _ = _linked_worktree(base)
    (base / "elsewhere").mkdir()
    git(base / "main", "config", "extensions.worktreeConfig", "true")
    git(stand, "config", "--worktree", "core.worktree", str(base / "elsewhere"))
    return stand, {}


def _settings_of_its_own_that_do_not_count(base: Path) -> tuple[Path, Setting]:
    stand, _ = _linked_worktree(base)
    gitdir = base / "main" / ".git" / "worktrees" / "linked"
    git(stand, "config", "--file", str(gitdir / "config.worktree"), "core.worktree", str(base))
    return stand, {}


def _submodule(base: Path) -> tuple[Path, Setting]:
    _repository(base / "library")
    above = _repository(base / "above")
    git(above, "submodule", "--quiet", "add", "../library", "sub")
    return above / "sub", {}


def _sparse_submodule(base: Path) -> tuple[Path, Setting]:
    stand, _ = _submodule(base)
    git(stand, "sparse-checkout", "set", "a")  # moves core.worktree
    return stand, {}


def _separate_git_directory(base: Path) -> tuple[Path, Setting]:
    (base / "apart").mkdir()
    git(base, "init", "--quiet", "--separate-git-dir=apart/git", "root")
    return base / "root", {}


def _gitdir_behind_a_link(base: Path) -> tuple[Path, Setting]:
    root = _repository(base / "root")
    (root / ".git").rename(base / "moved")
    (root / ".git").symlink_to("../moved")
    return root, {}


def _configured_elsewhere(base: Path) -> tuple[Path, Setting]:
    root = _repository(base / "root")
    (base / "else where").mkdir()
    git(root, "config", "core.worktree", "../../else where")
    return root, {}


def _configured_with_quotes(base: Path) -> tuple[Path, Setting]:
    root = _repository(base / "root")
    (base / ' "odd" #1;\\').mkdir()
    git(root, "config", "core.worktree", str(base / ' "odd" #1;\\'))
    return root, {}


def _both_in_the_environment(base: Path) -> tuple[Path, Setting]:
    git(base, "init", "--quiet", "--bare", "dotfiles")
    (base / "home" / "below").mkdir(parents=True)
    return base / "home" / "below", {
        "GIT_DIR": base / "dotfiles",
        "GIT_WORK_TREE": base / "home",
    }


def _only_the_worktree_in_the_environment(base: Path) -> tuple[Path, Setting]:
    stand, _ = _plain(base)
    return stand, {"GIT_WORK_TREE": stand.parent}


def _gitdir_in_the_environment(base: Path) -> tuple[Path, Setting]:
    root = _repository(base / "root")
    (root / ".git").rename(base / "apart")
    return root, {"GIT_DIR": base / "apart"}


def _gitdir_of_a_linked_worktree_in_the_environment(base: Path) -> tuple[Path, Setting]:
    stand, _ = _linked_worktree(base)
    return stand, {"GIT_DIR": base / "main" / ".git" / "worktrees" / "linked"}


KINDS = [
    _plain,
    _linked_worktree,
    _linked_to_a_bare_one,
    _linked_with_its_own_settings,
    _settings_of_its_own_that_do_not_count,
    _submodule,
    _sparse_submodule,
    _separate_git_directory,
    _gitdir_behind_a_link,
    _configured_elsewhere,
    _configured_with_quotes,
    _both_in_the_environment,
    _only_the_worktree_in_the_environment,
    _gitdir_in_the_environment,
    _gitdir_of_a_linked_worktree_in_the_environment,
]
NAMES = [
    pytest.param(b"plain", id="plain"),
    pytest.param(b"with space\nand newline", id="newline"),
    pytest.param(b"caf\xe9 \xff", id="bytes"),
    pytest.param(b"x" * 200, id="long"),
    pytest.param(b"a\"quote'\\", id="quotes"),
]


def _by_git(stand: Path, environment: dict[str, str]) -> tuple[bytes, bytes]:
    found = [
        subprocess.run(
            ["git", "rev-parse", *what], cwd=stand, env=environment, capture_output=True, check=True
        ).stdout.removesuffix(b"\n")
        for what in (["--show-toplevel"], ["--absolute-git-dir"])
    ]
    return os.path.realpath(found[0]), os.path.realpath(found[1])


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_the_worktree_and_git_directory_are_those_of_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Maker, name: bytes
) -> None:
    """With another one, git would get the changes of another tree."""
    base = Path(os.fsdecode(bytes(tmp_path) + b"/" + name))
    base.mkdir()
    stand, setting = make(base)
    for variable, value in setting.items():
        monkeypatch.setenv(variable, str(value))

    place = place_of(stand)

    assert place.worktree is not None
    found = place.root, os.path.realpath(place.worktree.gitdir)
    assert found == _by_git(stand, dict(os.environ))
    assert os.path.dirname(place.socket) == place.worktree.gitdir


def test_the_environment_does_not_apply_to_another_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git exports GIT_DIR to hooks, which may query other trees by their paths."""
    here, there = _repository(tmp_path / "here"), _repository(tmp_path / "there")
    monkeypatch.setenv("GIT_DIR", str(here / ".git"))

    assert place_of(here).root == bytes(here)
    assert place_of(there).root == bytes(there)
    monkeypatch.setenv("GIT_WORK_TREE", str(here))
    assert place_of(there).root == bytes(there)


def test_a_missing_configured_worktree_is_named(tmp_path: Path) -> None:
    """The given path exists, so the message must say which one does not."""
    root = _repository(tmp_path / "root")
    git(root, "config", "core.worktree", str(tmp_path / "gone"))

    with pytest.raises(PathError, match=r"/gone: no such directory; .*root/.git names it"):
        place_of(root)


@pytest.mark.parametrize(
    "text",
    [
        "[core]\n\tworktree = ../../sub\n",
        "[core]\n\tbare = false\n\tWorkTree=a b \n[core]\n worktree = last\n",
        '[Core]\r\n\tworktree = "with ; quotes" # comment\r\n',
        "[core] worktree = beside\n",
        "[core]\n\tworktree = two\\\nlines\n",
        "[core]\n\tother = x\\\nworktree = y\n",
        '[core "sub"]\n\tworktree = not this\n',
        '[branch "worktree"]\n\tworktree = not this\n',
        "[extensions]\n\tworktreeConfig = true\n",
        "[core]\n# worktree = not this\n; worktree = nor this\n",
        '[alias]\n\tx = "!f() { \\\n[core] \\\n worktree = no; }"\n',
        "[core]\n\tworktree = tab\there\n",
        "[core]\n\tworktree =\n",
        "[ core ]\nworktree = broken\n",
        "",
    ],
)
def test_the_configured_worktree_is_read_as_git_reads_it(tmp_path: Path, text: str) -> None:
    """Most configurations are parsed without a git process; the others need one."""
    file = tmp_path / "config"
    file.write_text(text)
    asked = subprocess.run(
        ["git", "config", "--file", file, "core.worktree"], capture_output=True, check=False
    )

    found = core_settings(bytes(file), text.encode()).get(b"worktree")

    assert (found or b"") == asked.stdout.removesuffix(b"\n")
