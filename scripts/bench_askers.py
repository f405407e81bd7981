"""The ways in which a daemon is asked: over its socket, from Python, and by whole processes."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import json
import os
import shutil
import time
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path

from bench_daemons import BARE_PYTHON, COMMAND, MAIN, Daemon, Fsmond, MeasurementError
from bench_git_status import timed
from bench_names import CLIENT, FLOOR, HOOK, QUERY
from bench_watchman import ALONE, Watchman

from fsmond.client import Client


class Asker:
    """Asks a daemon over its socket; all that ask the same one go on from the same token."""

    is_process = False

    def __init__(self, daemon: Daemon, paths: Sequence[str]) -> None:
        self.name = daemon.name
        self.daemon = daemon
        self.paths = paths
        """The files of the tree."""
        self._at = 0

    def change(self, count: int) -> list[str]:
        """Change so many files, each time others; return their paths, after all before was told."""
        if count:
            self.daemon.query()
        size = len(self.paths)
        changed = [self.paths[(self._at + number) * 7 % size] for number in range(count)]
        self._at += count
        for path in changed if count > 1 else ():
            os.utime(path)
        if count == 1:
            _append(changed[0])
        return changed

    def measure(self, changed: Sequence[str]) -> float:
        """Ask; return the seconds.  Raise unless all that changed is in the answer."""
        taken, told = self.asked()
        if not changed:
            return taken
        if b"/" in told:
            raise MeasurementError("it answered that everything may have changed")
        root = len(str(self.daemon.root)) + 1
        lost = {path[root:].encode() for path in changed}.difference(told)
        if lost:
            raise MeasurementError(f"it missed {len(lost)} of {len(changed)} changes")
        return taken

    def asked(self) -> tuple[float, list[bytes]]:
        """Return how long an answer took, and its paths."""
        ask = self.daemon.ask
        started = time.perf_counter()
        answer = ask()
        taken = time.perf_counter() - started
        return taken, self.daemon.understand(answer)


class ByClient(Asker):
    """Asks from Python, with the library."""

    def __init__(self, daemon: Fsmond, paths: Sequence[str]) -> None:
        super().__init__(daemon, paths)
        self.name = CLIENT
        self._client = Client(daemon.root, start=False)

    def asked(self) -> tuple[float, list[bytes]]:
        """Return how long an answer took, and its paths."""
        since = os.fsdecode(self.daemon.token)
        started = time.perf_counter()
        answer = self._client.query(since=since)
        taken = time.perf_counter() - started
        return taken, [b"/"] if answer.everything else list(answer.paths)


class ByProcess(Asker):
    """Asks by a program, from its start to its end, in the tree and a clean environment."""

    is_process = True

    def __init__(self, name: str, daemon: Daemon, paths: Sequence[str]) -> None:
        super().__init__(daemon, paths)
        self.name = name
        self._output = daemon.root.with_suffix(".output")
        self._input = daemon.root.with_suffix(".input")

    def asked(self) -> tuple[float, list[bytes]]:
        """Return how long the process took, and the paths it printed."""
        words = self.words()
        with chdir(self.daemon.root):
            taken = timed(words, self.daemon.environment, self._output, str(self._input))
        return taken, self.printed(self._output)

    def words(self) -> list[str]:
        """Return what is run."""
        self._input.touch()
        token = os.fsdecode(self.daemon.token)
        return {
            FLOOR: [*BARE_PYTHON, "-c", "pass"],
            HOOK: [*BARE_PYTHON, str(MAIN), "hook", "2", token],
            QUERY: [str(COMMAND), "query", "--since", token],
        }[self.name]

    def printed(self, output: Path) -> list[bytes]:
        """Return the paths that were printed."""
        return output.read_bytes().split(b"\0" if self.name == HOOK else b"\n")[1:-1]


class ByWatchmansClient(ByProcess):
    """Asks by Watchman's own program."""

    def __init__(self, daemon: Daemon, paths: Sequence[str]) -> None:
        super().__init__("watchman, its client", daemon, paths)
        self._program = shutil.which("watchman") or "watchman"

    def words(self) -> list[str]:
        """Write the question, and return what is run to ask it."""
        wanted = {"since": os.fsdecode(self.daemon.token), "fields": ["name"]}
        self._input.write_text(json.dumps(["query", str(self.daemon.root), wanted]))
        return [self._program, *ALONE[1:], "--no-pretty", "-j"]

    def printed(self, output: Path) -> list[bytes]:
        """Return the paths of the object that was printed."""
        return [os.fsencode(name) for name in json.loads(output.read_bytes())["files"]]


class Floor(ByProcess):
    """Asks nobody: what the least process in Python takes."""

    def __init__(self, daemon: Daemon, paths: Sequence[str]) -> None:
        super().__init__(FLOOR, daemon, paths)

    def change(self, count: int) -> list[str]:  # noqa: ARG002 - it is another's
        """Change nothing."""
        return []


def askers(daemon: Daemon, paths: Sequence[str]) -> list[Asker]:
    """Return all ways of asking a daemon; of ours, also the floor of the processes."""
    found = [Asker(daemon, paths)]
    if isinstance(daemon, Fsmond):
        found += [ByClient(daemon, paths), Floor(daemon, paths)]
        found += [ByProcess(name, daemon, paths) for name in (HOOK, QUERY)]
    elif isinstance(daemon, Watchman):
        found.append(ByWatchmansClient(daemon, paths))
    return found


def _append(path: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    os.write(descriptor, b".")
    os.close(descriptor)
