"""The files of a Unix domain socket."""

import errno
import os
import stat
import sys
import time
from pathlib import Path

import pytest
from support.ipc_tools import echo, leave_dead_socket

import ipc

if sys.platform == "win32":
    pytest.skip("a named pipe is not in the file system", allow_module_level=True)
assert sys.platform != "win32"  # for the type checker

from ipc._server.unix.listen import claim


@pytest.fixture
def dead(tmp_path: Path) -> Path:
    """Return the socket of a dead server."""
    leave_dead_socket(tmp_path / "s")
    return tmp_path / "s"


def test_a_dead_socket_is_replaced(tmp_path: Path) -> None:
    """After a kill no manual cleanup is necessary."""
    leave_dead_socket(tmp_path / "s")

    with ipc.Server(tmp_path / "s", echo):
        assert ipc.send_command(tmp_path / "s", b"hello") == b"hello"


@pytest.mark.parametrize("what", ["file", "folder", "link"])
def test_a_file_that_is_not_a_socket_is_not_replaced(tmp_path: Path, what: str) -> None:
    """It may contain a user's data."""
    path = tmp_path / "s"
    if what == "file":
        path.write_text("precious")
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to("elsewhere")

    with pytest.raises(ipc.InvalidPathError, match="is not a socket: remove it"):
        ipc.Server(path, echo)

    assert list(tmp_path.iterdir()) == [path]
    assert what != "file" or path.read_text() == "precious"


def test_only_the_owner_has_access_to_the_socket(tmp_path: Path) -> None:
    """With any umask."""
    before = os.umask(0)
    try:
        with ipc.Server(tmp_path / "s", echo):
            assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_a_system_that_refuses_fchmod_of_a_socket_is_supported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MacOS refuses it; chmod of the file works there."""

    def refuse(_descriptor: int, _mode: int) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr("os.fchmod", refuse)
    with ipc.Server(tmp_path / "s", echo):
        assert ipc.send_command(tmp_path / "s", b"hello") == b"hello"
        assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600


def test_a_folder_in_which_others_may_write_is_refused(tmp_path: Path) -> None:
    """They could replace the socket, unless the folder is sticky; an option allows it."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(ipc.UnsafePathError, match="chmod"):
        ipc.Server(folder / "s", echo)
    ipc.Server(folder / "s", echo, ipc.ServerOptions(allow_shared_directory=True)).close()
    folder.chmod(0o1777)
    ipc.Server(folder / "s", echo).close()

    assert list(folder.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another group")
def test_another_group_counts_as_others(tmp_path: Path) -> None:
    """The own primary group does not: with a umask of 002 it may write in all folders."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o770)
    ipc.Server(folder / "s", echo).close()
    os.chown(folder, -1, os.getegid() + 12345)
    with pytest.raises(ipc.UnsafePathError):
        ipc.Server(folder / "s", echo)


def test_closing_removes_the_socket(tmp_path: Path) -> None:
    """A socket left behind costs Git's next client a second."""
    ipc.Server(tmp_path / "s", echo).close()

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_replaced_the_socket_is_not_removed(tmp_path: Path) -> None:
    """A server removes only its own socket."""
    path = tmp_path / "s"
    with ipc.Server(path, echo):
        path.unlink()
        path.write_text("another's")

    assert path.read_text() == "another's"


def test_another_socket_is_not_taken_for_its_own(tmp_path: Path) -> None:
    """Although many file systems give a file the number of one that was just removed."""
    path = tmp_path / "s"
    for _ in range(10):
        listener = claim(bytes(path), disallow_chdir=False, allow_shared_directory=False)
        listener.unlink()
        listener.close_socket()  # as a server that drains its queue does
        other = claim(bytes(path), disallow_chdir=False, allow_shared_directory=False)
        listener.close()
        assert path.exists()
        other.close()


@pytest.mark.parametrize("how", ["removed", "replaced", "folder moved"])
def test_a_lost_socket_stops_the_server(tmp_path: Path, how: str) -> None:
    """Within two seconds, because no client can connect any more."""
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "s"
    with ipc.Server(path, echo) as server:
        began = time.monotonic()
        if how == "folder moved":
            folder.rename(tmp_path / "moved")
        else:
            path.unlink()
        if how == "replaced":
            path.touch()
        assert server.wait(5)
        assert time.monotonic() - began < 2
        assert str(server.stop_reason).startswith("its socket was")
    assert path.exists() == (how == "replaced")
    assert how != "folder moved" or list((tmp_path / "moved").iterdir()) == []


def test_the_wait_for_the_lock_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that is held for longer means another problem."""
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr("ipc._server.unix.lock._TIMEOUT", 0.05)
    with (tmp_path / "s.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ipc.AddressInUseError, match="held"):
            ipc.Server(tmp_path / "s", echo)
    ipc.Server(tmp_path / "s", echo).close()

    assert list(tmp_path.iterdir()) == []


def test_a_dead_socket_is_not_listening(dead: Path) -> None:
    """Starting a server would help in this case too."""
    assert ipc.get_active_state(dead) is ipc.ActiveState.NOT_LISTENING
    with pytest.raises(ipc.NoServerError):
        ipc.send_command(dead, b"hello")


def test_the_path_of_a_file_or_folder_is_invalid(tmp_path: Path) -> None:
    """No server can ever listen there."""
    file = tmp_path / "file"
    file.touch()

    assert ipc.get_active_state(file) is ipc.ActiveState.INVALID_PATH
    assert ipc.get_active_state(tmp_path) is ipc.ActiveState.INVALID_PATH
    assert ipc.get_active_state(file / "below") is ipc.ActiveState.INVALID_PATH
    with pytest.raises(ipc.InvalidPathError, match="not a socket"):
        ipc.connect(file)


@pytest.mark.skipif(os.geteuid() == 0, reason="root has every permission")
def test_no_permission_is_another_error(server: Path) -> None:
    """Neither a wait nor a new server would help."""
    server.chmod(0)

    assert ipc.get_active_state(server) is ipc.ActiveState.OTHER_ERROR
    with pytest.raises(ipc.UnreachableError):
        ipc.connect(server)


@pytest.mark.parametrize("disallow", [False, True])
@pytest.mark.parametrize("length", [90, 103, 104, 107, 108, 109, 300, 1000])
def test_a_path_may_be_long(tmp_path: Path, length: int, disallow: bool) -> None:
    """The kernel's limit of about a hundred bytes does not apply, and no chdir is necessary."""
    folder = tmp_path
    while len(str(folder)) < length - 60:
        folder = folder / ("d" * min(50, length - 10 - len(str(folder))))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ("s" * max(length - len(str(folder)) - 1, 1))
    here = Path.cwd()

    with ipc.Server(path, echo, ipc.ServerOptions(uds_disallow_chdir=disallow)) as server:
        options = ipc.ConnectOptions(uds_disallow_chdir=disallow)
        assert ipc.send_command(path, b"hello", options) == b"hello"
        assert path.is_socket()
        assert server.stop_reason is None

    assert list(folder.iterdir()) == []
    assert Path.cwd() == here
