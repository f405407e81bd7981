"""Clients that query a daemon: over its socket, from Python, and as a whole process."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import json
import os
import shutil
import time
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path

from bench.names import CLIENT, EMPTY_PROGRAM, HOOK, QUERY
from bench.peers.daemons import BARE_PYTHON, COMMAND, MAIN, Daemon, Fsmond
from bench.peers.programs import MeasurementError, timed
from bench.peers.watchman import NO_SPAWN, Watchman
from fsmond.client import Client


class SocketClient:
    """Queries a daemon over its socket; all clients of one daemon share its token."""

    is_process = False

    def __init__(self, daemon: Daemon, paths: Sequence[str]) -> None:
        self.name = daemon.name
        self.daemon = daemon
        self.paths = paths
        """The files of the tree."""
        self._changed = 0  # files, of all rounds

    def change(self, count: int) -> list[str]:
        """Fetch earlier changes, then change so many other files; return their paths."""
        if count:
            self.daemon.query()
        size = len(self.paths)
        changed = [self.paths[(self._changed + number) * 7 % size] for number in range(count)]
        self._changed += count
        for path in changed if count > 1 else ():
            os.utime(path)
        if count == 1:
            _append(changed[0])
        return changed

    def measure(self, changed: Sequence[str]) -> float:
        """Query, and return the seconds.  Raise unless the answer has all that changed."""
        taken, reported = self.query()
        if not changed:
            return taken
        if b"/" in reported:
            raise MeasurementError("it answered that everything may have changed")
        root = len(str(self.daemon.root)) + 1
        missed = {path[root:].encode() for path in changed}.difference(reported)
        if missed:
            raise MeasurementError(f"it missed {len(missed)} of {len(changed)} changes")
        return taken

    def query(self) -> tuple[float, list[bytes]]:
        """Return the seconds that an answer took, and its paths."""
        ask = self.daemon.ask
        started = time.perf_counter()
        answer = ask()
        taken = time.perf_counter() - started
        return taken, self.daemon.parse(answer)


class PythonClient(SocketClient):
    """Queries with fsmond's library, `fsmond.client`."""

    def __init__(self, daemon: Fsmond, paths: Sequence[str]) -> None:
        super().__init__(daemon, paths)
        self.name = CLIENT
        self._client = Client(daemon.root, start=False)

    def query(self) -> tuple[float, list[bytes]]:
        """Return the seconds that an answer took, and its paths."""
        since = os.fsdecode(self.daemon.token)
        started = time.perf_counter()
        answer = self._client.query(since=since)
        taken = time.perf_counter() - started
        return taken, [b"/"] if answer.paths is None else list(answer.paths)


class ProcessClient(SocketClient):
    """Runs a program that queries, in the tree; measured from its start to its end."""

    is_process = True

    def __init__(self, name: str, daemon: Daemon, paths: Sequence[str]) -> None:
        super().__init__(daemon, paths)
        self.name = name
        self._output = daemon.root.with_suffix(".output")
        self._input = daemon.root.with_suffix(".input")

    def query(self) -> tuple[float, list[bytes]]:
        """Return the seconds that the process took, and the paths that it printed."""
        words = self.words()
        with chdir(self.daemon.root):
            taken = timed(words, self.daemon.environment, self._output, str(self._input))
        return taken, self.printed(self._output)

    def words(self) -> list[str]:
        """Return the command line."""
        self._input.touch()
        token = os.fsdecode(self.daemon.token)
        return {
            EMPTY_PROGRAM: [*BARE_PYTHON, "-c", "pass"],
            HOOK: [*BARE_PYTHON, str(MAIN), "hook", "2", token],
            QUERY: [str(COMMAND), "query", "--since", token],
        }[self.name]

    def printed(self, output: Path) -> list[bytes]:
        """Return the paths that the program printed."""
        return output.read_bytes().split(b"\0" if self.name == HOOK else b"\n")[1:-1]


class WatchmanClient(ProcessClient):
    """Runs Watchman's own client."""

    def __init__(self, daemon: Daemon, paths: Sequence[str]) -> None:
        super().__init__("watchman, its client", daemon, paths)
        self._program = shutil.which("watchman") or "watchman"

    def words(self) -> list[str]:
        """Write the request to a file, and return the command line."""
        wanted = {"since": os.fsdecode(self.daemon.token), "fields": ["name"]}
        self._input.write_text(json.dumps(["query", str(self.daemon.root), wanted]))
        return [self._program, *NO_SPAWN[1:], "--no-pretty", "-j"]

    def printed(self, output: Path) -> list[bytes]:
        """Return the paths in the JSON object that the program printed."""
        return [os.fsencode(name) for name in json.loads(output.read_bytes())["files"]]


class EmptyProgram(ProcessClient):
    """Runs an empty Python program: the least that a client process can take."""

    def __init__(self, daemon: Daemon, paths: Sequence[str]) -> None:
        super().__init__(EMPTY_PROGRAM, daemon, paths)

    def change(self, count: int) -> list[str]:  # noqa: ARG002 - the base class has it
        """Change nothing."""
        return []


def clients_of(daemon: Daemon, paths: Sequence[str]) -> list[SocketClient]:
    """Return the clients of a daemon; those of fsmond include an empty program."""
    found = [SocketClient(daemon, paths)]
    if isinstance(daemon, Fsmond):
        found += [PythonClient(daemon, paths), EmptyProgram(daemon, paths)]
        found += [ProcessClient(name, daemon, paths) for name in (HOOK, QUERY)]
    elif isinstance(daemon, Watchman):
        found.append(WatchmanClient(daemon, paths))
    return found


def _append(path: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    os.write(descriptor, b".")
    os.close(descriptor)
