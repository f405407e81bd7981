"""When several clients ask at once, one worker serves them all, unless it is held up."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.ipc_tools import Reply, echo
from support.running import LONG, until

import ipc

if sys.platform == "win32":
    pytest.skip("there it is about sockets", allow_module_level=True)

CLIENTS = 6
# Asks until its standard input ends.
_CLIENT = """
import select, sys, ipc
while not select.select([sys.stdin], [], [], 0)[0]:
    assert ipc.send_command(sys.argv[1], b"hello", timeout=60) == b"hello"
"""


@contextmanager
def crowd(path: Path) -> Iterator[None]:
    """Have several processes ask all the time; all of them must have their answers."""
    clients = [
        subprocess.Popen([sys.executable, "-c", _CLIENT, str(path)], stdin=subprocess.PIPE)
        for _ in range(CLIENTS)
    ]
    try:
        yield
    finally:
        for each in clients:
            assert each.stdin is not None
            each.stdin.close()
        statuses = [each.wait(LONG) for each in clients]
    assert statuses == [0] * CLIENTS


def workers_of(server: ipc.Server) -> Any:
    """Return the server's workers, of the module for Unix."""
    return server._loop._workers


def test_all_but_one_are_parked_and_come_back(tmp_path: Path) -> None:
    """They would only take the interpreter from each other."""
    with ipc.Server(tmp_path / "s", echo) as server:
        workers = workers_of(server)
        least = server.options.nr_threads
        with crowd(tmp_path / "s"):
            until(lambda: workers._parked >= least - 2)
        until(lambda: workers._parked == 0 and workers.idle >= least)


def test_a_request_that_takes_long_holds_up_nobody_else(tmp_path: Path) -> None:
    """Whoever served the others is called back."""
    served, count, go_on = threading.Event(), 0, threading.Event()

    def application(message: bytes, _: Reply) -> bytes:
        nonlocal count
        if message == b"long":
            count = 0
            served.wait(LONG)
            return b"whole" if served.is_set() else b"held up"
        count += 1
        if count > 200:
            served.set()
        go_on.wait(LONG)
        return message

    with ipc.Server(tmp_path / "s", application) as server:
        workers = workers_of(server)
        go_on.set()
        with crowd(tmp_path / "s"):
            until(lambda: workers._parked > 0)
            served.clear()
            assert ipc.send_command(tmp_path / "s", b"long", timeout=2 * LONG) == b"whole"


def test_the_end_does_not_wait_for_those_that_are_parked(tmp_path: Path) -> None:
    """They are joined, as all are."""
    server = ipc.Server(tmp_path / "s", echo)
    server.start()
    workers = workers_of(server)
    clients = [
        subprocess.Popen(
            [sys.executable, "-c", _CLIENT, str(tmp_path / "s")],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(CLIENTS)
    ]
    try:
        until(lambda: workers._parked > 0)
        server.close()
    finally:
        for each in clients:
            each.kill()
            each.communicate()

    assert not [each for each in threading.enumerate() if each.name == "ipc-worker"]


def test_a_python_without_the_global_lock_parks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There several workers serve several clients at a time."""
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    with ipc.Server(tmp_path / "s", echo) as server:
        workers = workers_of(server)
        with crowd(tmp_path / "s"):
            before = workers._accepted
            until(lambda: workers._accepted > before + 500)
            assert workers._crowded_until == 0.0


def test_growth_is_looked_at_again_while_one_serves_all(tmp_path: Path) -> None:
    """It may be held up after any number of clients."""
    with ipc.Server(tmp_path / "s", echo) as server:
        workers = workers_of(server)
        with workers._lock:
            workers._parked, workers.idle = 1, 0
            workers._accepted, workers._accepted_before = 1000, 0
        workers.grow()
        is_asked_for_again = workers.growth_requested
        workers.grow()  # none was served since
        with workers._lock:
            workers._parked, workers.idle = 0, server.options.nr_threads

    assert is_asked_for_again
    assert workers._crowded_until == 0.0
