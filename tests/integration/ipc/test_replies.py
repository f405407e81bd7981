import sys
import threading
from pathlib import Path

import pytest
from support.ipc_tools import HELLO, Reply, exchange

import ipc
from ipc.pktline import FLUSH


def test_a_reply_may_have_many_pieces(tmp_path: Path) -> None:
    """Each is sent at once, in as many packets as necessary."""

    def application(_message: bytes, reply: Reply) -> None:
        reply(b"a")
        reply(b"")
        reply(b"bc" * 50_000)
        reply(bytearray(b"d"))
        reply(memoryview(b"e"))

    with ipc.Server(tmp_path / "s", application):
        assert ipc.send_command(tmp_path / "s", b"?") == b"a" + b"bc" * 50_000 + b"de"


def test_a_piece_arrives_before_the_next_one(tmp_path: Path) -> None:
    """Pieces are not buffered until the application returns."""
    go_on = threading.Event()

    def application(_message: bytes, reply: Reply) -> None:
        reply(b"first")
        go_on.wait(10)
        reply(b"second")

    with ipc.Server(tmp_path / "s", application), ipc.connect(tmp_path / "s") as connection:
        answer = connection.stream_command(b"?")
        assert next(answer) == b"first"
        go_on.set()
        assert next(answer) == b"second"


@pytest.mark.parametrize("last", [b"", b"last", b"x" * 65516, b"y" * 70_000])
def test_returned_bytes_are_the_last_piece(tmp_path: Path, last: bytes) -> None:
    """They are sent together with the end packet, in one system call."""

    def application(message: bytes, reply: Reply) -> object:
        reply(message)
        return last

    with ipc.Server(tmp_path / "s", application):
        assert ipc.send_command(tmp_path / "s", b"first ") == b"first " + last


def test_a_small_returned_answer_is_one_packet(tmp_path: Path) -> None:
    """A client needs only one receive."""
    with ipc.Server(tmp_path / "s", lambda message, _reply: message):
        assert exchange(tmp_path / "s", HELLO) == HELLO


def test_without_a_reply_the_answer_is_empty(tmp_path: Path) -> None:
    """It is only the end packet; a returned value that is not bytes is ignored."""
    with ipc.Server(tmp_path / "s", lambda _message, _reply: 42):
        assert exchange(tmp_path / "s", HELLO) == FLUSH


def test_an_application_that_raises_ends_only_its_own_exchange(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Without an end packet: the part that was sent must not look like the whole answer."""

    def application(message: bytes, reply: Reply) -> None:
        reply(b"part")
        if message == b"bad":
            raise KeyError("nothing")

    with ipc.Server(tmp_path / "s", application):
        for _ in range(3):
            with pytest.raises(ipc.HungUpError):
                ipc.send_command(tmp_path / "s", b"bad")
        assert ipc.send_command(tmp_path / "s", b"good") == b"part"
    assert [record.message for record in caplog.records] == [
        "the application failed to answer a request"
    ]


def test_an_exit_in_the_application_ends_only_its_own_exchange(tmp_path: Path) -> None:
    """SystemExit on a worker does not end the program."""

    def application(_message: bytes, _reply: Reply) -> None:
        sys.exit(3)

    with ipc.Server(tmp_path / "s", application, ipc.ServerOptions(nr_threads=1)):
        for _ in range(3):
            with pytest.raises(ipc.HungUpError):
                ipc.send_command(tmp_path / "s", b"?")


def test_a_reply_after_the_exchange_is_an_error(tmp_path: Path) -> None:
    """The descriptor may belong to another client by then."""
    kept = []

    with ipc.Server(tmp_path / "s", lambda _message, reply: kept.append(reply)):
        ipc.send_command(tmp_path / "s", b"?")
        with pytest.raises(ValueError, match="over"):
            kept[0](b"too late")


def test_an_application_that_loses_another_server_has_failed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It raises the same error as for a lost client, but this one must be logged."""

    def application(_message: bytes, _reply: Reply) -> None:
        raise ipc.HungUpError("another server")

    with ipc.Server(tmp_path / "s", application), pytest.raises(ipc.HungUpError):
        ipc.send_command(tmp_path / "s", b"?")
    assert len(caplog.records) == 1
