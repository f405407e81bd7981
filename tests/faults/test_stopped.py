"""A daemon that is stopped for a while, as by a debugger, or by a machine that sleeps."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import fsmond, no_daemon_left, status, until

from fsmond.client import Client

if sys.platform != "linux":
    pytest.skip("of inotify", allow_module_level=True)

PATIENCE = 30  # times that it is asked; a second each
MANY = 100_000  # changes; six times what the kernel queues


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[tuple[Path, int, str]]:
    """Have a daemon that is stopped; return its tree, its process, and a token from before."""
    root = tmp_path / "root"
    for number in range(10):
        (root / str(number)).mkdir(parents=True)
    with no_daemon_left(root):
        assert fsmond("start", root).returncode == 0
        token = Client(root).query().token
        until(lambda: status(root)["state"] == "ready")
        pid = status(root)["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield root, pid, token
        finally:
            os.kill(pid, signal.SIGCONT)


def test_all_changes_meanwhile_are_told_with_the_old_token(stopped: tuple[Path, int, str]) -> None:
    """In one answer, however many events were dropped."""
    root, pid, token = stopped
    made = set()
    for number in range(MANY):
        path = f"{number % 10}/{number}"
        os.close(os.open(root / path, os.O_CREAT | os.O_WRONLY))
        made.add(path.encode())

    os.kill(pid, signal.SIGCONT)
    for _ in range(PATIENCE):
        answer = Client(root).query(token)
        if not answer.everything:  # else it was not done within the deadline
            break

    assert set(answer.paths) == made, answer.reason
    assert status(root)["resynced"] > 0
