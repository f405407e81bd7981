import contextlib
import time
from pathlib import Path
from typing import Any

import pytest
from ipc_tools import (
    HELLO,
    all_of,
    echo,
    exchange,
    raw_client,
)

import ipc
from ipc.pktline import FLUSH


def still_serves(path: Path) -> Any:
    """Return whether a polite client gets its answer."""
    return ipc.send_command(path, b"polite", timeout=10) == b"polite"


@pytest.mark.parametrize("cut", range(len(HELLO)))
def test_a_client_may_leave_at_any_byte(
    path: Path, cut: int, caplog: pytest.LogCaptureFixture
) -> None:
    """No answer, no noise in the log, and the next one is served."""
    raw_client(path, HELLO[:cut]).close()

    assert still_serves(path)
    assert caplog.records == []


@pytest.mark.parametrize("cut", range(len(HELLO)))
def test_a_request_that_ends_early_is_ignored(path: Path, cut: int) -> None:
    """Half a request is none, however politely it ends."""
    assert exchange(path, HELLO[:cut], half_close=True) == b""


def test_a_half_close_after_the_request_is_no_hanging_up(path: Path) -> None:
    """The client still reads."""
    assert exchange(path, HELLO, half_close=True) == HELLO


def test_a_client_that_does_not_wait_for_its_answer_does_no_harm(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Git does that when it is interrupted."""
    for _ in range(50):
        raw_client(path, HELLO).close()

    assert still_serves(path)
    assert caplog.records == []


@pytest.mark.parametrize("split", range(1, len(HELLO)))
def test_a_request_may_come_in_two_parts(path: Path, split: int) -> None:
    """Git's client writes the length, the data and the end one by one."""
    with raw_client(path, HELLO[:split]) as client:
        time.sleep(0.003)  # longer than a worker waits
        client.sendall(HELLO[split:])
        assert all_of(client) == HELLO


def test_a_request_may_come_byte_by_byte(path: Path) -> None:
    """While others are served."""
    with raw_client(path) as client:
        for at in range(len(HELLO)):
            client.sendall(HELLO[at : at + 1])
            assert still_serves(path)
        assert all_of(client) == HELLO


@pytest.mark.parametrize("second", [HELLO, b"zzzz", b"x" * 100_000])
def test_a_second_request_is_ignored(path: Path, second: bytes) -> None:
    """One request and one answer a connection."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        assert exchange(path, HELLO + second) == HELLO
    assert still_serves(path)


@pytest.mark.parametrize(
    "junk", [b"zzzzhello", b"0003", b"fff1" + b"x" * 100, b"GET / HTTP/1.1\r\n"]
)
def test_what_is_no_request_is_hung_up_on(
    path: Path, junk: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Without an answer, and with a line in the log."""
    assert exchange(path, junk) == b""
    assert exchange(path, b"0005a" + junk) == b""
    assert still_serves(path)
    assert len(caplog.records) == 1


def test_any_bytes_are_a_request(path: Path) -> None:
    """NUL too, on which Git's daemon dies."""
    message = bytes(range(256)) * 3

    assert ipc.send_command(path, message) == message


@pytest.mark.parametrize("size", [100_001, 10_000_000])
def test_a_request_over_the_limit_is_hung_up_on(
    path: Path, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Long before all of it has arrived."""
    for _ in range(3):
        with pytest.raises(ipc.HungUpError):
            ipc.send_command(path, bytes(size))

    assert ipc.send_command(path, bytes(100_000)) == bytes(100_000)
    assert len(caplog.records) == 1


def test_a_small_request_over_the_limit_is_hung_up_on(tmp_path: Path) -> None:
    """Also where all of it arrives at once."""
    with ipc.Server(tmp_path / "s", echo, ipc.ServerOptions(max_request=4)):
        assert ipc.send_command(tmp_path / "s", b"four") == b"four"
        with pytest.raises(ipc.HungUpError):
            ipc.send_command(tmp_path / "s", b"five5")


def test_a_flush_alone_is_an_empty_request(path: Path) -> None:
    """Git's daemon answers it as well."""
    assert exchange(path, FLUSH) == FLUSH
