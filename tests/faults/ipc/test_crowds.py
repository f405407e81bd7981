import contextlib
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.ipc_tools import (
    Reply,
    eventually,
    many,
    script,
)

import ipc

unlimited_on_windows = pytest.mark.skipif(
    sys.platform == "win32", reason="on Windows a process may have any number of handles"
)
SLOW = 1.0  # seconds; an answer takes a thousandth, and a wait for all clients several seconds
CROWDED = """
import sys, ipc
if sys.platform != "win32":
    import resource
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[2]), hard))
import logging; logging.basicConfig(stream=sys.stderr, format="LOG %(message)s")
def application(message, reply):
    if message == b"count":
        import os, threading
        return b"%d %d" % (len(os.listdir("/proc/self/fd")), threading.active_count())
    return message
with ipc.Server(sys.argv[1], application) as server:
    print("up", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def crowded_server(path: Path, descriptors: int) -> Iterator[Any]:
    """Run a server in a process with a limit of descriptors; collect its log."""
    process = script(CROWDED, path, descriptors)
    log: list[str] = []
    try:
        yield log
    finally:
        log += process.communicate()[1].splitlines()


def median_latency(path: Path) -> Any:
    """Return the median time of a valid request in seconds."""
    times = []
    wait = ipc.ConnectOptions(wait_if_busy=True, timeout=10)
    for _ in range(200):
        began = time.perf_counter()
        assert ipc.send_command(path, b"polite", wait, timeout=10) == b"polite"
        times.append(time.perf_counter() - began)
    return statistics.median(times)


@contextlib.contextmanager
def crowd(path: Path, count: int, sent: bytes) -> Iterator[Any]:
    """Connect many clients, with a limit of descriptors that allows them."""
    if sys.platform == "win32":
        with many(path, count, sent) as clients:
            yield clients
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(count + 200, soft)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"the limit is {hard} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    try:
        with many(path, count, sent) as clients:
            yield clients
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@unlimited_on_windows
def test_a_server_survives_a_shortage_of_descriptors(tmp_path: Path) -> None:
    """Silent clients are dropped, others are served, and the log has few lines."""
    path = tmp_path / "s"
    with crowded_server(path, 40) as log:
        before = ipc.send_command(path, b"count").split()[0]
        with many(path, 150, b"00"):
            for _ in range(20):
                assert ipc.send_command(path, b"polite", timeout=10) == b"polite"
        assert eventually(lambda: ipc.send_command(path, b"count").split()[0] == before)
    assert [line for line in log if "LOG" not in line] == []
    assert len(log) <= 2  # one for each kind of problem


@unlimited_on_windows
def test_a_server_survives_without_free_descriptors(tmp_path: Path) -> None:
    """If the process has used all, the spare descriptor serves one client after the other."""
    path = tmp_path / "s"
    code = CROWDED.replace(
        'print("up"',
        "taken = []\n"
        "    try:\n"
        "        while True: taken.append(open('/dev/null'))\n"
        "    except OSError: pass\n"
        '    print("up"',
    )
    process = script(code, path, 60)
    try:
        for _ in range(20):
            assert ipc.send_command(path, b"polite", timeout=10) == b"polite"
    finally:
        log = process.communicate()[1].splitlines()
    assert process.returncode == 0
    assert len(log) <= 1


def test_a_server_survives_without_more_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The existing ones go on."""
    path = tmp_path / "s"
    start = threading.Thread.start
    started: list[threading.Thread] = []

    def limited(self: threading.Thread) -> None:
        if self.name == "ipc-worker":
            if len(started) >= 2:
                raise RuntimeError("can't start new thread")
            started.append(self)
        start(self)

    monkeypatch.setattr(threading.Thread, "start", limited)

    def application(message: bytes, _reply: Reply) -> bytes:
        time.sleep(0.01)
        return message

    with ipc.Server(path, application):
        clients = [threading.Thread(target=ipc.send_command, args=(path, b"x")) for _ in range(20)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    assert len(caplog.records) == 1
    assert "no more threads" in caplog.text


def test_a_closed_standard_error_has_no_effect_on_requests(tmp_path: Path) -> None:
    """Only the log cannot be written."""
    path = tmp_path / "s"
    code = (
        "import os, sys, ipc\n"
        "def application(message, reply):\n"
        "    if message == b'bad': raise KeyError\n"
        "    return message\n"
        "if sys.argv[2] == 'object': sys.stderr.close()\n"
        "else: os.close(2)\n"
        "with ipc.Server(sys.argv[1], application): print('up', flush=True), sys.stdin.read()\n"
    )
    for what in ("object", "descriptor"):
        process = script(code, path, what)
        with pytest.raises(ipc.HungUpError):
            ipc.send_command(path, b"bad")
        assert ipc.send_command(path, b"good") == b"good"
        process.communicate()
        # 120 is Python's exit status if it cannot flush a standard stream.
        assert process.returncode in (0, 120)


@pytest.mark.parametrize("sent", [b"", b"00", b"fff0" + b"x" * 1000], ids=["mute", "half", "part"])
def test_two_thousand_rude_clients_do_not_delay_a_polite_one(tmp_path: Path, sent: bytes) -> None:
    """With a wait for each of them, a worker would be busy for seconds."""
    path = tmp_path / "s"
    with crowded_server(path, 4200):
        with crowd(path, 2000, sent):
            assert median_latency(path) < SLOW
        assert ipc.send_command(path, b"polite") == b"polite"


def test_clients_that_send_single_bytes_do_not_delay_a_polite_one(tmp_path: Path) -> None:
    """Each byte takes a little time of the server loop, and none of the workers."""
    path = tmp_path / "s"
    stop = threading.Event()
    with crowded_server(path, 4200), crowd(path, 500, b"fff0") as clients:

        def dribble() -> None:
            while not stop.wait(0.2):
                for client in clients:
                    client.send(b"x")

        thread = threading.Thread(target=dribble)
        thread.start()
        try:
            assert median_latency(path) < SLOW
        finally:
            stop.set()
            thread.join()
