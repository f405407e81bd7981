"""Starts that fail: what they leave behind, and where they are reported."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import (
    LONG,
    fsmond,
    git,
    is_noted,
    is_served,
    no_daemon_left,
    remove,
    status,
    until,
)
from support.source_files import ROOT

from fsmond.process.attempts import StartAttempt
from fsmond.rendezvous import Place, place_of

if sys.platform == "win32":
    pytest.skip("written for Unix", allow_module_level=True)

HOOK = [sys.executable, "-I", "-S", str(ROOT / "fsmond" / "__main__.py"), "hook"]
SOCKET = "fsmonitor--daemon.ipc"


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Path]:
    """Make a repository; clear the record of its starts at the end."""
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "--quiet")
    (root / "file").touch()
    place = place_of(root)
    with no_daemon_left(root):
        yield root
    StartAttempt(place).clear()


@pytest.fixture
def place(repository: Path) -> Place:
    """Return the repository's place."""
    return place_of(repository)


def status_by(hook: list[str], root: Path) -> subprocess.CompletedProcess[str]:
    """Run `git status` with a hook."""
    return subprocess.run(
        ["git", "-c", f"core.fsmonitor={shlex.join(hook)}", "status", "--porcelain"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )


def broken_copy(tmp_path: Path) -> list[str]:
    """Return a hook in a copy of the packages, whose daemon fails at its start."""
    for name in ("fsmond", "ipc"):
        shutil.copytree(ROOT / name, tmp_path / "copy" / name)
    (tmp_path / "copy" / "fsmond" / "daemon" / "lifecycle.py").write_text(
        "raise LookupError('broken')"
    )
    return [*HOOK[:3], str(tmp_path / "copy" / "fsmond" / "__main__.py"), "hook"]


def has_given_its_reason(place: Place) -> bool:
    """Return whether the failing process has written its last line."""
    return Path(StartAttempt(place)._path + ".failed-start").read_text().endswith("broken\n")


def age(place: Place, seconds: float) -> None:
    """Make the last start older."""
    folder = Path(StartAttempt(place)._path).parent
    for path in folder.glob(f"{Path(StartAttempt(place)._path).name}.*"):
        os.utime(path, (time.time() - seconds,) * 2)


def test_a_failed_start_is_reported_once_and_not_repeated_each_time(
    repository: Path, place: Place, tmp_path: Path
) -> None:
    """A Python that starts in vain costs more than Git needs without a daemon."""
    hook = broken_copy(tmp_path)
    runs = [status_by(hook, repository)]
    until(lambda: has_given_its_reason(place))
    age(place, 3)

    runs += [status_by(hook, repository) for _ in range(3)]

    assert [each.stdout for each in runs] == ["?? file\n"] * 4
    assert [bool(each.stderr) for each in runs] == [False, True, False, False]
    assert "LookupError: broken; the next attempt is in 5 minutes" in runs[1].stderr
    done = fsmond("status", repository)
    assert (done.returncode, "LookupError: broken" in done.stdout) == (1, True)
    attempted = os.stat(StartAttempt(place)._path + ".failed-start-told").st_mtime
    assert time.time() - attempted > 2


def test_a_start_is_tried_again_after_a_while(
    repository: Path, place: Place, tmp_path: Path
) -> None:
    """By then the cause may be gone."""
    status_by(broken_copy(tmp_path), repository)
    until(lambda: has_given_its_reason(place))
    age(place, 1000)

    status_by(HOOK, repository)

    until(lambda: is_served(repository))
    until(lambda: StartAttempt(place).age() is None)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_daemon_that_ended_is_started_again_at_once(
    repository: Path, place: Place, how: str
) -> None:
    """Its last start did not fail."""
    for _ in range(2):
        status_by(HOOK, repository)
        until(lambda: is_served(repository) and StartAttempt(place).age() is None)
        if how == "kill":
            until(lambda: is_noted(repository))
            os.kill(status(repository)["pid"], 9)
            until(lambda: not is_served(repository))
        else:
            fsmond("stop", repository)


def test_stop_removes_what_a_killed_daemon_has_left(repository: Path) -> None:
    """Nobody else would: it is the tree's last daemon."""
    assert fsmond("start", repository).returncode == 0
    until(lambda: is_noted(repository))
    os.kill(status(repository)["pid"], 9)
    until(lambda: not is_served(repository))

    assert fsmond("stop", repository).returncode == 0

    assert not is_noted(repository)


def test_hooks_at_the_same_time_start_one_daemon(repository: Path, place: Place) -> None:
    """As when an editor and a person run git at once."""
    command = ["git", "-c", f"core.fsmonitor={shlex.join(HOOK)}", "status"]
    several = [
        subprocess.Popen(command, cwd=repository, stdout=subprocess.DEVNULL) for _ in range(6)
    ]

    assert [each.wait(LONG) for each in several] == [0] * 6
    until(lambda: is_served(repository))
    until(lambda: StartAttempt(place).age() is None)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_python_is_started_if_the_socket_cannot_be_created(
    repository: Path, place: Place
) -> None:
    """People run git as often in a read-only repository."""
    (repository / ".git").chmod(0o500)
    errors = [status_by(HOOK, repository).stderr for _ in range(2)]
    (repository / ".git").chmod(0o700)

    assert "no permission to write in" in errors[0]
    assert errors[1] == ""
    assert StartAttempt(place).reason() is not None


@pytest.mark.parametrize("part", ["HEAD", "description", "objects"])
@pytest.mark.parametrize("when", ["before", "after", "later"])
def test_nothing_is_left_in_a_directory_that_is_being_removed(
    repository: Path, part: str, when: str
) -> None:
    """`rm -r` fails if a file appears in a directory that it has listed."""
    code = _REMOVING.format(part=part, when=when)
    done = subprocess.run(
        [sys.executable, "-c", code, repository],
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )

    assert not (repository / ".git" / SOCKET).exists()
    assert "is being removed" in done.stderr or "is no longer a git directory" in done.stderr
    assert "Traceback" not in done.stderr


_REMOVING = """\
import os, sys
from fsmond.daemon import lifecycle

def remove():
    os.rename(gitdir + "/{part}", gitdir + "/gone")

class Server(lifecycle.Server):
    def __init__(self, *arguments):
        if "{when}" == "before":
            remove()
        super().__init__(*arguments)
        if "{when}" == "after":
            remove()
    def wait(self, timeout=None):
        if "{when}" == "later" and os.path.lexists(gitdir + "/{part}"):
            remove()
        return super().wait(timeout)

gitdir = sys.argv[1] + "/.git"
lifecycle.Server = Server
from fsmond.entry_point import run
sys.argv[:] = ["fsmond", "run", sys.argv[1]]
run()
"""


def test_a_failed_start_leaves_no_socket(repository: Path) -> None:
    """It would cost the next git a second of vain attempts to connect."""
    code = (
        "import sys, threading\n"
        "from fsmond.daemon import lifecycle\n"
        'def start(self, *rest):\n    raise RuntimeError("can\'t start new thread")\n'
        "lifecycle.{method} = start\n"
        "from fsmond.entry_point import run\n"
        "sys.argv[:] = ['fsmond', 'start', sys.argv[1]]; run()\n"
    )
    for method in ("Monitor.start", "Server.start"):
        done = subprocess.run(
            [sys.executable, "-c", code.format(method=method), repository],
            capture_output=True,
            text=True,
            timeout=LONG,
            check=False,
        )

        assert (done.returncode, "no more threads" in done.stderr) == (1, True)
        assert done.stderr.count("\n") == 1
        assert not (repository / ".git" / SOCKET).exists()


def test_a_linked_worktree_without_its_dot_git_file_has_no_daemon(
    repository: Path, tmp_path: Path
) -> None:
    """It is no worktree any longer, but its socket would be in a directory that stays."""
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "first")
    linked = tmp_path / "linked"
    git(repository, "worktree", "add", "--quiet", str(linked))
    place = place_of(linked)
    (linked / ".git").rename(tmp_path / "file")

    done = subprocess.run(
        [sys.executable, *HOOK[3:4], "run", "--detached", *place.as_arguments()],
        capture_output=True,
        timeout=LONG,
        check=False,
    )

    assert b"the git directory of" in done.stdout
    assert not os.path.lexists(place.socket)


def test_it_ends_when_the_dot_git_file_is_removed(repository: Path, tmp_path: Path) -> None:
    """Also after the start."""
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "first")
    linked = tmp_path / "linked"
    git(repository, "worktree", "add", "--quiet", str(linked))
    with no_daemon_left(linked):
        fsmond("start", linked)
        socket = place_of(linked).socket
        assert os.path.lexists(socket)

        (linked / ".git").rename(tmp_path / "file")

        until(lambda: not os.path.lexists(socket))


def test_a_daemon_ends_at_the_event_that_its_tree_is_gone(repository: Path) -> None:
    """Not at the next tick: until it ends, it would delay the next daemon at this path."""
    code = (
        "import sys\n"
        "from fsmond.daemon import lifecycle\n"
        "lifecycle.TICK, lifecycle._EARLY = 1000.0, 0.0\n"
        "from fsmond.entry_point import run\n"
        "sys.argv[:] = ['fsmond', 'run', sys.argv[1]]; run()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, repository], stderr=subprocess.DEVNULL
    ) as process:
        until(lambda: is_served(repository) and status(repository)["state"] == "ready")

        remove(repository)  # the daemon may be faster with its socket

        assert process.wait(LONG) == 0
