import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.ipc_tools import busy, echo, leave_dead_socket

import ipc

# On Windows the second would be a valid file name.
UNWRITABLE = "\0" if sys.platform == "win32" else "\udfff\ud800"


@pytest.fixture
def dead(tmp_path: Path) -> Any:
    """Return the socket of a dead server."""
    leave_dead_socket(tmp_path / "s")
    return tmp_path / "s"


@pytest.mark.parametrize("kind", [str, os.fsencode, Path])
def test_a_path_may_be_of_any_kind(server: Path, kind: Callable[[Path], Any]) -> None:
    """As everywhere else in Python."""
    assert ipc.send_command(kind(server), b"hello") == b"hello"


@pytest.mark.parametrize(
    "message", [b"", b"x", b"\0\xff\n" * 100, b"y" * 65516, b"y" * 65517, b"z" * 1_000_000]
)
def test_any_message_is_answered(server: Path, message: bytes) -> None:
    """With any bytes and any length."""
    assert ipc.send_command(server, message) == message


@pytest.mark.parametrize(
    "message", [bytearray(b"abc"), memoryview(b"abc"), [b"a", b"", b"bc"], iter([b"ab", b"c"])]
)
def test_a_message_may_be_any_buffer_or_an_iterable(server: Path, message: bytes) -> None:
    """The pieces of an iterable are sent as they come, without a copy in memory."""
    assert ipc.send_command(server, message) == b"abc"


def test_an_answer_can_be_streamed(server: Path) -> None:
    """In pieces as they arrive, of at most one receive each."""
    with ipc.connect(server) as connection:
        pieces = list(connection.stream_command(b"x" * 1_000_000))

    assert b"".join(pieces) == b"x" * 1_000_000
    assert max(map(len, pieces)) <= 65536


def test_a_timeout_has_no_effect_on_a_fast_server(server: Path) -> None:
    """Neither for a small answer nor for a large one."""
    assert ipc.send_command(server, b"hello", timeout=10) == b"hello"
    assert ipc.send_command(server, b"x" * 100_000, timeout=10) == b"x" * 100_000


def test_a_connection_answers_once(server: Path) -> None:
    """The server closes the connection after its answer, as Git's does."""
    with ipc.connect(server) as connection:
        connection.send_command(b"one")
        with pytest.raises(ipc.HungUpError):
            connection.send_command(b"two")


def test_closing_twice_is_harmless(server: Path) -> None:
    """A context manager may follow a close."""
    connection = ipc.connect(server)
    connection.close()
    connection.close()

    assert connection.fileno() == -1


def test_a_running_server_is_listening(server: Path) -> None:
    """The check is a connection without a request."""
    assert ipc.get_active_state(server) is ipc.ActiveState.LISTENING
    state, connection = ipc.try_connect(server)
    assert state is ipc.ActiveState.LISTENING
    assert connection is not None
    with connection:
        assert connection.send_command(b"hello") == b"hello"


def test_a_missing_path_is_not_found(tmp_path: Path) -> None:
    """Starting a server would help."""
    assert ipc.get_active_state(tmp_path / "none") is ipc.ActiveState.PATH_NOT_FOUND
    assert ipc.get_active_state(tmp_path / "no" / "ne") is ipc.ActiveState.PATH_NOT_FOUND
    assert ipc.try_connect(tmp_path / "none") == (ipc.ActiveState.PATH_NOT_FOUND, None)
    with pytest.raises(ipc.NoServerError, match="start one"):
        ipc.connect(tmp_path / "none")


@pytest.mark.parametrize("path", ["", b"", "a\0b", "\0abstract", "x" * 300, UNWRITABLE])
def test_an_impossible_path_is_invalid(path: Path) -> None:
    """In particular, it must not be an address outside the file system, as for the kernel."""
    assert ipc.get_active_state(path) is ipc.ActiveState.INVALID_PATH


def test_by_default_no_attempt_is_repeated(tmp_path: Path, dead: Path) -> None:
    """The default is a single attempt, without a wait."""
    began = time.monotonic()
    ipc.get_active_state(dead)
    ipc.get_active_state(tmp_path / "none")

    assert time.monotonic() - began < 0.5


def test_the_wait_for_a_server_is_bounded(tmp_path: Path, dead: Path) -> None:
    """One timeout is for both reasons to wait."""
    options = ipc.ConnectOptions(wait_if_busy=True, wait_if_not_found=True, timeout=0.05)
    for path in (tmp_path / "none", dead):
        began = time.monotonic()
        with pytest.raises(ipc.NoServerError):
            ipc.connect(path, options)
        assert 0.04 < time.monotonic() - began < 1


@pytest.mark.parametrize("before", ["nothing", "dead"])
def test_a_server_that_starts_is_waited_for(
    tmp_path: Path, request: pytest.FixtureRequest, before: str
) -> None:
    """A client needs this after it has started one."""
    path = request.getfixturevalue("dead") if before == "dead" else tmp_path / "s"
    options = ipc.ConnectOptions(wait_if_busy=True, wait_if_not_found=True, timeout=10)
    answers = []
    client = threading.Thread(
        target=lambda: answers.append(ipc.send_command(path, b"hello", options))
    )
    client.start()
    time.sleep(0.01)  # the first attempt should fail before; if not, the test is only weaker
    with ipc.Server(path, echo):
        client.join()

    assert answers == [b"hello"]


def test_a_full_backlog_is_busy(tmp_path: Path) -> None:
    """A blocking connect would wait forever."""
    path = tmp_path / "s"
    with busy(path):
        assert ipc.get_active_state(path) is ipc.ActiveState.NOT_LISTENING
        with pytest.raises(ipc.TimedOutError, match="busy"):
            ipc.connect(path, ipc.ConnectOptions(wait_if_busy=True, timeout=0.02))


def test_a_relative_path_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git uses one: the working directory of its clients is the root of the worktree."""
    monkeypatch.chdir(tmp_path)
    with ipc.Server("s", echo):
        monkeypatch.chdir("/")
        assert ipc.send_command(tmp_path / "s", b"hello") == b"hello"

    assert list(tmp_path.iterdir()) == []


def test_a_default_timeout_of_the_process_has_no_effect(tmp_path: Path) -> None:
    """Some programs set one; it would make all sockets of both sides non-blocking."""
    socket.setdefaulttimeout(0.01)
    try:
        with ipc.Server(tmp_path / "s", lambda _message, _reply: time.sleep(0.03)):
            assert ipc.send_command(tmp_path / "s", b"hello") == b""
    finally:
        socket.setdefaulttimeout(None)
