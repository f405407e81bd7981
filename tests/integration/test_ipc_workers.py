import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from ipc_tools import HELLO, Reply, all_of, echo, eventually, raw_client, worker_count

import ipc

if sys.platform == "win32":
    pytest.skip("named pipes are not supported yet", allow_module_level=True)


def test_workers_grow_and_shrink(tmp_path: Path) -> None:
    """Long requests must not keep short ones waiting, nor cost threads for ever."""
    go_on = threading.Event()

    def application(message: bytes, _reply: Reply) -> object:
        if message == b"long":
            go_on.wait(10)
        return message

    options = ipc.ServerOptions(nr_threads=2, max_threads=12)
    path = tmp_path / "s"
    with ipc.Server(path, application, options):
        clients = [raw_client(path, b"0008long0000") for _ in range(10)]
        assert eventually(lambda: worker_count() > 10)
        assert ipc.send_command(path, b"short", timeout=10) == b"short"
        assert worker_count() <= 12
        go_on.set()
        for client in clients:
            with client:
                assert all_of(client) == b"0008long0000"
        for _ in range(20):
            ipc.send_command(path, b"short")
        assert eventually(lambda: worker_count() <= 3)


def test_more_clients_than_workers_are_all_answered(tmp_path: Path) -> None:
    """They queue."""
    options = ipc.ServerOptions(nr_threads=1, max_threads=1)
    answers = []
    path = tmp_path / "s"

    def ask(number: int) -> None:
        answers.append(ipc.send_command(path, b"%d" % number))

    def application(message: bytes, _reply: Reply) -> bytes:
        time.sleep(0.001)
        return message

    with ipc.Server(path, application, options):
        clients = [threading.Thread(target=ask, args=(number,)) for number in range(50)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()

    assert sorted(map(int, answers)) == list(range(50))


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

    assert peers == [ipc.Peer(uid=os.geteuid(), gid=os.getegid())] * 3
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


def test_a_server_can_live_in_the_process_of_its_client(tmp_path: Path) -> None:
    """And in that of other servers: it has no state outside itself."""
    with ipc.Server(tmp_path / "a", echo), ipc.Server(tmp_path / "b", lambda _m, _r: b"b"):
        assert ipc.send_command(tmp_path / "a", b"a") == b"a"
        assert ipc.send_command(tmp_path / "b", b"a") == b"b"


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
