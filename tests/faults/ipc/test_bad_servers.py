import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.ipc_tools import HELLO, Ends, Raw, faulty, pair, peer

import ipc
from ipc.message import receive_message, send_message
from ipc.pktline import framed


@pytest.fixture
def ends() -> Iterator[Any]:
    """Connect two streams."""
    near, far = pair()
    with near, far:
        near.settimeout(10)
        yield near, far


@pytest.mark.parametrize("cut", range(len(HELLO)))
def test_a_message_cut_anywhere_is_an_error(ends: Ends, cut: int) -> None:
    """A part must not look like the whole message."""
    near, far = ends
    send_message(faulty(far, cut_after=cut), b"hello")
    far.close()

    with pytest.raises(ipc.HungUpError):
        receive_message(near)


def test_a_message_may_be_sent_byte_by_byte(ends: Ends) -> None:
    """It is slow, but valid."""
    near, far = ends
    send_message(faulty(far, dribble=True), [b"hel", b"lo"])

    assert receive_message(near) == b"hello"


def answering(answer: bytes, *, slowly: bool = False) -> Any:
    """Return the behavior of a server that answers any request with these bytes."""

    def behave(stream: Raw) -> None:
        stream.recv(65536)
        for at in range(0, len(answer), 1 if slowly else 65536):
            stream.sendall(answer[at : at + (1 if slowly else 65536)])

    return behave


def stalling_after(answer: bytes) -> Any:
    """Return the behavior of a server that sends these bytes and then stalls."""

    def behave(stream: Raw) -> None:
        stream.sendall(answer)
        while stream.recv(65536):
            pass  # until the client gives up

    return behave


@pytest.mark.parametrize("cut", range(len(HELLO)))
def test_an_answer_cut_anywhere_is_an_error(tmp_path: Path, cut: int) -> None:
    """A part must not look like the whole answer."""
    path = tmp_path / "s"
    with peer(answering(HELLO[:cut]), path), pytest.raises(ipc.HungUpError):
        ipc.send_command(path, b"hello?")


@pytest.mark.parametrize("cut", range(len(HELLO)))
def test_a_server_that_stalls_anywhere_reaches_the_timeout(tmp_path: Path, cut: int) -> None:
    """There is one deadline for the whole exchange."""
    path = tmp_path / "s"
    began = time.monotonic()
    with peer(stalling_after(HELLO[:cut]), path), pytest.raises(ipc.TimedOutError):
        ipc.send_command(path, b"hello?", timeout=0.05)

    assert 0.04 < time.monotonic() - began < 5


def test_a_server_may_answer_byte_by_byte(tmp_path: Path) -> None:
    """Each byte has its own packet."""
    path = tmp_path / "s"
    with peer(answering(b"0005h0005i0000", slowly=True), path):
        assert ipc.send_command(path, b"hello?") == b"hi"


def test_further_bytes_do_not_renew_the_timeout(tmp_path: Path) -> None:
    """A server that sends a byte now and then must not block its client forever."""
    path = tmp_path / "s"

    def dribble(stream: Raw) -> None:
        try:
            while True:
                stream.sendall(b"0005x")
                time.sleep(0.005)
        except OSError:
            pass

    with peer(dribble, path), pytest.raises(ipc.TimedOutError):
        ipc.send_command(path, b"hello?", timeout=0.1)


@pytest.mark.parametrize("junk", [b"zzzz", b"HTTP/1.1 400 Bad Request\r\n", b"0003", b"fff1" * 9])
def test_an_invalid_answer_is_a_protocol_error(tmp_path: Path, junk: bytes) -> None:
    """Another kind of server may listen there."""
    path = tmp_path / "s"
    with peer(answering(junk), path), pytest.raises(ipc.ProtocolError):
        ipc.send_command(path, b"hello?")


def test_a_flood_is_stopped_by_the_timeout(tmp_path: Path) -> None:
    """An endless answer is limited by time; when it is streamed it needs no memory either."""
    path = tmp_path / "s"

    def flood(stream: Raw) -> None:
        try:
            while True:
                stream.sendall(b"fff0" + bytes(65516))
        except OSError:
            pass

    with peer(flood, path), ipc.connect(path) as connection, pytest.raises(ipc.TimedOutError):
        for _ in connection.stream_command(b"hello?", timeout=0.1):
            pass


def test_a_server_that_does_not_read_reaches_the_timeout(tmp_path: Path) -> None:
    """The deadline includes sending."""
    path = tmp_path / "s"
    done: list[bool] = []

    def deaf(_stream: Raw) -> None:
        while not done:
            time.sleep(0.005)

    with peer(deaf, path):
        try:
            with pytest.raises(ipc.TimedOutError):
                ipc.send_command(path, bytes(10_000_000), timeout=0.1)
        finally:
            done.append(True)


def test_a_server_that_disconnects_during_the_request_is_a_hung_up_error(tmp_path: Path) -> None:
    """Not a BrokenPipeError, which a caller would not expect."""
    path = tmp_path / "s"
    with peer(lambda stream: stream.close(), path), pytest.raises(ipc.HungUpError):
        ipc.send_command(path, bytes(10_000_000))


def test_an_iterable_that_fails_sends_no_end(tmp_path: Path) -> None:
    """A part must not look like the whole request."""
    path = tmp_path / "s"
    received = []

    def failing() -> Iterator[Any]:
        yield b"part"
        raise KeyError("no more")

    def record(stream: Raw) -> None:
        while data := stream.recv(65536):
            received.append(data)

    with peer(record, path), ipc.connect(path) as connection, pytest.raises(KeyError):
        connection.send_command(failing())

    assert b"".join(received) == framed(b"part")[:-4]


@pytest.mark.parametrize("size", [5, 100_000, 10_000_000])
def test_an_answer_beyond_the_limit_is_not_received(tmp_path: Path, size: int) -> None:
    """An endless answer must not use all memory."""
    with ipc.Server(tmp_path / "s", lambda _message, _reply: bytes(size)):
        assert len(ipc.send_command(tmp_path / "s", b"?", limit=size)) == size
        with pytest.raises(ipc.ProtocolError, match="larger than"):
            ipc.send_command(tmp_path / "s", b"?", limit=size - 1)
        asked = ipc.aio.send_command(tmp_path / "s", b"?", limit=size)
        assert len(asyncio.run(asked)) == size
        with pytest.raises(ipc.ProtocolError, match="larger than"):
            asyncio.run(ipc.aio.send_command(tmp_path / "s", b"?", limit=size - 1))


def test_an_endless_answer_ends_at_the_limit(tmp_path: Path) -> None:
    """The server sends until the client disconnects."""
    path = tmp_path / "s"

    def endless(stream: Raw) -> None:
        try:
            while True:
                stream.sendall(b"fff0" + bytes(65516))
        except OSError:
            pass

    with peer(endless, path), pytest.raises(ipc.ProtocolError, match="larger than"):
        ipc.send_command(path, b"?", limit=1 << 20)


def test_an_error_shows_received_bytes_as_printable_text(tmp_path: Path) -> None:
    """Control characters must not reach the user's terminal."""
    with (
        peer(answering(b"\x1b[2J"), tmp_path / "s"),
        pytest.raises(ipc.ProtocolError) as caught,
    ):
        ipc.send_command(tmp_path / "s", b"?")

    assert r"'\x1b[2J'" in str(caught.value)
    assert "b'" not in str(caught.value)
