"""Starts that fail: what is left of them, and who hears of it."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import LONG, fsmond, git, is_served, no_daemon_left, remove, status, until
from source_files import ROOT

from fsmond.daemon.attempts import Attempt
from fsmond.rendezvous import Place, place_of

if sys.platform == "win32":
    pytest.skip("not brought there", allow_module_level=True)

HOOK = [sys.executable, "-I", "-S", str(ROOT / "fsmond" / "__main__.py"), "hook"]
SOCKET = "fsmonitor--daemon.ipc"


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Path]:
    """Return a repository; what is remembered of it is forgotten with the test."""
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "--quiet")
    (root / "file").touch()
    place = place_of(root)
    with no_daemon_left(root):
        yield root
    Attempt(place).forget()


@pytest.fixture
def place(repository: Path) -> Place:
    """Return where its daemon is met."""
    return place_of(repository)


def status_by(hook: list[str], root: Path) -> subprocess.CompletedProcess[str]:
    """Run Git, which asks by a hook."""
    return subprocess.run(
        ["git", "-c", f"core.fsmonitor={shlex.join(hook)}", "status", "--porcelain"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )


def copied(tmp_path: Path) -> list[str]:
    """Return a hook whose package is a copy that can start no daemon."""
    for name in ("fsmond", "ipc"):
        shutil.copytree(ROOT / name, tmp_path / "copy" / name)
    (tmp_path / "copy" / "fsmond" / "daemon" / "process.py").write_text(
        "raise LookupError('broken')"
    )
    return [*HOOK[:3], str(tmp_path / "copy" / "fsmond" / "__main__.py"), "hook"]


def has_said_why(place: Place) -> bool:
    """Say whether the process that can't start has written its last line."""
    return Path(Attempt(place)._path + ".failed-start").read_text().endswith("broken\n")


def age(place: Place, seconds: float) -> None:
    """Let time pass since the last start."""
    folder = Path(Attempt(place)._path).parent
    for path in folder.glob(f"{Path(Attempt(place)._path).name}.*"):
        os.utime(path, (time.time() - seconds,) * 2)


def test_what_cannot_start_is_said_once_and_not_tried_each_time(
    repository: Path, place: Place, tmp_path: Path
) -> None:
    """A Python that is started in vain costs more than Git does without a daemon."""
    hook = copied(tmp_path)
    said = [status_by(hook, repository)]
    until(lambda: has_said_why(place))
    age(place, 3)

    said += [status_by(hook, repository) for _ in range(3)]

    assert [each.stdout for each in said] == ["?? file\n"] * 4
    assert [bool(each.stderr) for each in said] == [False, True, False, False]
    assert "LookupError: broken; it is tried again in 5 minutes" in said[1].stderr
    told = fsmond("status", repository)
    assert (told.returncode, "LookupError: broken" in told.stdout) == (1, True)
    tries = os.stat(Attempt(place)._path + ".failed-start-told").st_mtime
    assert time.time() - tries > 2


def test_it_is_tried_again_after_a_while(repository: Path, place: Place, tmp_path: Path) -> None:
    """By then somebody may have mended it."""
    status_by(copied(tmp_path), repository)
    until(lambda: has_said_why(place))
    age(place, 1000)

    status_by(HOOK, repository)

    until(lambda: is_served(repository))
    until(lambda: Attempt(place).age() is None)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_daemon_that_ended_is_started_at_once(repository: Path, place: Place, how: str) -> None:
    """It had started well."""
    for _ in range(2):
        status_by(HOOK, repository)
        until(lambda: is_served(repository) and Attempt(place).age() is None)
        if how == "kill":
            os.kill(status(repository)["pid"], 9)
            until(lambda: not is_served(repository))
        else:
            fsmond("stop", repository)


def test_hooks_at_the_same_time_start_one_daemon(repository: Path, place: Place) -> None:
    """As when an editor asks beside a person."""
    command = ["git", "-c", f"core.fsmonitor={shlex.join(HOOK)}", "status"]
    several = [
        subprocess.Popen(command, cwd=repository, stdout=subprocess.DEVNULL) for _ in range(6)
    ]

    assert [each.wait(LONG) for each in several] == [0] * 6
    until(lambda: is_served(repository))
    until(lambda: Attempt(place).age() is None)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_where_no_socket_can_be_no_python_is_started(repository: Path, place: Place) -> None:
    """A repository that may only be read is asked about as often as others."""
    (repository / ".git").chmod(0o500)
    said = [status_by(HOOK, repository).stderr for _ in range(2)]
    (repository / ".git").chmod(0o700)

    assert "nothing can be written in" in said[0]
    assert said[1] == ""
    assert Attempt(place).reason() is not None


@pytest.mark.parametrize("part", ["HEAD", "description", "objects"])
@pytest.mark.parametrize("when", ["before", "after", "later"])
def test_nothing_is_left_in_what_is_being_removed(repository: Path, part: str, when: str) -> None:
    """`rm -r` fails if something comes into a directory that it has listed."""
    code = _REMOVING.format(part=part, when=when)
    done = subprocess.run(
        [sys.executable, "-c", code, repository],
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )

    assert not (repository / ".git" / SOCKET).exists()
    assert "is being removed" in done.stderr or "is none any more" in done.stderr
    assert "Traceback" not in done.stderr


_REMOVING = """\
import os, sys
from fsmond.daemon import process

def remove():
    os.rename(gitdir + "/{part}", gitdir + "/gone")

class Server(process.Server):
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
process.Server = Server
from fsmond.door import run
sys.argv[:] = ["fsmond", "run", sys.argv[1]]
run()
"""


def test_a_failed_start_leaves_no_socket(repository: Path) -> None:
    """It would cost the next git a second, and who asks then waits for nobody."""
    code = (
        "import sys, threading\n"
        "from fsmond.daemon import process\n"
        'def start(self, *rest):\n    raise RuntimeError("can\'t start new thread")\n'
        "process.{what} = start\n"
        "from fsmond.door import run\n"
        "sys.argv[:] = ['fsmond', 'start', sys.argv[1]]; run()\n"
    )
    for what in ("Monitor.start", "Server.start"):
        done = subprocess.run(
            [sys.executable, "-c", code.format(what=what), repository],
            capture_output=True,
            text=True,
            timeout=LONG,
            check=False,
        )

        assert (done.returncode, "no more threads" in done.stderr) == (1, True)
        assert done.stderr.count("\n") == 1
        assert not (repository / ".git" / SOCKET).exists()


def test_a_linked_worktree_that_lost_its_file_has_no_daemon(
    repository: Path, tmp_path: Path
) -> None:
    """Git does not know it any more, and its socket is in a directory that stays."""
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


def test_it_ends_with_the_file_that_names_its_git_directory(
    repository: Path, tmp_path: Path
) -> None:
    """Also when that goes later."""
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "first")
    linked = tmp_path / "linked"
    git(repository, "worktree", "add", "--quiet", str(linked))
    with no_daemon_left(linked):
        fsmond("start", linked)
        socket = place_of(linked).socket
        assert os.path.lexists(socket)

        (linked / ".git").rename(tmp_path / "file")

        until(lambda: not os.path.lexists(socket))


def test_a_daemon_does_not_wait_to_see_that_its_tree_went(repository: Path) -> None:
    """The kernel tells of that; until it ends it would hold up the next one at this place."""
    code = (
        "import sys\n"
        "from fsmond.daemon import process\n"
        "process.TICK, process._EARLY = 1000.0, 0.0\n"
        "from fsmond.door import run\n"
        "sys.argv[:] = ['fsmond', 'run', sys.argv[1]]; run()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, repository], stderr=subprocess.DEVNULL
    ) as process:
        until(lambda: is_served(repository) and status(repository)["state"] == "ready")

        remove(repository)  # the daemon may be faster with its socket

        assert process.wait(LONG) == 0
