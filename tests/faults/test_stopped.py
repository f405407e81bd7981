"""A daemon that is stopped for a while, as by a debugger, or while the machine sleeps."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet
from support.running import (
    fsmond,
    is_noted,
    make_repository,
    no_daemon_left,
    pause,
    status,
    until,
)
from support.trees.steps import wait_for_next_timestamp

from fsmond.client import Client
from fsmond.errors import UnresponsiveError
from fsmond.process.alive import is_running

if sys.platform != "linux":
    pytest.skip("about inotify", allow_module_level=True)

SOON = 10  # seconds; three, unless the machine is busy
ATTEMPTS = 30  # queries, of a second each
MANY = 100_000  # changes; six times the size of the kernel's queue


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[tuple[Path, int, str]]:
    """Start and stop a daemon; return its tree, its process, and a token from before."""
    root = tmp_path / "root"
    make_repository(root)
    for number in range(10):
        (root / str(number)).mkdir(parents=True)
    wait_for_next_timestamp(root)
    with no_daemon_left(root):
        assert fsmond("start", root).returncode == 0
        token = Client(root).query().token
        until(lambda: status(root)["state"] == "ready" and is_noted(root))
        pid = status(root)["pid"]
        pause(pid)
        try:
            yield root, pid, token
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def test_all_changes_meanwhile_are_reported_for_the_old_token(
    stopped: tuple[Path, int, str],
) -> None:
    """In one answer, although the kernel dropped events."""
    root, pid, token = stopped
    made = set()
    for number in range(MANY):
        path = f"{number % 10}/{number}"
        os.close(os.open(root / path, os.O_CREAT | os.O_WRONLY))
        made.add(path.encode())

    os.kill(pid, signal.SIGCONT)
    for _ in range(ATTEMPTS):
        answer = Client(root).query(token)
        if not answer.everything:  # else the comparison did not end in time
            break

    # A comparison reports a directory as well: names may have appeared and vanished in it.
    folders = {b"%d/" % number for number in range(10)}
    assert set(answer.paths or ()) - folders == made, answer.reason
    assert status(root)["resynced"] > 0


def slow(command: str) -> ParameterSet:
    """Mark a command whose error is made like that of the others."""
    return pytest.param(command, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    "command",
    ["query", "hook 2 fsmond:a:1", slow("status"), slow("verify"), slow("flush"), slow("start")],
)
def test_a_client_soon_gets_an_error_that_names_the_process(
    stopped: tuple[Path, int, str], command: str
) -> None:
    """And what would help; starting another daemon would not."""
    root, pid, _ = stopped
    began = time.monotonic()

    done = fsmond(*command.split(), cwd=root)

    assert time.monotonic() - began < SOON
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    for each in (str(root), f"process {pid}", f"kill -CONT {pid}", "fsmond stop"):
        assert each in done.stderr


def test_the_error_tells_that_the_daemon_was_stopped(stopped: tuple[Path, int, str]) -> None:
    """A program may want to let it continue."""
    root, _, token = stopped

    with pytest.raises(UnresponsiveError) as caught:
        Client(root).query(token)

    assert caught.value.is_stopped
    assert isinstance(caught.value, TimeoutError)


def test_fsmond_stop_ends_it(stopped: tuple[Path, int, str]) -> None:
    """The kernel confirms which process it is; its socket is removed."""
    root, pid, _ = stopped

    done = fsmond("stop", root)

    assert done.returncode == 0, done.stderr
    assert f"process {pid}" in done.stderr
    until(lambda: not is_running(pid))
    assert not os.path.lexists(Client(root).place.socket)
    assert fsmond("status", root).returncode == 1


@pytest.mark.slow
def test_one_that_ignores_sigterm_is_killed(stopped: tuple[Path, int, str]) -> None:
    """Here it never gets to handle the signal: it is stopped again and again."""
    root, pid, _ = stopped
    ended = threading.Event()

    def keep_stopped() -> None:
        while not ended.wait(0.0005) and is_running(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    stopper = threading.Thread(target=keep_stopped)
    stopper.start()
    try:
        done = fsmond("stop", root)
    finally:
        ended.set()
        stopper.join()

    assert done.returncode == 0, done.stderr
    assert not is_running(pid)


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_a_link_to_its_socket_does_not_end_it(
    stopped: tuple[Path, int, str], tmp_path: Path, link: Callable[[str, Path], None]
) -> None:
    """A copy made of links has one; it leads to another tree's daemon."""
    root, pid, _ = stopped
    copy = tmp_path / "copy"
    copy.mkdir()
    make_repository(copy)
    link(os.fsdecode(Client(root).place.socket), copy / ".git" / "fsmonitor--daemon.ipc")

    done = fsmond("stop", copy)

    assert done.returncode == 1
    assert "another tree's" in done.stderr
    assert is_running(pid)


@pytest.mark.slow
def test_a_process_that_is_not_fsmond_is_not_ended(tmp_path: Path) -> None:
    """Another program listens at the socket, and does not answer."""
    make_repository(tmp_path)
    script = (
        "import os, socket, sys, time; s = socket.socket(socket.AF_UNIX); os.chdir(sys.argv[1]);"
        "s.bind('fsmonitor--daemon.ipc'); s.listen(); print(flush=True); time.sleep(60)"
    )
    path = str(tmp_path / ".git")
    with subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        done = fsmond("stop", tmp_path)
        assert other.poll() is None
        other.kill()

    assert done.returncode == 1
    assert "cannot be identified as fsmond" in done.stderr
