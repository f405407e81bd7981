"""Git's own daemon was there first, at the place where fsmond would be."""

import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import FSMOND, fsmond, git, is_served, no_daemon_left, status, tool, until

from fsmond.client import Client
from fsmond.errors import OtherDaemonError
from fsmond.protocol import daemon_of


@pytest.fixture
def program() -> str:
    """Return a git that has a daemon of its own."""
    return tool("FSMOND_MODERN_GIT", "git 2.55")


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


def test_start_says_whom_it_met_and_leaves_it(root: Path) -> None:
    """It is nothing to take away without being asked."""
    done = fsmond("start", root)

    assert done.returncode == 1
    assert f"git's own daemon watches {root} already" in done.stderr
    assert "fsmond start --replace" in done.stderr
    assert daemon_of(Client(root, start=False).query().token.encode()) == "git"


def test_start_takes_its_place_if_told(root: Path, program: str) -> None:
    """Git then asks fsmond, and does not see a difference."""
    done = fsmond("start", "--replace", root)

    assert (done.returncode, done.stderr) == (0, "fsmond: took the place of git's own daemon\n")
    before = status(root)["queries"]
    (root / "new").touch()
    assert git(root, "status", "--porcelain", program=program) == "?? new\n"
    assert status(root)["queries"] == before + 1


def test_of_another_fsmond_nothing_is_taken(root: Path) -> None:
    """Its tokens would be void; `--replace` may stand in a script that runs at each login."""
    fsmond("start", "--replace", root)
    pid = status(root)["pid"]

    assert fsmond("start", "--replace", root).returncode == 0
    assert status(root)["pid"] == pid


def test_it_is_replaced_even_while_git_starts_it_again(root: Path, program: str) -> None:
    """A prompt that shows the status does so every second."""
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
    """That is what a service manager starts."""
    with subprocess.Popen(
        [*FSMOND, "run", "--replace", root], stderr=subprocess.DEVNULL
    ) as running:
        until(lambda: fsmond("status", root).returncode == 0)
        assert status(root)["pid"] == running.pid
        fsmond("stop", root)


def test_queries_are_answered_by_it(root: Path) -> None:
    """What it can't tell is how, and why everything."""
    first = fsmond("query", root)
    (root / "file").write_text("changed")

    second = fsmond("query", "--since", first.stdout.splitlines()[0], root)
    told = json.loads(fsmond("query", "--json", root).stdout)

    assert first.stdout.splitlines()[1:] == ["/"]
    assert second.stdout.splitlines()[1:] == ["file"]
    assert "git's own daemon answered" in first.stderr
    assert "git's own daemon answered" in second.stderr
    assert (told["everything"], told["reason"]) == (True, None)


def test_the_python_client_says_whom_it_met(root: Path) -> None:
    """Whoever needs more than paths can decide."""
    client = Client(root)
    answer = client.query()
    (root / "file").write_text("changed")

    assert (answer.daemon, answer.everything) == ("git", True)
    assert client.query(since=answer.token).paths == [b"file"]
    assert client.flush().daemon == "git"
    with pytest.raises(OtherDaemonError, match="git's own daemon watches") as caught:
        client.status()
    assert caught.value.daemon == "git"


def test_status_and_stop_say_that_it_is_no_fsmond(root: Path, program: str) -> None:
    """Who typed them means fsmond, and of that none runs."""
    told = fsmond("status", root)
    stopped = fsmond("stop", root)

    assert told.returncode == 1
    assert f"fsmond is not watching {root}: git's own daemon" in told.stdout
    assert json.loads(fsmond("status", "--json", root).stdout)["daemon"] == "git"
    assert (stopped.returncode, "git's own daemon" in stopped.stderr) == (0, True)
    assert "is watching" in git(root, "fsmonitor--daemon", "status", program=program)


def test_git_speaks_to_fsmond_as_to_its_own(root: Path, program: str) -> None:
    """`status` and `stop` of Git's command reach whoever is there."""
    fsmond("start", "--replace", root)

    assert "is watching" in git(root, "fsmonitor--daemon", "status", program=program)
    git(root, "fsmonitor--daemon", "stop", program=program)
    until(lambda: fsmond("status", root).returncode == 1)
