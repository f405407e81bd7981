import contextlib
import os
import signal
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.ipc_tools import HELLO, Reply, echo, raw_client, receive_all

import ipc
from ipc.pktline import FLUSH

# The name of a pipe exists as long as it has a client.
AFTER_STOP = (
    (ipc.ActiveState.NOT_LISTENING,)
    if sys.platform == "win32"
    else (ipc.ActiveState.PATH_NOT_FOUND,)
)


def test_no_request_is_read_before_start(tmp_path: Path) -> None:
    """Clients can connect before, and are answered afterwards."""
    seen = []
    server = ipc.Server(tmp_path / "s", lambda message, _reply: seen.append(message))
    try:
        with raw_client(tmp_path / "s", HELLO) as client:
            time.sleep(0.02)  # there is no condition to wait for
            assert seen == []
            server.start()
            assert receive_all(client) == FLUSH
    finally:
        server.close()
    assert seen == [b"hello"]


def test_quit_stops_the_server_after_its_answer(tmp_path: Path) -> None:
    """So its client knows that the server received the request."""

    def application(_message: bytes, reply: Reply) -> object:
        reply(b"bye")
        return ipc.QUIT

    server = ipc.Server(tmp_path / "s", application)
    server.start()
    assert ipc.send_command(tmp_path / "s", b"quit") == b"bye"
    assert server.wait(10)
    assert server.stop_reason == "the application quit"
    server.close()


def test_quit_stops_the_server_even_if_its_client_disconnects(tmp_path: Path) -> None:
    """The client need not wait for the answer."""

    def application(_message: bytes, reply: Reply) -> object:
        with contextlib.suppress(ipc.HungUpError):
            while True:
                reply(b"bye")
        return ipc.QUIT

    with ipc.Server(tmp_path / "s", application) as server:
        raw_client(tmp_path / "s", HELLO).close()
        assert server.wait(10)


def test_run_serves_until_the_application_quits(tmp_path: Path) -> None:
    """It combines four steps in one blocking call."""
    thread = threading.Thread(target=ipc.run, args=(tmp_path / "s", echo))
    thread.start()
    options = ipc.ConnectOptions(wait_if_not_found=True, wait_if_busy=True, timeout=10)

    assert ipc.send_command(tmp_path / "s", b"hello", options) == b"hello"
    assert ipc.send_command(tmp_path / "s", b"quit") == b""
    thread.join(10)

    assert not thread.is_alive()
    assert list(tmp_path.iterdir()) == []


def test_answers_in_progress_are_completed_after_a_stop(tmp_path: Path) -> None:
    """New clients are refused, and clients without a complete request are disconnected."""
    begun, go_on = threading.Event(), threading.Event()

    def application(_message: bytes, _reply: Reply) -> object:
        begun.set()
        go_on.wait(10)
        return b"finished"

    server = ipc.Server(tmp_path / "s", application)
    server.start()
    with raw_client(tmp_path / "s", HELLO) as busy, raw_client(tmp_path / "s", b"00") as silent:
        begun.wait(10)
        server.stop()
        server.stop()
        assert receive_all(silent) == b""
        assert ipc.get_active_state(tmp_path / "s") in AFTER_STOP
        assert not server.wait(0.01)
        go_on.set()
        assert receive_all(busy) == b"000cfinished0000"
    assert server.wait(10)
    server.close()


def test_requests_in_the_backlog_are_answered_after_a_stop(tmp_path: Path) -> None:
    """These clients cannot know of the stop, and Git would show an error to its user."""
    begun, go_on = threading.Event(), threading.Event()

    def application(message: bytes, _reply: Reply) -> object:
        begun.set()
        go_on.wait(10)
        return message

    options = ipc.ServerOptions(nr_threads=1, max_threads=1)
    with ipc.Server(tmp_path / "s", application, options) as server, ExitStack() as stack:
        stack.callback(go_on.set)
        clients = [stack.enter_context(raw_client(tmp_path / "s", HELLO)) for _ in range(5)]
        begun.wait(10)
        server.stop()
        go_on.set()
        assert [receive_all(client) for client in clients] == [HELLO] * 5


def test_closing_disconnects_the_backlog_of_a_server_that_never_started(tmp_path: Path) -> None:
    """Clients that were never accepted must not wait forever."""
    server = ipc.Server(tmp_path / "s", echo)
    with raw_client(tmp_path / "s", HELLO) as queued:
        server.close()
        assert receive_all(queued) == b""


def test_an_application_that_never_returns_does_not_block_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`wait` returns False, `close` has a timeout, and the path is free."""
    monkeypatch.setattr("ipc.server.CLOSE_TIMEOUT", 0.05)
    begun, go_on = threading.Event(), threading.Event()

    def application(_message: bytes, _reply: Reply) -> None:
        begun.set()
        go_on.wait(10)

    server = ipc.Server(tmp_path / "s", application)
    server.start()
    try:
        with raw_client(tmp_path / "s", HELLO):
            begun.wait(10)
            server.stop()
            assert not server.wait(0.01)
            server.close()
        with ipc.Server(tmp_path / "s", echo):
            assert ipc.send_command(tmp_path / "s", b"hello") == b"hello"
    finally:
        go_on.set()
    assert server.wait(10)


def test_the_application_may_stop_its_server(tmp_path: Path) -> None:
    """Any thread may, including the worker's own."""
    with ipc.Server(tmp_path / "s", lambda _message, _reply: server.stop()) as server:
        assert ipc.send_command(tmp_path / "s", b"?") == b""
        assert server.wait(10)


def test_a_signal_handler_may_stop_the_server(tmp_path: Path) -> None:
    """`stop` takes no lock that the interrupted thread could hold."""
    if sys.platform == "win32":
        pytest.skip("on Windows a signal does not end a wait for a thread")
    server = ipc.Server(tmp_path / "s", echo)
    before = signal.signal(signal.SIGUSR1, lambda _number, _frame: server.stop())
    try:
        server.start()
        timer = threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGUSR1))
        timer.start()
        assert server.wait(10)
        timer.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
        server.close()


def test_a_server_starts_once(tmp_path: Path) -> None:
    """It releases its path when it ends."""
    with ipc.Server(tmp_path / "s", echo) as server, pytest.raises(RuntimeError, match="once"):
        server.start()
    server.close()
    with pytest.raises(RuntimeError):
        server.start()


@pytest.mark.parametrize("has_begun", [False, True])
def test_a_start_that_is_interrupted_can_be_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_begun: bool
) -> None:
    """By Ctrl-C, which Python reports between any two steps, also while a thread starts."""
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        if has_begun:
            start(thread)
        raise KeyboardInterrupt

    server = ipc.Server(tmp_path / "s", echo)
    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        server.start()
    monkeypatch.undo()
    server.close()

    assert server.wait(10)
    with ipc.Server(tmp_path / "s", echo):
        assert ipc.send_command(tmp_path / "s", b"hello") == b"hello"


def test_a_server_may_be_stopped_before_it_starts(tmp_path: Path) -> None:
    """As by a signal that comes meanwhile."""
    server = ipc.Server(tmp_path / "s", echo)
    server.stop()
    server.start()

    assert server.wait(10)
    server.close()
