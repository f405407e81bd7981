"""Where Git looks for the socket of a worktree's daemon."""

import hashlib
import os
import sys
from pathlib import Path

import pytest

from fsmond.git.socket_path import socket_of
from fsmond.git.worktree import Worktree

if sys.platform != "linux":
    pytest.skip("only there it is known what is mounted", allow_module_level=True)


@pytest.fixture
def worktree(tmp_path: Path) -> Worktree:
    """Return one whose git directory is on the file system of the temporary directory."""
    gitdir = tmp_path / "tree" / ".git"
    gitdir.mkdir(parents=True)
    return Worktree(bytes(gitdir.parent), bytes(gitdir))


def mounts(worktree: Worktree, folder: Path, kind: str) -> str:
    """Return a list of what is mounted, in which that file system is of a kind."""
    device = os.stat(worktree.gitdir).st_dev
    file = folder / "mounts"
    number = f"{os.major(device)}:{os.minor(device)}"
    file.write_text(
        f"20 1 0:999 / /proc rw,nosuid shared:1 - proc proc rw\n"
        f"21 1 {number} /a /tmp rw shared:2 master:1 - {kind} /some\\040where rw\n"
        f"22 1 0:998 / /mnt rw - nfs4 host:/x rw\n"
    )
    return str(file)


@pytest.mark.parametrize("kind", ["ext4", "btrfs", "overlay", "tmpfs", "9p", "fakefuse"])
def test_it_is_in_the_git_directory(worktree: Worktree, tmp_path: Path, kind: str) -> None:
    """Also on some that tell of no events: Git looks there all the same."""
    listed = mounts(worktree, tmp_path, kind)

    assert socket_of(worktree, listed) == worktree.gitdir + b"/fsmonitor--daemon.ipc"


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse", "fuse.sshfs", "fuseblk"])
def test_on_a_file_system_of_another_machine_it_is_in_the_home_directory(
    worktree: Worktree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Sockets are no files that could be shared."""
    monkeypatch.setenv("HOME", "/the/home")
    name = hashlib.sha1(worktree.root).hexdigest()

    found = socket_of(worktree, mounts(worktree, tmp_path, kind))

    assert found == f"/the/home/.git-fsmonitor-{name}".encode()


def test_where_the_mounts_are_not_listed_nothing_is_known_to_be_remote(
    worktree: Worktree, tmp_path: Path
) -> None:
    """As in some containers."""
    assert socket_of(worktree, str(tmp_path / "none")).startswith(worktree.gitdir)
    (tmp_path / "mounts").touch()
    assert socket_of(worktree, str(tmp_path / "mounts")).startswith(worktree.gitdir)
