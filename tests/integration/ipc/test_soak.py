"""Many requests from many processes: no answer is lost, and nothing leaks."""

import subprocess
import sys
import threading
import time
from pathlib import Path

from support.own_resources import descriptors, resident
from support.systems import IS_WINDOWS

import ipc

ROOT = Path(ipc.__file__).parents[1]

CLIENT = """
import sys, ipc, random
path, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(seed)
wait = ipc.ConnectOptions(wait_if_busy=True, timeout=30)
right = 0
for number in range(count):
    kind = random.random()
    if kind < 0.05:
        ipc.connect(path, wait).close()
        right += 1
        continue
    size = 100_000 if kind < 0.1 else random.randrange(200)
    message = b"%d:%d:" % (seed, number) + b"x" * size
    right += ipc.send_command(path, message, wait, timeout=60) == message
print(right)
"""
PROCESSES, REQUESTS = 8, 400
LEAST = 8 if IS_WINDOWS else 1  # this many handles are a leak; on Windows threads have some too


def test_many_requests_from_many_processes(tmp_path: Path) -> None:
    """There are two rounds, because the first one allocates memory that stays in use."""
    path = tmp_path / "s"
    with ipc.Server(path, lambda message, _reply: message) as server:
        _round(path)
        memory, open_files = resident(), _descriptors_at_rest()
        _round(path)
        assert resident() - memory < 4096
        assert _descriptors_at_rest() - open_files < LEAST
        assert threading.active_count() < 30
        assert server.stop_reason is None


def _descriptors_at_rest() -> int:
    """Return the number of descriptors once it no longer changes."""
    counts = [-1, descriptors()]
    while counts[-1] != counts[-2]:
        time.sleep(0.4)  # longer than the interval of the server loop on Windows
        counts.append(descriptors())
    return counts[-1]


def _round(path: Path) -> None:
    clients = [
        subprocess.Popen(
            [sys.executable, "-c", CLIENT, path, str(seed), str(REQUESTS)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in range(PROCESSES)
    ]
    assert [client.communicate()[0].strip() for client in clients] == [str(REQUESTS)] * PROCESSES
