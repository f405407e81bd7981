import os
import socket
import stat
import sys
import time
from pathlib import Path

import pytest
from ipc_tools import echo

import ipc

if sys.platform == "win32":
    pytest.skip("named pipes are not supported yet", allow_module_level=True)


def test_a_living_server_is_refused(tmp_path: Path) -> None:
    """And not disturbed."""
    path = tmp_path / "s"
    with ipc.Server(path, echo):
        with pytest.raises(ipc.AddressInUseError, match="running"):
            ipc.Server(path, echo)
        assert ipc.send_command(path, b"hello") == b"hello"
        assert list(tmp_path.iterdir()) == [path]


def test_a_server_that_has_not_started_owns_its_path_too(tmp_path: Path) -> None:
    """Its queue is open: who starts two must not lose the first one's clients."""
    first = ipc.Server(tmp_path / "s", echo)
    try:
        with pytest.raises(ipc.AddressInUseError):
            ipc.Server(tmp_path / "s", echo)
    finally:
        first.close()


def test_a_dead_socket_is_replaced(tmp_path: Path) -> None:
    """After a kill nothing has to be cleaned up by hand."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s"))

    with ipc.Server(tmp_path / "s", echo):
        assert ipc.send_command(tmp_path / "s", b"hello") == b"hello"


@pytest.mark.parametrize("what", ["file", "folder", "link"])
def test_what_is_no_socket_is_left_alone(tmp_path: Path, what: str) -> None:
    """It may be somebody's data."""
    path = tmp_path / "s"
    if what == "file":
        path.write_text("precious")
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to("elsewhere")

    with pytest.raises(ipc.InvalidPathError, match="in the way"):
        ipc.Server(path, echo)

    assert list(tmp_path.iterdir()) == [path]
    assert what != "file" or path.read_text() == "precious"


@pytest.mark.parametrize("path", ["", "a\0b", "no/such/folder/s"])
def test_a_bogus_path_is_an_error_with_a_meaning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    """Not whatever the system call said."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ipc.InvalidPathError):
        ipc.Server(path, echo)


def test_the_socket_is_its_owners_only(tmp_path: Path) -> None:
    """Whatever the umask."""
    before = os.umask(0)
    try:
        with ipc.Server(tmp_path / "s", echo):
            assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_a_folder_that_others_may_write_is_refused(tmp_path: Path) -> None:
    """They could put their own socket there; sticky, or told otherwise, is all right."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(ipc.UnsafePathError, match="chmod"):
        ipc.Server(folder / "s", echo)
    ipc.Server(folder / "s", echo, ipc.ServerOptions(allow_shared_directory=True)).close()
    folder.chmod(0o1777)
    ipc.Server(folder / "s", echo).close()

    assert list(folder.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to a strange group")
def test_a_strange_group_is_others(tmp_path: Path) -> None:
    """One's own primary group is not: with a umask of 002 all folders are like that."""
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


def test_what_another_put_there_is_not_removed(tmp_path: Path) -> None:
    """Only what is still ours is ours to remove."""
    path = tmp_path / "s"
    with ipc.Server(path, echo):
        path.unlink()
        path.write_text("another's")

    assert path.read_text() == "another's"


@pytest.mark.parametrize("how", ["removed", "replaced", "folder moved"])
def test_a_lost_socket_is_noticed(tmp_path: Path, how: str) -> None:
    """Within two seconds: nobody reaches us any more."""
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


def test_a_lock_that_is_held_is_waited_for_with_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something else must be wrong by then."""
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr("ipc._lock_unix._PATIENCE", 0.05)
    with (tmp_path / "s.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ipc.AddressInUseError, match="held"):
            ipc.Server(tmp_path / "s", echo)
    ipc.Server(tmp_path / "s", echo).close()

    assert list(tmp_path.iterdir()) == []
