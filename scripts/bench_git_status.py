"""A way to have git tell the status, in a worktree of its own.

One that several ways shared would have one index, and one socket for which the daemons would fight.
"""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import bench_trees as trees
from bench_daemons import Fsmond, MeasurementError

_TRUTH = ("-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false")
_AGE = 60.0  # seconds; git looks twice at what is as young as its index
_FEW = 10  # one file of so many; who looks at more was not told where to look


class Git(NamedTuple):
    """A git on this machine."""

    command: str
    version: str
    has_daemon: bool


@dataclass(eq=False)
class Way:
    """A way to have the status told."""

    name: str
    git: Git
    root: Path
    environment: Mapping[str, str]
    fsmonitor: str = "false"
    untracked_cache: str = "true"
    monitor: AbstractContextManager[object] = field(default_factory=nullcontext)
    """Has the one that git asks run."""
    hook: Sequence[str] = ()
    """What git runs, without the shell, the version and the token."""
    fsmond: Fsmond | None = None
    """If that is who is asked."""
    paths: list[str] = field(default_factory=list)

    def build(self, shape: trees.Shape) -> None:
        """Make the worktree, and have git know all of it."""
        self.paths = trees.make(self.root, shape, self.git.command, dict(self.environment))
        past = time.time() - _AGE
        for path in {*self.paths, *map(os.path.dirname, self.paths)}:
            os.utime(path, (past, past))
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message=all")
        self._git("config", "core.fsmonitor", self.fsmonitor)
        self._git("config", "core.fsmonitorHookVersion", "2")
        self._git("config", "core.untrackedCache", self.untracked_cache)

    def change(self, turn: int) -> None:
        """Edit a tracked file; make an untracked one, or remove that of the turn before."""
        with open(self.paths[turn * 7919 % len(self.paths)], "a", encoding="ascii") as file:
            file.write(".")
        new = Path(self.paths[turn // 2 * 4999 % len(self.paths)]).with_name("new")
        if turn % 2:
            new.unlink()
        else:
            new.touch(exist_ok=False)

    def status(self, **variables: str) -> tuple[float, bytes]:
        """Return how many seconds git takes, and what it tells."""
        return self._timed("status", **variables)

    def check(self) -> None:
        """Raise unless git tells the truth, and looked at little if there is who tells it where."""
        trace = self.root.with_suffix(".trace")
        told = self.status(GIT_TRACE_FSMONITOR=str(trace))[1]
        # With locks, git would take the token out of the index, and prove nothing the next time.
        truth = self._timed("--no-optional-locks", *_TRUTH, "status")[1]
        if told != truth:
            raise MeasurementError(f"{self.name}: git tells {told!r}, and the truth is {truth!r}")
        if self.fsmonitor == "false":
            return
        traced = trace.read_text(encoding="utf-8", errors="replace")
        trace.unlink()  # git would add to it
        seen = traced.count("mark_fsmonitor_clean")
        if "refresh fsmonitor" not in traced or seen > len(self.paths) // _FEW:
            raise MeasurementError(f"{self.name}: git looked at {seen} files all the same")

    def token(self) -> str:
        """Return the token that git will ask with; it stands in the index."""
        _, extension, rest = (self.root / ".git/index").read_bytes().rpartition(b"FSMN")
        if not extension or rest[4:8] != b"\0\0\0\2":  # after the size, the version
            raise MeasurementError(f"{self.name}: git keeps no token in its index")
        return os.fsdecode(rest[8 : rest.index(b"\0", 8)])

    def queries(self) -> int:
        """Return how often fsmond was asked; 0 if it is not who is."""
        return int(str(self.fsmond.status()["queries"])) if self.fsmond else 0

    def _timed(self, *arguments: str, **variables: str) -> tuple[float, bytes]:
        output = self.root.with_suffix(".output")
        words = [self.git.command, "-C", str(self.root), *arguments, "--porcelain"]
        taken = timed(words, {**self.environment, **variables}, output)
        return taken, output.read_bytes()

    def _git(self, *arguments: str) -> None:
        call([self.git.command, "-C", str(self.root), *arguments], self.environment)


def timed(
    words: Sequence[str], environment: Mapping[str, str], output: Path, given: str = os.devnull
) -> float:
    """Run a program, with what it is given from a file and all it says to one; return the seconds.

    Interrupted, it ends with all that it started: a git left alone would start a daemon.
    """
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, given, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(output), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    started = time.perf_counter()
    pid = os.posix_spawn(words[0], list(words), environment, file_actions=actions, setpgroup=0)
    try:
        status = os.waitpid(pid, 0)[1]
    except BaseException:
        with suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        raise
    taken = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status):
        raise MeasurementError(f"{' '.join(words)} failed: {output.read_text(errors='replace')}")
    return taken


def call(words: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run a program that must succeed; return its output."""
    ran = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise MeasurementError(f"{' '.join(words)} failed: {ran.stderr.strip()}")
    return ran.stdout
