import contextlib
import os
import signal
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from ipc_tools import HELLO, Reply, all_of, echo, raw_client

import ipc
from ipc.pktline import FLUSH

# A pipe has its name as long as there is one client.
NO_LONGER = (
    (ipc.ActiveState.NOT_LISTENING,)
    if sys.platform == "win32"
    else (ipc.ActiveState.PATH_NOT_FOUND,)
)


def test_no_request_is_read_before_start(tmp_path: Path) -> None:
    """But clients can connect already, and are answered afterwards."""
    seen = []
    server = ipc.Server(tmp_path / "s", lambda message, _reply: seen.append(message))
    try:
        with raw_client(tmp_path / "s", HELLO) as client:
            time.sleep(0.02)  # there is nothing to wait for: nothing happens
            assert seen == []
            server.start()
            assert all_of(client) == FLUSH
    finally:
        server.close()
    assert seen == [b"hello"]


def test_quit_stops_the_server_after_its_answer(tmp_path: Path) -> None:
    """Whoever asked it to quit knows that it was heard."""

    def application(_message: bytes, reply: Reply) -> object:
        reply(b"bye")
        return ipc.QUIT

    server = ipc.Server(tmp_path / "s", application)
    server.start()
    assert ipc.send_command(tmp_path / "s", b"quit") == b"bye"
    assert server.wait(10)
    assert server.stop_reason == "the application quit"
    server.close()


def test_a_client_need_not_wait_to_be_told_that_the_server_quits(tmp_path: Path) -> None:
    """It is heard all the same."""

    def application(_message: bytes, reply: Reply) -> object:
        with contextlib.suppress(ipc.HungUpError):
            while True:
                reply(b"bye")
        return ipc.QUIT

    with ipc.Server(tmp_path / "s", application) as server:
        raw_client(tmp_path / "s", HELLO).close()
        assert server.wait(10)


def test_run_serves_until_it_is_told_to_quit(tmp_path: Path) -> None:
    """The four steps in one blocking call."""
    thread = threading.Thread(target=ipc.run, args=(tmp_path / "s", echo))
    thread.start()
    options = ipc.ConnectOptions(wait_if_not_found=True, wait_if_busy=True, timeout=10)

    assert ipc.send_command(tmp_path / "s", b"hello", options) == b"hello"
    assert ipc.send_command(tmp_path / "s", b"quit") == b""
    thread.join(10)

    assert not thread.is_alive()
    assert list(tmp_path.iterdir()) == []


def test_stopping_lets_conversations_finish(tmp_path: Path) -> None:
    """But takes no new ones, and hangs up on those who have not asked yet."""
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
        assert all_of(silent) == b""
        assert ipc.get_active_state(tmp_path / "s") in NO_LONGER
        assert not server.wait(0.01)
        go_on.set()
        assert all_of(busy) == b"000cfinished0000"
    assert server.wait(10)
    server.close()


def test_those_who_asked_before_the_stop_are_answered(tmp_path: Path) -> None:
    """Git would tell its user of an error; whoever waits to be accepted can't know of the stop."""
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
        assert [all_of(client) for client in clients] == [HELLO] * 5


def test_closing_hangs_up_on_the_queue_of_a_server_that_never_began(tmp_path: Path) -> None:
    """Those whom nobody has accepted must not wait for ever."""
    server = ipc.Server(tmp_path / "s", echo)
    with raw_client(tmp_path / "s", HELLO) as queued:
        server.close()
        assert all_of(queued) == b""


def test_an_application_that_never_returns_does_not_hold_up_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`wait` tells, `close` gives up, and the path is free."""
    monkeypatch.setattr("ipc.server.CLOSE_PATIENCE", 0.05)
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
    """Any thread may, the worker's own too."""
    with ipc.Server(tmp_path / "s", lambda _message, _reply: server.stop()) as server:
        assert ipc.send_command(tmp_path / "s", b"?") == b""
        assert server.wait(10)


def test_a_signal_handler_may_stop_the_server(tmp_path: Path) -> None:
    """No lock is taken that the interrupted thread could hold."""
    if sys.platform == "win32":
        pytest.skip("on Windows no signal ends a wait for a thread")
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
    """Its path is given up when it ends."""
    with ipc.Server(tmp_path / "s", echo) as server, pytest.raises(RuntimeError, match="once"):
        server.start()
    server.close()
    with pytest.raises(RuntimeError):
        server.start()
