"""Libraries that deliver events: watchdog and watchfiles, each in a process of its own.

They cannot be queried.  So a marker file is created, and the answer is what they report until they
report the marker.  It is a barrier that their users do not have.
"""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import os
import select
import subprocess
from pathlib import Path

from bench.peers.daemons import Daemon
from bench.peers.programs import MeasurementError

_PROGRAM = Path(__file__).with_name("library_process.py")
_TIMEOUT = 45.0  # seconds that it has to start watching
_GRACE = 2.0  # seconds that it has to report the marker; then it counts as lost
_MARKER = ".fsmond-bench-"


class EventLibrary(Daemon):
    """A process that keeps the paths of the events that a library delivers."""

    timeout = _TIMEOUT

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        super().__init__(root, environment)
        self._process: subprocess.Popen[bytes] | None = None
        self._markers = 0
        self.lost_marker = False
        """It did not report the marker of the last query."""

    def start(self) -> None:
        """Start it, and return when it watches."""
        library = type(self).__name__.lower()
        self._process = subprocess.Popen(
            [sys.executable, "-s", str(_PROGRAM), library, str(self.root)],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C must reach only the benchmark
        )
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], self.timeout)[0]:
            raise MeasurementError(f"{self.name} does not watch after {self.timeout:.0f} s")
        if (line := self._line()) != b"watching\n":
            raise MeasurementError(f"{self.name} printed {line!r}")

    def stop(self) -> None:
        """Stop it.  Harmless when repeated."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.kill()
        process.communicate()

    def find_pid(self) -> None:
        """Take it from the process."""
        self.pid = self._process.pid if self._process else 0

    def ask(self) -> bytes:
        """Create a marker; return what the library reports until it reports the marker."""
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            raise MeasurementError(f"{self.name} does not run")
        self._markers += 1
        name = f"{_MARKER}{self._markers}"
        marker = self.root / name
        marker.touch()
        try:
            self._process.stdin.write(f"{name} {_GRACE}\n".encode())
            self._process.stdin.flush()
            outcome, _, size = self._line().partition(b" ")
            self.lost_marker = outcome != b"seen"
            return self._process.stdout.read(int(size))
        finally:
            marker.unlink()

    def parse(self, answer: bytes) -> list[bytes]:
        """Return the paths, without the markers and Git's own files."""
        top = os.fsencode(self.root)
        paths = [path[len(top) + 1 :] for path in answer.split(b"\0") if path.startswith(top)]
        return [path for path in paths if path and not path.startswith((_MARKER.encode(), b".git"))]

    def _line(self) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        line = self._process.stdout.readline()
        if not line:
            last = self._process.stderr.read().decode(errors="replace").strip().splitlines()[-1:]
            raise MeasurementError(f"{self.name} ended: {' '.join(last)}")
        return line


class Watchdog(EventLibrary):
    """The stock observer of watchdog."""

    name = "watchdog"


class Watchfiles(EventLibrary):
    """The library watchfiles, which uses Rust's notify."""

    name = "watchfiles"
