"""Where Git looks for the socket of a worktree's daemon."""

import hashlib
import os
import sys
from pathlib import Path

import pytest

from fsmond.git.socket_path import socket_of
from fsmond.git.worktree import Worktree

if sys.platform != "linux":
    pytest.skip("needs /proc/self/mountinfo", allow_module_level=True)


@pytest.fixture
def worktree(tmp_path: Path) -> Worktree:
    """Return a worktree with its git directory on the temporary directory's file system."""
    gitdir = tmp_path / "tree" / ".git"
    gitdir.mkdir(parents=True)
    return Worktree(bytes(gitdir.parent), bytes(gitdir))


def mounts(worktree: Worktree, folder: Path, kind: str) -> str:
    """Return a file in the format of mountinfo that gives that file system a type."""
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
def test_the_socket_is_in_the_git_directory(worktree: Worktree, tmp_path: Path, kind: str) -> None:
    """Also on file systems without events: Git looks there all the same."""
    listed = mounts(worktree, tmp_path, kind)

    assert socket_of(worktree, listed) == worktree.gitdir + b"/fsmonitor--daemon.ipc"


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse", "fuse.sshfs", "fuseblk"])
def test_on_a_remote_file_system_the_socket_is_in_the_home_directory(
    worktree: Worktree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Sockets do not work on a remote file system."""
    monkeypatch.setenv("HOME", "/the/home")
    name = hashlib.sha1(worktree.root).hexdigest()

    found = socket_of(worktree, mounts(worktree, tmp_path, kind))

    assert found == f"/the/home/.git-fsmonitor-{name}".encode()


def test_without_a_list_of_mounts_every_file_system_counts_as_local(
    worktree: Worktree, tmp_path: Path
) -> None:
    """Some containers have none."""
    assert socket_of(worktree, str(tmp_path / "none")).startswith(worktree.gitdir)
    (tmp_path / "mounts").touch()
    assert socket_of(worktree, str(tmp_path / "mounts")).startswith(worktree.gitdir)
