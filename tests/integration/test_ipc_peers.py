"""Who may talk to a server, where the kernel tells who they are."""

import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ipc_tools import HELLO, all_of, echo, raw_client

import ipc

if sys.platform == "win32":
    pytest.skip("a pipe's access list lets in nobody else", allow_module_level=True)
PROCESS = os.getpid() if sys.platform == "linux" else None


def test_everyone_else_is_hung_up_on_unread(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """`allow` decides, by the kernel's word."""
    peers = []
    seen = []

    def allow(peer: ipc.Peer) -> Any:
        peers.append(peer)
        return False

    options = ipc.ServerOptions(allow=allow)
    with ipc.Server(tmp_path / "s", lambda message, _reply: seen.append(message), options):
        for _ in range(3):
            with pytest.raises(ipc.HungUpError):
                ipc.send_command(tmp_path / "s", b"let me in")

    assert peers == [ipc.Peer(os.geteuid(), os.getegid(), PROCESS)] * 3
    assert seen == []
    assert len(caplog.records) == 1


def test_an_allow_that_raises_lets_nobody_in(tmp_path: Path) -> None:
    """An error in a guard is a closed door."""

    def broken(_peer: ipc.Peer) -> bool:
        raise KeyError("who is that?")

    options = ipc.ServerOptions(allow=broken)
    with ipc.Server(tmp_path / "s", echo, options), pytest.raises(ipc.HungUpError):
        ipc.send_command(tmp_path / "s", b"?")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_not_allowed(tmp_path: Path) -> None:
    """Even where the file's mode would let them connect."""
    seen = []
    folders = [tmp_path, *tmp_path.parents]
    modes = [folder.stat().st_mode for folder in folders]
    with ipc.Server(tmp_path / "s", lambda message, _reply: seen.append(message)):
        try:
            for folder in folders[:3]:
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
            for folder, mode in zip(folders[:3], modes, strict=False):
                folder.chmod(mode)
    assert seen == []


def test_the_portable_way_to_accept_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a shutdown does not wake who accepts, they wait for a wakeup too."""
    monkeypatch.setattr("ipc._listen_unix._SHUTDOWN_WAKES", False)
    with ipc.Server(tmp_path / "s", echo) as server:
        for _ in range(20):
            assert ipc.send_command(tmp_path / "s", b"hello") == b"hello"
        with raw_client(tmp_path / "s", b"0009he") as slow:
            time.sleep(0.01)
            slow.sendall(b"llo0000")
            assert all_of(slow) == HELLO
        server.stop()
        assert server.wait(10)


def test_an_application_is_told_who_asks(tmp_path: Path) -> None:
    """By the kernel's word; with the process, where it is known."""
    peers = []

    def application(_message: bytes, reply: Any) -> None:
        peers.append(reply.peer)
        if (process := reply.process()) is not None:
            os.close(process)

    with ipc.Server(tmp_path / "s", application):
        ipc.send_command(tmp_path / "s", b"?")

    assert peers == [ipc.Peer(os.geteuid(), os.getegid(), PROCESS)]


def test_a_client_sees_who_serves(tmp_path: Path) -> None:
    """It may be anybody who can write in the folder."""
    with ipc.Server(tmp_path / "s", echo), ipc.connect(tmp_path / "s") as connection:
        assert connection.is_trusted
        assert connection.peer == ipc.Peer(os.geteuid(), os.getegid(), PROCESS)
        process = connection.process()
        if process is not None:
            os.close(process)
        assert connection.send_command(b"hello") == b"hello"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_client_does_not_trust_another_users_server(tmp_path: Path) -> None:
    """Its own user is trusted, and root."""
    stranger = 54321
    listening = _of_user(stranger, tmp_path / "s")
    try:
        with ipc.connect(tmp_path / "s") as connection:
            assert not connection.is_trusted
            peer = connection.peer
            assert peer is not None
            assert peer.uid == stranger
    finally:
        listening.close()


def _of_user(user: int, path: Path) -> socket.socket:
    """Return a socket that another user listens at: the kernel remembers who began to."""
    assert sys.platform != "win32"
    import raw_unix

    listening = raw_unix.bound(path)
    os.seteuid(user)
    try:
        listening.listen()
    finally:
        os.seteuid(0)
    return listening
