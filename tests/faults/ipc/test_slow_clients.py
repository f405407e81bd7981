import contextlib
import os
import time
from pathlib import Path

from support.ipc_tools import (
    HELLO,
    Reply,
    echo,
    eventually,
    is_disconnected,
    many,
    raw_client,
    receive_all,
    worker_count,
)

import ipc


def test_a_silent_client_is_dropped_at_the_deadline(tmp_path: Path) -> None:
    """There is one deadline for the whole request: further bytes do not renew it."""
    options = ipc.ServerOptions(request_timeout=0.1)
    with ipc.Server(tmp_path / "s", echo, options):
        began = time.monotonic()
        with raw_client(tmp_path / "s") as silent, raw_client(tmp_path / "s") as slow:
            with contextlib.suppress(OSError):
                while time.monotonic() - began < 5:
                    slow.sendall(b"0005x")
                    time.sleep(0.01)
            assert receive_all(silent) == b""
        assert 0.09 < time.monotonic() - began < 4


def test_the_oldest_silent_client_is_dropped_above_the_limit(tmp_path: Path) -> None:
    """Otherwise silent clients could use all descriptors."""
    path = tmp_path / "s"
    with ipc.Server(path, echo, ipc.ServerOptions(max_waiting=5)) as server:
        slow_clients = server._loop._slow_clients
        with many(path, 5, b"00") as first:
            assert eventually(lambda: len(slow_clients._requests) == 5)
            with many(path, 3, b"00") as later:
                assert eventually(lambda: sum(map(is_disconnected, first)) == 3)
                for client in later:
                    client.sendall(b"09hello0000")
                    assert receive_all(client) == HELLO


def test_clients_that_never_read_do_not_block_the_workers(tmp_path: Path) -> None:
    """A small answer is buffered, and drained when the client reads again."""
    path = tmp_path / "s"
    answer = bytes(600_000)
    options = ipc.ServerOptions(nr_threads=1, max_threads=2, reply_timeout=10)
    with (
        ipc.Server(path, lambda message, _reply: answer if message == b"hello" else b"", options),
        many(path, 20, HELLO),
        raw_client(path, HELLO) as late,
    ):
        for _ in range(20):
            began = time.monotonic()
            ipc.send_command(path, b"polite", timeout=10)
            assert time.monotonic() - began < 2
        assert len(receive_all(late)) > 600_000


def test_clients_that_never_read_a_large_answer_are_disconnected(tmp_path: Path) -> None:
    """At most half of the workers wait for such clients; one more disconnects the oldest."""
    path = tmp_path / "s"
    lost = []

    def application(message: bytes, reply: Reply) -> object:
        if message != b"hello":
            return b"polite"
        try:
            for _ in range(100):
                reply(bytes(1_000_000))
        except ipc.Error as error:
            lost.append(type(error))
            raise
        return None

    options = ipc.ServerOptions(nr_threads=2, max_threads=4, reply_timeout=30)
    with ipc.Server(path, application, options), many(path, 6, HELLO):
        assert eventually(lambda: len(lost) >= 4)
        for _ in range(20):
            assert ipc.send_command(path, b"?", timeout=10) == b"polite"
        assert worker_count() <= 4
    assert set(lost) == {ipc.HungUpError}


def test_a_client_that_never_reads_is_dropped_at_the_deadline(tmp_path: Path) -> None:
    """In the server loop, for a small answer, and on a worker, for a large one."""
    path = tmp_path / "s"
    lost = []

    def application(message: bytes, reply: Reply) -> None:
        try:
            reply(bytes(10_000_000 if message == b"much" else 1_300_000))
        except ipc.TimedOutError:
            lost.append(message)
            raise

    with (
        ipc.Server(path, application, ipc.ServerOptions(reply_timeout=0.1)),
        raw_client(path, b"0008much0000"),
        raw_client(path, HELLO) as other,
    ):
        assert eventually(lambda: lost == [b"much"])
        time.sleep(0.3)  # until after the deadline of the other one
        assert len(receive_all(other)) < 1_300_000


def test_a_slow_reader_gets_the_whole_answer(tmp_path: Path) -> None:
    """Whether a worker or the server loop sends it."""
    path = tmp_path / "s"
    answer = os.urandom(3_000_000)

    def application(_message: bytes, reply: Reply) -> None:
        for at in range(0, len(answer), 7777):
            reply(answer[at : at + 7777])

    options = ipc.ServerOptions(nr_threads=1, max_threads=1)
    with ipc.Server(path, application, options), ipc.connect(path) as connection:
        pieces = []
        for piece in connection.stream_command(b"?"):
            pieces.append(piece)
            if len(pieces) % 10 == 0:
                time.sleep(0.001)

    assert b"".join(pieces) == answer


def test_an_application_may_reuse_its_buffer(tmp_path: Path) -> None:
    """Data that cannot be sent at once is copied."""
    path = tmp_path / "s"

    def application(_message: bytes, reply: Reply) -> None:
        buffer = bytearray(500_000)
        for value in range(3):
            buffer[:] = bytes([value]) * len(buffer)
            reply(buffer)
        buffer[:] = b"x" * len(buffer)

    with ipc.Server(path, application), ipc.connect(path) as connection:
        answer = connection.stream_command(b"?")
        time.sleep(0.05)  # until the server loop has the whole answer
        assert b"".join(answer) == b"".join(bytes([value]) * 500_000 for value in range(3))


def test_an_application_gets_an_error_for_a_lost_client(tmp_path: Path) -> None:
    """So it can stop early."""
    path = tmp_path / "s"
    lost = []

    def application(_message: bytes, reply: Reply) -> None:
        try:
            while True:
                reply(b"x" * 10_000)
        except ipc.HungUpError as error:
            lost.append(error)
            raise

    with ipc.Server(path, application):
        with raw_client(path, HELLO) as client:
            client.recv(10)
        assert eventually(lambda: lost)
