"""Run the command, daemons and Git as a person would."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest
from support.systems import IS_WINDOWS

import ipc.client
from fsmond.client import Client
from fsmond.errors import Error, PathError
from fsmond.presence.notes import noted
from fsmond.presence.title import title_of
from fsmond.process.alive import is_running

FSMOND = [sys.executable, "-m", "fsmond"]
# Without the first option, Git would write its index and destroy the tested state.
REFERENCE = ["--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false"]
LONG = 20.0  # seconds; nothing here takes as long unless it hangs


def fsmond(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [*FSMOND, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=LONG,
        check=False,
    )


def git(where: Path, *arguments: str, program: str = "git") -> str:
    """Run Git, which must succeed; return its output.  Skip the test if Git is not installed."""
    if not has_git(program):
        pytest.skip("needs git")
    done = subprocess.run(
        [program, *arguments], cwd=where, capture_output=True, timeout=LONG, check=False
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode(errors="surrogateescape")


def has_git(program: str = "git") -> bool:
    """Return whether Git is installed; on Windows it need not be, and on Wine it is not."""
    return not IS_WINDOWS or shutil.which(program) is not None


def make_repository(root: Path) -> None:
    """Make an empty repository that Git accepts, without Git."""
    for name in ("objects", "refs"):
        (root / ".git" / name).mkdir(parents=True)
    (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n")


def remove(path: Path) -> None:
    """Remove a directory and all below it.

    Files may vanish meanwhile, and on Windows a file that is open vanishes only when closed.
    """

    def removed() -> bool:
        for each in path.rglob("*") if IS_WINDOWS else ():
            with suppress(OSError):
                each.chmod(0o600)  # Git's objects are read-only, so Windows refuses to remove them
        shutil.rmtree(path, ignore_errors=True)
        return not path.exists()

    until(removed)


def tool(variable: str, what: str) -> str:
    """Return the path of an optional tool from a variable; skip the test if it is not set."""
    path = os.environ.get(variable)
    if not path:
        skip_missing(f"needs {what}; give its path in {variable}")
    return path


def modern_git() -> str:
    """Return a git that asks daemons itself on Linux; skip the test if there is none."""
    version = git(Path.cwd(), "version").split()[2].split(".")
    is_modern = tuple(map(int, version[:2])) >= (2, 55)
    named = os.environ.get("FSMOND_MODERN_GIT")
    if is_modern and not named:
        return shutil.which("git") or "git"
    return tool("FSMOND_MODERN_GIT", "git 2.55")


def skip_missing(what: str) -> NoReturn:
    """Skip the test for lack of something; fail it if FSMOND_ALL_TOOLS is set."""
    if os.environ.get("FSMOND_ALL_TOOLS"):
        pytest.fail(what)
    pytest.skip(what)


def until(condition: Callable[[], object], seconds: float = LONG) -> None:
    """Wait until a condition holds; fail the test if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def pause(pid: int) -> None:
    """Stop a process by SIGSTOP; return when it has stopped."""
    os.kill(pid, signal.Signals["SIGSTOP"])  # there is none on Windows
    until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")


def status(root: Path) -> dict[str, Any]:
    """Return the daemon's status."""
    return dict(Client(root, start=False).status())


def is_served(root: Path) -> bool:
    """Return whether a daemon serves the tree."""
    return ipc.client.get_active_state(Client(root, start=False).place.socket) == 0


@contextmanager
def no_daemon_left(root: Path) -> Iterator[None]:
    """At the end, stop any daemon that watches the tree, and check that it ends.

    And that it removes its note; `stop` does that only for one that was killed before.
    """
    yield
    deadline = time.monotonic() + LONG
    pids = _daemons_of(root)
    if root.exists():
        fsmond("stop", root)
    while left := list(filter(is_running, pids)):
        if time.monotonic() > deadline:
            for pid in left:
                os.kill(pid, 9)
            pytest.fail(f"the daemons {left} of {root} did not end")
        time.sleep(0.05)
        if root.exists():
            fsmond("stop", root)  # one that was just started had no socket yet
    assert not is_noted(root), "a daemon left its note in the user's folder"


def is_noted(root: Path) -> bool:
    """Return whether the user's list of daemons has one of this tree, running or not."""
    with suppress(PathError):  # there is no safe folder
        return any(place.root == os.fsencode(root) for place in noted())
    return False


def _daemons_of(root: Path) -> list[int]:
    found = []
    if IS_WINDOWS:
        with suppress(Error, TimeoutError):  # it may be about to end
            return [status(root)["pid"]] if root.exists() and is_served(root) else []
        return []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                arguments = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            is_spawned = os.fsencode(root) in arguments and b"run" in arguments
            if is_spawned or arguments[0] == title_of(os.fsencode(root)):
                found.append(int(entry.name))
    return found
