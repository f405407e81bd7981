import contextlib
import time
from pathlib import Path
from typing import Any

import pytest
from support.ipc_tools import (
    HELLO,
    echo,
    exchange,
    raw_client,
    receive_all,
)

import ipc
from ipc.pktline import FLUSH


def still_serves(path: Path) -> Any:
    """Return whether a valid request gets its answer."""
    return ipc.send_command(path, b"polite", timeout=10) == b"polite"


@pytest.mark.parametrize("cut", range(len(HELLO)))
def test_a_client_may_disconnect_after_any_byte(
    path: Path, cut: int, caplog: pytest.LogCaptureFixture
) -> None:
    """It gets no answer, the log stays empty, and the next client is served."""
    raw_client(path, HELLO[:cut]).close()

    assert still_serves(path)
    assert caplog.records == []


@pytest.mark.parametrize("cut", range(len(HELLO)))
def test_a_request_that_ends_early_is_ignored(path: Path, cut: int) -> None:
    """Even if the client then waits for an answer."""
    assert exchange(path, HELLO[:cut], half_close=True) == b""


def test_a_half_close_after_the_request_is_not_a_disconnect(path: Path) -> None:
    """The client still reads."""
    assert exchange(path, HELLO, half_close=True) == HELLO


def test_a_client_that_does_not_wait_for_its_answer_has_no_effect_on_others(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Git disconnects early when it is interrupted."""
    for _ in range(50):
        raw_client(path, HELLO).close()

    assert still_serves(path)
    assert caplog.records == []


@pytest.mark.parametrize("split", range(1, len(HELLO)))
def test_a_request_may_come_in_two_parts(path: Path, split: int) -> None:
    """Git's client writes the length, the data and the end packet separately."""
    with raw_client(path, HELLO[:split]) as client:
        time.sleep(0.003)  # longer than a worker waits
        client.sendall(HELLO[split:])
        assert receive_all(client) == HELLO


def test_a_request_may_come_byte_by_byte(path: Path) -> None:
    """Others are served meanwhile."""
    with raw_client(path) as client:
        for at in range(len(HELLO)):
            client.sendall(HELLO[at : at + 1])
            assert still_serves(path)
        assert receive_all(client) == HELLO


@pytest.mark.parametrize("second", [HELLO, b"zzzz", b"x" * 100_000])
def test_a_second_request_is_ignored(path: Path, second: bytes) -> None:
    """Each connection has one request and one answer."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        assert exchange(path, HELLO + second) == HELLO
    assert still_serves(path)


@pytest.mark.parametrize(
    "junk", [b"zzzzhello", b"0003", b"fff1" + b"x" * 100, b"GET / HTTP/1.1\r\n"]
)
def test_a_client_with_an_invalid_request_is_disconnected(
    path: Path, junk: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """It gets no answer, and the log has a line."""
    assert exchange(path, junk) == b""
    assert exchange(path, b"0005a" + junk) == b""
    assert still_serves(path)
    assert len(caplog.records) == 1


def test_any_bytes_are_a_request(path: Path) -> None:
    """Including NUL, which makes Git's daemon abort."""
    message = bytes(range(256)) * 3

    assert ipc.send_command(path, message) == message


@pytest.mark.parametrize("size", [100_001, 10_000_000])
def test_a_client_with_a_request_over_the_limit_is_disconnected(
    path: Path, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Before all of the request has arrived."""
    for _ in range(3):
        with pytest.raises(ipc.HungUpError):
            ipc.send_command(path, bytes(size))

    assert ipc.send_command(path, bytes(100_000)) == bytes(100_000)
    assert len(caplog.records) == 1


def test_the_limit_applies_to_a_request_that_arrives_at_once(tmp_path: Path) -> None:
    """Such a request has another code path."""
    with ipc.Server(tmp_path / "s", echo, ipc.ServerOptions(max_request=4)):
        assert ipc.send_command(tmp_path / "s", b"four") == b"four"
        with pytest.raises(ipc.HungUpError):
            ipc.send_command(tmp_path / "s", b"five5")


def test_a_flush_alone_is_an_empty_request(path: Path) -> None:
    """Git's daemon answers it as well."""
    assert exchange(path, FLUSH) == FLUSH
