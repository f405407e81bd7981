"""A daemon that is stopped for a while, as by a debugger, or by a machine that sleeps."""

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
from running import fsmond, make_repository, no_daemon_left, pause, status, until
from steps import outlive

from fsmond.client import Client
from fsmond.daemon.alive import lives
from fsmond.errors import UnresponsiveError

if sys.platform != "linux":
    pytest.skip("of inotify", allow_module_level=True)

SOON = 10  # seconds, on a busy machine; it is three
PATIENCE = 30  # times that it is asked; a second each
MANY = 100_000  # changes; six times what the kernel queues


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[tuple[Path, int, str]]:
    """Have a daemon that is stopped; return its tree, its process, and a token from before."""
    root = tmp_path / "root"
    make_repository(root)
    for number in range(10):
        (root / str(number)).mkdir(parents=True)
    outlive(root)
    with no_daemon_left(root):
        assert fsmond("start", root).returncode == 0
        token = Client(root).query().token
        until(lambda: status(root)["state"] == "ready")
        pid = status(root)["pid"]
        pause(pid)
        try:
            yield root, pid, token
        finally:
            with contextlib.suppress(ProcessLookupError):
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

    # Where only a comparison tells, names may have come to a directory and gone again.
    folders = {b"%d/" % number for number in range(10)}
    assert set(answer.paths) - folders == made, answer.reason
    assert status(root)["resynced"] > 0


@pytest.mark.parametrize(
    "command", ["query", "status", "verify", "flush", "start", "hook 2 fsmond:a:1"]
)
def test_who_asks_is_soon_told_which_process_it_is(
    stopped: tuple[Path, int, str], command: str
) -> None:
    """And what would help; another daemon would not."""
    root, pid, _ = stopped
    began = time.monotonic()

    done = fsmond(*command.split(), cwd=root)

    assert time.monotonic() - began < SOON
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    for each in (str(root), f"process {pid}", f"kill -CONT {pid}", "fsmond stop"):
        assert each in done.stderr


def test_a_client_can_tell_that_it_was_stopped(stopped: tuple[Path, int, str]) -> None:
    """A program may want to let it go on."""
    root, _, token = stopped

    with pytest.raises(UnresponsiveError) as caught:
        Client(root).query(token)

    assert caught.value.is_stopped
    assert isinstance(caught.value, TimeoutError)


def test_it_can_be_ended(stopped: tuple[Path, int, str]) -> None:
    """As the kernel says that the process is it; nothing is left behind."""
    root, pid, _ = stopped

    done = fsmond("stop", root)

    assert done.returncode == 0, done.stderr
    assert f"process {pid}" in done.stderr
    until(lambda: not lives(pid))
    assert not os.path.lexists(Client(root).place.socket)
    assert fsmond("status", root).returncode == 1


def test_one_that_ends_at_no_polite_signal_is_killed(stopped: tuple[Path, int, str]) -> None:
    """It is stopped again and again, as by a debugger."""
    root, pid, _ = stopped
    ended = threading.Event()

    def hold() -> None:
        while not ended.wait(0.0005) and lives(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    holding = threading.Thread(target=hold)
    holding.start()
    try:
        done = fsmond("stop", root)
    finally:
        ended.set()
        holding.join()

    assert done.returncode == 0, done.stderr
    assert not lives(pid)


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_it_is_not_ended_for_a_tree_that_only_leads_to_its_socket(
    stopped: tuple[Path, int, str], tmp_path: Path, link: Callable[[str, Path], None]
) -> None:
    """A copy by links has one; the daemon that it leads to is another tree's."""
    root, pid, _ = stopped
    copy = tmp_path / "copy"
    copy.mkdir()
    make_repository(copy)
    link(os.fsdecode(Client(root).place.socket), copy / ".git" / "fsmonitor--daemon.ipc")

    done = fsmond("stop", copy)

    assert done.returncode == 1
    assert "another tree's" in done.stderr
    assert lives(pid)


def test_what_is_no_daemon_of_ours_is_not_ended(tmp_path: Path) -> None:
    """Something else listens at the socket, and says nothing."""
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
    assert "not known to be fsmond's" in done.stderr
