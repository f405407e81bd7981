"""A repository on a file system that Git treats as remote: FUSE."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.installing import asks_fsmond
from support.running import fsmond, git, modern_git, no_daemon_left, status


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Path]:
    """Provide a repository below a mount of bindfs."""
    bindfs = shutil.which("bindfs")
    if bindfs is None or not Path("/dev/fuse").exists():
        pytest.skip("needs FUSE, and bindfs: apt-get install bindfs")
    behind, root = tmp_path / "behind", tmp_path / "remote"
    behind.mkdir()
    root.mkdir()
    if subprocess.run([bindfs, behind, root], capture_output=True, check=False).returncode:
        pytest.skip("needs permission to mount with FUSE")
    try:
        git(root, "init", "--quiet")
        (root / "folder").mkdir()
        (root / "folder" / "file").write_text("first")
        git(root, "add", "--all")
        git(root, "commit", "--quiet", "--message=first")
        with no_daemon_left(root):
            yield root
            fsmond("uninstall", root)
    finally:
        subprocess.run(["umount", root], check=True)


def _socket_in(folder: Path, root: Path) -> bool:
    socket = Path(str(status(root)["socket"]))
    return socket.parent == folder and socket.name.startswith(".git-fsmonitor-")


def test_an_old_git_uses_the_hook(remote: Path) -> None:
    """The tree is scanned for each query, and the socket is on a local file system."""
    assert fsmond("install", "--hook", remote).returncode == 0
    assert asks_fsmond(remote)
    assert _socket_in(Path(os.environ["HOME"]), remote)
    assert status(remote)["coverage"]["events"] == 0


def test_a_modern_git_finds_the_socket_itself(
    remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If `fsmonitor.allowRemote` is set, also in the folder of `fsmonitor.socketDir`."""
    program = Path(modern_git())
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    assert "Git refuses: remote repository" in fsmond("install", remote).stderr
    git(remote, "config", "fsmonitor.allowRemote", "true")

    for folder in (Path(os.environ["HOME"]), tmp_path):
        if folder == tmp_path:
            git(remote, "config", "fsmonitor.socketDir", str(tmp_path))
        assert fsmond("install", remote).returncode == 0
        assert asks_fsmond(remote)
        assert _socket_in(folder, remote)
        assert fsmond("uninstall", remote).returncode == 0
        assert list(folder.glob(".git-fsmonitor-*")) == []
