"""Libraries that deliver events, each in a process of its own; they have no question to answer.

So the question is put for them: a file is made, and when they tell of it, what they told until then
is the answer.  This gives them the barrier that their users lack.
"""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import os
import select
import subprocess
from pathlib import Path

from bench_daemons import Daemon, MeasurementError

_PROGRAM = Path(__file__).with_name("bench_collecting.py")
_PATIENCE = 45.0  # seconds for it to begin
_GRACE = 2.0  # seconds in which it tells of our file, unless it has lost it
_MARK = ".fsmond-bench-"


class Collector(Daemon):
    """A process that keeps the paths of the events that a library delivers."""

    patience = _PATIENCE

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        super().__init__(root, environment)
        self._process: subprocess.Popen[bytes] | None = None
        self._marks = 0
        self.deaf = False
        """It did not tell of the file that was made for the last answer."""

    def start(self) -> None:
        """Start it; returns when it watches."""
        library = type(self).__name__.lower()
        self._process = subprocess.Popen(
            [sys.executable, "-s", str(_PROGRAM), library, str(self.root)],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for us
        )
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], self.patience)[0]:
            raise MeasurementError(f"{self.name} does not watch after {self.patience:.0f} s")
        if (told := self._line()) != b"watching\n":
            raise MeasurementError(f"{self.name} said {told!r}")

    def stop(self) -> None:
        """Stop it.  Harmless when repeated."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.kill()
        process.communicate()

    def learn_pid(self) -> None:
        """Take it from the process."""
        self.pid = self._process.pid if self._process else 0

    def ask(self) -> bytes:
        """Return what it told until it told of a file that is made now."""
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            raise MeasurementError(f"{self.name} does not run")
        self._marks += 1
        name = f"{_MARK}{self._marks}"
        mark = self.root / name
        mark.touch()
        try:
            self._process.stdin.write(f"{name} {_GRACE}\n".encode())
            self._process.stdin.flush()
            seen, _, size = self._line().partition(b" ")
            self.deaf = seen != b"seen"
            return self._process.stdout.read(int(size))
        finally:
            mark.unlink()

    def understand(self, answer: bytes) -> list[bytes]:
        """Return the paths, without those that were made in order to ask, and without Git's."""
        top = os.fsencode(self.root)
        paths = [path[len(top) + 1 :] for path in answer.split(b"\0") if path.startswith(top)]
        return [path for path in paths if path and not path.startswith((_MARK.encode(), b".git"))]

    def _line(self) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        line = self._process.stdout.readline()
        if not line:
            last = self._process.stderr.read().decode(errors="replace").strip().splitlines()[-1:]
            raise MeasurementError(f"{self.name} ended: {' '.join(last)}")
        return line


class Watchdog(Collector):
    """The stock observer of watchdog."""

    name = "watchdog"


class Watchfiles(Collector):
    """The library watchfiles, of Rust's notify."""

    name = "watchfiles"
