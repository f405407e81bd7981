"""Clients that use much memory of the server."""

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from support.ipc_tools import (
    HELLO,
    Reply,
    echo,
    eventually,
    is_disconnected,
    many,
    raw_client,
    receive_all,
    script,
)

import ipc
from ipc._server.memory import MemoryBudget, Share
from ipc.pktline import MAX_DATA

MIB = 1 << 20
FULL = b"fff0" + bytes(MAX_DATA)
SLOW = 3.0  # seconds; on an idle machine an answer takes a thousandth of this
BOUND = 100  # MiB: 16 of the interpreter, 32 in buffers, and the allocator's waste

SERVER = """
import sys, ipc, json
def application(message, reply):
    if message[:1] == b"{":
        try: json.loads(message)
        except (ValueError, RecursionError): pass
    return b"polite"
options = ipc.ServerOptions(max_request=int(sys.argv[2]), max_memory=32 << 20)
with ipc.Server(sys.argv[1], application, options):
    print("up", flush=True)
    sys.stdin.read()
"""
RUDE_CLIENTS = """
import socket, sys, threading, time
path, kind, count, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
full = b"fff0" + bytes(65516)
hostile = b'{"a":' + b"[" * 900 + b"]" * 900 + b',"b":[' + b"[]," * 20000 + b"[]]}"
sent = {
    "slow": full * 256,
    "short packets": b"0005x" * 200_000,
    "objects": b"%04x" % (len(hostile) + 4) + hostile + b"0000",
}[kind]
end = time.monotonic() + seconds

def be_rude():
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(max(end - time.monotonic(), 0.01))
        try:
            stream.connect(path)
            for at in range(0, len(sent), 65536):
                stream.sendall(sent[at : at + 65536])
                time.sleep(0.001)
            while stream.recv(65536): pass
        except OSError: pass

def go_on():
    while time.monotonic() < end: be_rude()

threads = [threading.Thread(target=go_on) for _ in range(count)]
for thread in threads: thread.start()
print("up", flush=True)
for thread in threads: thread.join()
"""

requires_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="needs /proc, and Unix's sockets"
)


@contextmanager
def server_of(path: Path, max_request: int) -> Iterator[subprocess.Popen[str]]:
    """Run a server in its own process."""
    process = script(SERVER, path, max_request)
    try:
        yield process
    finally:
        process.communicate()


def peak_of(process: subprocess.Popen[str]) -> int:
    """Return the peak memory of a process in MiB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10


def latencies(path: Path, seconds: float) -> list[float]:
    """Send valid requests for so many seconds; return how long each answer took."""
    times = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter()
        options = ipc.ConnectOptions(wait_if_busy=True)
        assert ipc.send_command(path, b"?", options, timeout=10) == b"polite"
        times.append(time.perf_counter() - began)
        time.sleep(0.005)
    return times


@requires_linux
@pytest.mark.parametrize(
    ("kind", "count", "max_request"),
    [
        ("slow", 64, MIB),
        ("slow", 64, 16 * MIB),
        ("short packets", 8, MIB),
        ("objects", 8, 1 << 16),
    ],
)
def test_rude_clients_exhaust_neither_memory_nor_workers(
    tmp_path: Path, kind: str, count: int, max_request: int
) -> None:
    """Even if they reconnect again and again."""
    path = tmp_path / "s"
    with server_of(path, max_request) as server:
        rude = script(RUDE_CLIENTS, path, kind, count, 1)
        try:
            assert statistics.median(latencies(path, 1)) < SLOW
        finally:
            rude.communicate()
        assert peak_of(server) < BOUND


@requires_linux
def test_requests_that_are_being_answered_count(tmp_path: Path) -> None:
    """They use the same memory as before."""
    path = tmp_path / "s"
    go_on = threading.Event()
    answering: list[None] = []

    def application(message: bytes, _reply: Reply) -> bytes:
        if len(message) > 10:
            answering.append(None)
            go_on.wait(10)
        return message[:10]

    options = ipc.ServerOptions(max_request=MIB, max_memory=2 * MIB)
    request = FULL * 12 + b"0000"  # three quarters of a MiB
    with ipc.Server(path, application, options), many(path, 2, request) as first:
        assert eventually(lambda: len(answering) == 2)
        with suppress(OSError), raw_client(path, request) as one_too_many:
            assert receive_all(one_too_many) == b""
        assert ipc.send_command(path, b"polite", timeout=5) == b"polite"
        go_on.set()
        assert [receive_all(client) for client in first] == [b"000e" + bytes(10) + b"0000"] * 2
        with raw_client(path, request) as later:
            assert receive_all(later) != b""


def test_the_client_with_the_largest_buffer_is_dropped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not the oldest one with a small buffer; the log reports it once."""
    path = tmp_path / "s"
    options = ipc.ServerOptions(max_request=500_000, max_memory=1_000_000)
    with ipc.Server(path, echo, options), raw_client(path, b"00") as modest:
        with many(path, 3, FULL * 6) as greedy:
            assert eventually(lambda: sum(map(is_disconnected, greedy)) >= 1)
            assert not all(map(is_disconnected, greedy))
        with many(path, 3, FULL * 6) as greedy:
            assert eventually(lambda: sum(map(is_disconnected, greedy)) >= 1)
        modest.sendall(b"09hello0000")
        assert receive_all(modest) == HELLO
    assert len(caplog.records) == 1
    assert "max_memory" in caplog.text


def test_unread_answers_count(tmp_path: Path) -> None:
    """Together with the requests."""
    path = tmp_path / "s"
    answer = bytes(600_000)
    options = ipc.ServerOptions(max_request=1000, max_memory=2_000_000, reply_timeout=20)

    def application(message: bytes, _reply: Reply) -> bytes:
        return answer if message == b"hello" else message

    with ipc.Server(path, application, options) as server, many(path, 20, HELLO):
        memory = server._loop._slow_clients._budget
        for _ in range(50):
            assert ipc.send_command(path, b"polite", timeout=5) == b"polite"
        assert eventually(lambda: memory._used <= memory.limit)


def test_memory_is_at_least_two_requests() -> None:
    """With less, a request of the maximum size could be dropped."""
    with pytest.raises(ValueError, match="max_memory"):
        ipc.ServerOptions(max_request=64 * MIB)
    ipc.ServerOptions(max_request=64 * MIB, max_memory=128 * MIB)


def test_a_share_is_released_once() -> None:
    """With a wrong total, the server would finally refuse all clients."""
    memory = MemoryBudget(10)
    share = Share(memory, 8)
    other = Share(memory, 3)
    assert memory.is_exceeded
    share.resize(4)
    assert not memory.is_exceeded
    share.release()
    share.release()
    other.release()
    assert memory._used == 0


@pytest.mark.parametrize("what", ["answered", "left", "too long", "cut"])
def test_no_memory_is_counted_without_clients(tmp_path: Path, what: str) -> None:
    """Each end of an exchange releases its share."""
    path = tmp_path / "s"
    options = ipc.ServerOptions(max_request=200_000, max_memory=4_000_000)
    with ipc.Server(path, echo, options) as server:
        sent = {
            "answered": FULL * 2 + b"0000",
            "left": FULL,
            "too long": FULL * 5,
            "cut": FULL * 2,
        }[what]
        for _ in range(5):
            with suppress(OSError), many(path, 3, sent) as clients:
                if what == "answered":
                    for client in clients:
                        assert len(receive_all(client)) > MAX_DATA
        memory = server._loop._slow_clients._budget
        assert eventually(lambda: memory._used == 0)
