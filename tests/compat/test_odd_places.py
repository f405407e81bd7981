"""Repositories in unusual places, and what people do to them while they are watched."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.installing import asks_fsmond
from support.running import REFERENCE, fsmond, git, is_served, no_daemon_left, status, until

from fsmond.client import Client

NAMES = [
    pytest.param(b"with space", id="space"),
    pytest.param(b"new\nline", id="newline"),
    pytest.param(b"caf\xe9 \xff", id="bytes"),
    pytest.param(b"x" * 200, id="long"),
    pytest.param(b"/".join([b"y" * 200] * 8), id="longer"),
    pytest.param(b"a\"quote's\\ $HOME `x` *", id="quotes"),
    pytest.param(b"-dash", id="dash"),
]


def _made(root: Path) -> Path:
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "file").write_text("first")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=first")
    return root


@pytest.fixture
def watched(tmp_path: Path, program: str) -> Iterator[Path]:
    """Provide a repository whose git queries fsmond."""
    assert program
    root = _made(tmp_path / "watched")
    with no_daemon_left(root):
        assert fsmond("install", root).returncode == 0
        yield root
        if root.exists():
            fsmond("uninstall", root)


def _is_right(root: Path) -> bool:
    seen = git(root, "status", "--porcelain")
    return seen == git(root, *REFERENCE, "status", "--porcelain")


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize("name", NAMES)
def test_a_path_may_have_any_bytes_and_any_length(tmp_path: Path, name: bytes) -> None:
    """Socket paths are short, a shell runs hooks, and logs consist of lines."""
    root = _made(Path(os.fsdecode(bytes(tmp_path) + b"/" + name)))
    with no_daemon_left(root):
        done = fsmond("install", ".", cwd=root)

        assert done.returncode == 0, done.stderr
        assert asks_fsmond(root)
        assert fsmond("query", cwd=root).stdout.splitlines()[1:] == ["/"]
        assert fsmond("uninstall", cwd=root).returncode == 0


@pytest.mark.usefixtures("program")
def test_the_root_may_be_reached_by_a_symbolic_link(tmp_path: Path) -> None:
    """Both names have the same daemon."""
    root = _made(tmp_path / "root")
    link = tmp_path / "link"
    link.symlink_to("root")
    with no_daemon_left(root):
        assert fsmond("install", link).returncode == 0
        assert asks_fsmond(link)
        assert status(link)["pid"] == status(root)["pid"]
        assert fsmond("uninstall", link).returncode == 0


def test_a_nested_repository_is_a_tree_of_its_own(watched: Path) -> None:
    """For the outer one it is an untracked directory; changes by its git are not reported there."""
    nested = _made(watched / "nested")
    with no_daemon_left(nested):
        assert fsmond("install", nested).returncode == 0
        assert asks_fsmond(nested)
        token = Client(watched).query().token
        (nested / "folder" / "file").write_text("changed")

        assert Client(watched).query(since=token).paths == [b"nested/folder/file"]
        assert git(nested, "status", "--porcelain") == " M folder/file\n"
        assert git(watched, "status", "--porcelain") == "?? nested/\n"
        git(nested, "add", "--all")
        git(nested, "commit", "--quiet", "--message=second")
        assert _is_right(watched)
        assert fsmond("uninstall", nested).returncode == 0


def test_a_watched_repository_may_be_moved(watched: Path) -> None:
    """Git queries the daemon at the new path."""
    moved = watched.with_name("moved")
    watched.rename(moved)
    with no_daemon_left(moved):
        (moved / "folder" / "file").write_text("changed")
        assert git(moved, "status", "--porcelain") == " M folder/file\n"
        assert fsmond("start", "--replace", moved).returncode == 0
        assert status(moved)["root"] == str(moved)
        git(moved, "checkout", "--quiet", "--", ".")
        assert asks_fsmond(moved)
        assert fsmond("uninstall", moved).returncode == 0


def test_clean_leaves_the_daemon_alone(watched: Path) -> None:
    """Its socket is in the git directory, which `git clean` leaves alone."""
    (watched / "untracked").mkdir()
    (watched / "untracked" / "file").touch()
    pid = status(watched)["pid"]

    git(watched, "clean", "-dfx", "--quiet")

    assert status(watched)["pid"] == pid
    assert _is_right(watched)
    assert asks_fsmond(watched)


def test_a_garbage_collection_reports_nothing(watched: Path) -> None:
    """Thousands of files in the git directory change, but none in the tree."""
    token = Client(watched).query().token

    git(watched, "gc", "--quiet", "--prune=now")
    git(watched, "repack", "-adq")

    assert Client(watched).query(since=token).paths == []
    assert asks_fsmond(watched)


def test_a_linked_worktree_may_be_removed(watched: Path) -> None:
    """Its daemon exits, and neither it nor its socket prevents the removal."""
    linked = watched.with_name("linked")
    git(watched, "worktree", "add", "--quiet", str(linked))
    assert fsmond("start", "--replace", linked).returncode == 0
    assert asks_fsmond(linked)
    pid = status(linked)["pid"]

    git(watched, "worktree", "remove", str(linked))

    until(lambda: not Path(f"/proc/{pid}").exists())
    assert not linked.exists()
    assert not (watched / ".git" / "worktrees").exists()
    git(watched, "worktree", "add", "--quiet", "--force", str(linked))
    with no_daemon_left(linked):
        assert fsmond("start", "--replace", linked).returncode == 0
        assert asks_fsmond(linked)


def test_copies_work_as_documented(watched: Path, tmp_path: Path) -> None:
    """`cp` and `tar` skip the socket or copy it as a dead one; `copytree` must ignore it."""
    subprocess.run(["cp", "-r", watched, tmp_path / "by-cp"], check=True)
    subprocess.run(["cp", "-a", watched, tmp_path / "by-cp-a"], check=True)
    (tmp_path / "by-tar").mkdir()
    subprocess.run(
        f"tar -C {watched} -cf - . | tar -C {tmp_path / 'by-tar'} -xf -", shell=True, check=True
    )
    git(tmp_path, "clone", "--quiet", "watched", "by-clone")
    with pytest.raises(shutil.Error, match=r"fsmonitor--daemon\.ipc"):
        shutil.copytree(watched, tmp_path / "by-copytree-only")
    shutil.copytree(
        watched, tmp_path / "by-copytree", ignore=shutil.ignore_patterns("fsmonitor--daemon.ipc")
    )

    for name in ("by-cp", "by-cp-a", "by-tar", "by-clone", "by-copytree"):
        copy = tmp_path / name
        with no_daemon_left(copy):
            assert not is_served(copy)
            (copy / "folder" / "file").write_text("changed")
            assert git(copy, "status", "--porcelain") == " M folder/file\n"
            assert fsmond("start", "--replace", copy).returncode == 0
            assert status(copy)["root"] == str(copy)
