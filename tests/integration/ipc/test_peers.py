"""Which peers a server allows, where the kernel reports them."""

import os
import socket
import stat
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support.ipc_tools import HELLO, echo, raw_client, receive_all

import ipc

if sys.platform == "win32":
    pytest.skip("a pipe's access list allows only its user", allow_module_level=True)
PROCESS = os.getpid() if sys.platform == "linux" else None


def test_other_peers_are_disconnected_unread(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """`allow` decides, with the peer that the kernel reports."""
    peers = []
    seen = []

    def allow(peer: ipc.Peer) -> Any:
        peers.append(peer)
        return False

    options = ipc.ServerOptions(allow=allow)
    with ipc.Server(tmp_path / "s", lambda message, _reply: seen.append(message), options):
        for _ in range(3):
            with pytest.raises(ipc.HungUpError):
                ipc.send_command(tmp_path / "s", b"?")

    assert peers == [ipc.Peer(os.geteuid(), os.getegid(), PROCESS)] * 3
    assert seen == []
    assert len(caplog.records) == 1


def test_an_allow_that_raises_refuses_the_peer(tmp_path: Path) -> None:
    """An error must not grant access."""

    def broken(_peer: ipc.Peer) -> bool:
        raise KeyError("peer")

    options = ipc.ServerOptions(allow=broken)
    with ipc.Server(tmp_path / "s", echo, options), pytest.raises(ipc.HungUpError):
        ipc.send_command(tmp_path / "s", b"?")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_not_allowed(tmp_path: Path) -> None:
    """Even if the mode of the file lets that user connect."""
    seen = []
    folders = [tmp_path, *tmp_path.parents]
    closed = {folder: folder.stat().st_mode for folder in folders if not _is_open(folder)}
    with ipc.Server(tmp_path / "s", lambda message, _reply: seen.append(message)):
        try:
            for folder in closed:
                folder.chmod(0o755)
            (tmp_path / "s").chmod(0o777)
            child = os.fork()
            if not child:
                status = 1
                try:
                    os.setuid(65534)
                    ipc.send_command(tmp_path / "s", b"?")
                except ipc.HungUpError:
                    status = 0
                finally:
                    os._exit(status)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        finally:
            for folder, mode in closed.items():
                folder.chmod(mode)
    assert seen == []


def _is_open(folder: Path) -> bool:
    """Return whether any user may enter a folder."""
    return bool(folder.stat().st_mode & stat.S_IXOTH)


def test_the_portable_way_to_accept_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a shutdown does not end accept, a second socket wakes the workers."""
    monkeypatch.setattr("ipc._server.unix.listen._SHUTDOWN_WAKES", False)
    with ipc.Server(tmp_path / "s", echo) as server:
        for _ in range(20):
            assert ipc.send_command(tmp_path / "s", b"hello") == b"hello"
        with raw_client(tmp_path / "s", b"0009he") as slow:
            time.sleep(0.01)
            slow.sendall(b"llo0000")
            assert receive_all(slow) == HELLO
        server.stop()
        assert server.wait(10)


def test_an_application_can_read_its_peer(tmp_path: Path) -> None:
    """As the kernel reports it, with the process if it is known."""
    peers = []

    def application(_message: bytes, reply: Any) -> None:
        peers.append(reply.peer)
        if (process := reply.process()) is not None:
            os.close(process)

    with ipc.Server(tmp_path / "s", application):
        ipc.send_command(tmp_path / "s", b"?")

    assert peers == [ipc.Peer(os.geteuid(), os.getegid(), PROCESS)]


def test_a_client_can_read_its_peer(tmp_path: Path) -> None:
    """The server may be of any user who can write in the folder."""
    with ipc.Server(tmp_path / "s", echo), ipc.connect(tmp_path / "s") as connection:
        assert connection.is_trusted
        assert connection.peer == ipc.Peer(os.geteuid(), os.getegid(), PROCESS)
        process = connection.process()
        if process is not None:
            os.close(process)
        assert connection.send_command(b"hello") == b"hello"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_client_does_not_trust_another_users_server(tmp_path: Path) -> None:
    """It trusts only its own user and root."""
    stranger = 54321
    listening = _listening_as(stranger, tmp_path / "s")
    try:
        with ipc.connect(tmp_path / "s") as connection:
            assert not connection.is_trusted
            peer = connection.peer
            assert peer is not None
            assert peer.uid == stranger
    finally:
        listening.close()


def _listening_as(user: int, path: Path) -> socket.socket:
    """Return a listening socket of another user: the kernel records the caller of `listen`."""
    assert sys.platform != "win32"
    from support import raw_unix

    listening = raw_unix.bound(path)
    os.seteuid(user)
    try:
        listening.listen()
    finally:
        os.seteuid(0)
    return listening
