"""Git's own daemon is already running, at the socket that fsmond would use."""

import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import (
    FSMOND,
    fsmond,
    git,
    is_served,
    modern_git,
    no_daemon_left,
    status,
    until,
)

from fsmond.client import Client
from fsmond.errors import OtherDaemonError
from fsmond.protocol import daemon_of


@pytest.fixture
def program() -> str:
    """Return a git that has a daemon of its own."""
    return modern_git()


@pytest.fixture
def root(tmp_path: Path, program: str) -> Iterator[Path]:
    """Provide a worktree that Git's own daemon watches."""
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "--quiet")
    (root / "file").write_text("first")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=first")
    git(root, "config", "core.fsmonitor", "true")
    git(root, "fsmonitor--daemon", "start", program=program)
    with no_daemon_left(root):
        yield root
        if is_served(root):
            git(root, "fsmonitor--daemon", "stop", program=program)
            until(lambda: not is_served(root))


def test_start_reports_gits_own_daemon_and_leaves_it_running(root: Path) -> None:
    """It is replaced only on request."""
    done = fsmond("start", root)

    assert done.returncode == 1
    assert f"git's own daemon is already watching {root}" in done.stderr
    assert "fsmond start --replace" in done.stderr
    assert daemon_of(Client(root, start=False).query().token.encode()) == "git"


def test_start_with_replace_takes_its_place(root: Path, program: str) -> None:
    """Git then queries fsmond, and sees no difference."""
    done = fsmond("start", "--replace", root)

    assert (done.returncode, done.stderr) == (0, "fsmond: replaced git's own daemon\n")
    before = status(root)["queries"]
    (root / "new").touch()
    assert git(root, "status", "--porcelain", program=program) == "?? new\n"
    assert status(root)["queries"] == before + 1


def test_start_with_replace_leaves_fsmond_running(root: Path) -> None:
    """Its tokens would become invalid, and a script may run `--replace` at each login."""
    fsmond("start", "--replace", root)
    pid = status(root)["pid"]

    assert fsmond("start", "--replace", root).returncode == 0
    assert status(root)["pid"] == pid


def test_it_is_replaced_even_while_git_starts_it_again(root: Path, program: str) -> None:
    """A shell prompt that shows the status starts it every second."""
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():  # may fail: a daemon of Git's that quits cuts its clients off
            subprocess.run([program, "status"], cwd=root, capture_output=True, check=False)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(5):
            assert fsmond("start", "--replace", root).returncode == 0
            assert "pid" in status(root)
            assert fsmond("stop", root).returncode == 0
    finally:
        ended.set()
        looking.join()


def test_run_takes_its_place_too(root: Path) -> None:
    """A service manager starts it."""
    with subprocess.Popen(
        [*FSMOND, "run", "--replace", root], stderr=subprocess.DEVNULL
    ) as running:
        until(lambda: fsmond("status", root).returncode == 0)
        assert status(root)["pid"] == running.pid
        fsmond("stop", root)


def test_gits_own_daemon_answers_queries(root: Path) -> None:
    """It gives no reason for everything."""
    first = fsmond("query", root)
    (root / "file").write_text("changed")

    second = fsmond("query", "--since", first.stdout.splitlines()[0], root)
    answer = json.loads(fsmond("query", "--json", root).stdout)

    assert first.stdout.splitlines()[1:] == ["/"]
    assert second.stdout.splitlines()[1:] == ["file"]
    assert "git's own daemon answered" in first.stderr
    assert "git's own daemon answered" in second.stderr
    assert (answer["everything"], answer["reason"]) == (True, None)


def test_the_python_client_reports_which_daemon_answered(root: Path) -> None:
    """A program that needs more than paths can decide."""
    client = Client(root)
    answer = client.query()
    (root / "file").write_text("changed")

    assert (answer.daemon, answer.everything) == ("git", True)
    assert client.query(since=answer.token).paths == [b"file"]
    assert client.flush().daemon == "git"
    with pytest.raises(OtherDaemonError, match="git's own daemon is watching") as caught:
        client.status()
    assert caught.value.daemon == "git"


def test_status_and_stop_report_that_it_is_not_fsmond(root: Path, program: str) -> None:
    """The user means fsmond, which is not running."""
    shown = fsmond("status", root)
    stopped = fsmond("stop", root)

    assert shown.returncode == 1
    assert f"fsmond is not watching {root}: git's own daemon" in shown.stdout
    assert json.loads(fsmond("status", "--json", root).stdout)["daemon"] == "git"
    assert (stopped.returncode, "git's own daemon" in stopped.stderr) == (0, True)
    assert "is watching" in git(root, "fsmonitor--daemon", "status", program=program)


def test_gits_own_command_works_with_fsmond(root: Path, program: str) -> None:
    """Its `status` and `stop` reach either daemon."""
    fsmond("start", "--replace", root)

    assert "is watching" in git(root, "fsmonitor--daemon", "status", program=program)
    git(root, "fsmonitor--daemon", "stop", program=program)
    until(lambda: fsmond("status", root).returncode == 1)
