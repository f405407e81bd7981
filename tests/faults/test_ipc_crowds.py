import contextlib
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ipc_tools import (
    Reply,
    eventually,
    many,
    script,
)

import ipc

unlimited_on_windows = pytest.mark.skipif(
    sys.platform == "win32", reason="on Windows a process may have any number of handles"
)
NOTICED = 1.0  # seconds; an answer takes a thousandth, and who waited for a crowd, several
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
    """Run a server in a process that may have so many descriptors; collect its log."""
    process = script(CROWDED, path, descriptors)
    log: list[str] = []
    try:
        yield log
    finally:
        log += process.communicate()[1].splitlines()


def median_latency(path: Path) -> Any:
    """Return how many seconds a polite client waits."""
    times = []
    wait = ipc.ConnectOptions(wait_if_busy=True, timeout=10)
    for _ in range(200):
        began = time.perf_counter()
        assert ipc.send_command(path, b"polite", wait, timeout=10) == b"polite"
        times.append(time.perf_counter() - began)
    return statistics.median(times)


@contextlib.contextmanager
def crowd(path: Path, count: int, sent: bytes) -> Iterator[Any]:
    """Connect many clients, and be allowed the descriptors for them."""
    if sys.platform == "win32":
        with many(path, count, sent) as clients:
            yield clients
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(count + 200, soft)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"only {hard} descriptors are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    try:
        with many(path, count, sent) as clients:
            yield clients
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@unlimited_on_windows
def test_running_out_of_descriptors_is_survived(tmp_path: Path) -> None:
    """The polite are served, the silent make room, and the log gets a line, not a flood."""
    path = tmp_path / "s"
    with crowded_server(path, 40) as log:
        before = ipc.send_command(path, b"count").split()[0]
        with many(path, 150, b"00"):
            for _ in range(20):
                assert ipc.send_command(path, b"polite", timeout=10) == b"polite"
        assert eventually(lambda: ipc.send_command(path, b"count").split()[0] == before)
    assert [line for line in log if "LOG" not in line] == []
    assert len(log) <= 2  # one for each kind of trouble


@unlimited_on_windows
def test_no_descriptor_at_all_is_survived(tmp_path: Path) -> None:
    """Where the process has used them up itself, the reserve serves one after the other."""
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


def test_no_more_threads_is_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Those that are there go on."""
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


def test_a_closed_standard_error_does_no_harm(tmp_path: Path) -> None:
    """The log has nowhere to go then; requests still have."""
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
        # 120 is Python's own word for a standard stream that it could not flush at the end.
        assert process.returncode in (0, 120)


@pytest.mark.parametrize("sent", [b"", b"00", b"fff0" + b"x" * 1000], ids=["mute", "half", "part"])
def test_two_thousand_rude_clients_do_not_slow_a_polite_one(tmp_path: Path, sent: bytes) -> None:
    """A worker that waited for each of them would be busy for seconds."""
    path = tmp_path / "s"
    with crowded_server(path, 4200):
        with crowd(path, 2000, sent):
            assert median_latency(path) < NOTICED
        assert ipc.send_command(path, b"polite") == b"polite"


def test_dribbling_clients_do_not_slow_a_polite_one(tmp_path: Path) -> None:
    """Each byte costs the lobby a little, the workers nothing."""
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
            assert median_latency(path) < NOTICED
        finally:
            stop.set()
            thread.join()
