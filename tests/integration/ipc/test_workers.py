import threading
import time
from pathlib import Path

from support.ipc_tools import Reply, echo, eventually, raw_client, receive_all, worker_count

import ipc


def test_workers_grow_and_shrink(tmp_path: Path) -> None:
    """Long requests must not delay short ones, nor leave idle threads."""
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
                assert receive_all(client) == b"0008long0000"
        for _ in range(20):
            ipc.send_command(path, b"short")
        assert eventually(lambda: worker_count() <= 3)


def test_more_clients_than_workers_are_all_answered(tmp_path: Path) -> None:
    """They wait in a queue."""
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


def test_servers_and_clients_can_share_a_process(tmp_path: Path) -> None:
    """A server has no global state."""
    with ipc.Server(tmp_path / "a", echo), ipc.Server(tmp_path / "b", lambda _m, _r: b"b"):
        assert ipc.send_command(tmp_path / "a", b"a") == b"a"
        assert ipc.send_command(tmp_path / "b", b"a") == b"b"
