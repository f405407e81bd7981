"""Measure what a client of Watchman waits for: of fsmond's server, and of Watchman, in turn.

    python scripts/watchman_clients.py [FILES [ROUNDS]]

Prints the median of each row, and fsmond's as a multiple of Watchman's.  Needs fsmond[watchman],
and `watchman` in PATH.
"""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import contextlib
import os
import socket
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))  # however this is run
from bench.peers import bser

PROGRAM = "import sys; from fsmond.watchman.program import main; sys.exit(main(sys.argv[1:]))"
FIELDS = ["name", "mode", "mtime", "size", "exists"]
TIMEOUT = 60.0  # seconds
PAUSE = 0.05  # seconds between two changes of which a subscriber is told
ASKED = 200  # queries of each kind in a round
TOLD = 40
Figures = dict[str, list[float]]


class Client:
    """Speaks BSER, as most clients do."""

    def __init__(self, path: Path) -> None:
        deadline = time.monotonic() + TIMEOUT
        while True:
            self._socket = socket.socket(socket.AF_UNIX)
            try:
                self._socket.connect(str(path))
                return
            except OSError:
                self._socket.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def send(self, *command: bser.Value) -> None:
        """Send a command."""
        self._socket.sendall(bser.encode(list(command)))

    def receive(self) -> bytes:
        """Return the bytes of a message; reading them is the client's own work."""
        data = bytearray()
        while True:
            piece = self._socket.recv(1 << 20)
            if not piece:
                raise EOFError("the server hung up")
            data += piece
            with contextlib.suppress(bser.TruncatedError):
                if len(data) >= bser.length(data):
                    return bytes(data)

    def ask(self, *command: bser.Value) -> bytes:
        """Send a command; return the response."""
        self.send(*command)
        return self.receive()

    def drain(self) -> None:
        """Take what came late."""
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while self._socket.recv(1 << 20):
                pass
        self._socket.setblocking(True)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def main() -> int:
    """Measure both on one tree, in turn, several times."""
    files = int(sys.argv[1]) if sys.argv[1:] else 100_000
    rounds = int(sys.argv[2]) if sys.argv[2:] else 3
    names = ("fsmond", "watchman")
    figures: dict[str, Figures] = {name: defaultdict(list) for name in names}
    with tempfile.TemporaryDirectory(prefix="fsmond-watchman-") as name:
        folder = Path(name)
        root = make(folder / "root", files)
        try:
            for number in range(rounds):
                for each in names:
                    with serving(each, folder / f"{each}{number}") as path:
                        measure(path, root, figures[each])
        finally:
            subprocess.run([sys.executable, "-m", "fsmond", "stop", str(root)], check=False)
    print(f"{files:,} files, medians of {rounds} rounds; ms")
    for row in figures["fsmond"]:
        ours, theirs = (median(figures[name][row]) * 1000 for name in names)
        print(f"{row:40} {ours:9.2f} {theirs:9.2f} {ours / theirs:6.2f}")
    return 0


def make(root: Path, files: int) -> Path:
    """Make a tree with nine files in each directory."""
    for number in range(files // 9):
        directory = root / str(number % 100) / str(number)
        directory.mkdir(parents=True)
        for each in range(9):
            (directory / f"{each}.txt").touch()
    return root


@contextlib.contextmanager
def serving(name: str, folder: Path) -> Iterator[Path]:
    """Run a server; yield its socket."""
    folder.mkdir()
    path = folder / "sock"
    command = [name] if name == "watchman" else [sys.executable, "-c", PROGRAM]
    options = [f"--{each}={folder / each}" for each in ("logfile", "statefile", "pidfile")]
    process = subprocess.Popen(
        [*command, "--foreground", f"--sockname={path}", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield path
    finally:
        process.terminate()
        process.wait(TIMEOUT)


def measure(path: Path, root: Path, figures: Figures) -> None:
    """Measure each row once, or its median of many."""
    client, where = Client(path), os.fsencode(root)

    def timed(row: str, action: Callable[[], object]) -> None:
        began = time.perf_counter()
        action()
        figures[row].append(time.perf_counter() - began)

    def query(**spec: bser.Value) -> bytes:
        return client.ask("query", where, {"fields": FIELDS, **spec})

    timed("watch a directory", lambda: client.ask("watch", where))
    timed("first query, all files", query)
    timed("second query, all files", query)
    timed("all files of a suffix", lambda: query(suffix=["txt"], fields=["name"]))
    clock = clock_of(client, where)
    figures["query, nothing changed"].append(
        median(seconds(lambda: query(since=clock)) for _ in range(ASKED))
    )
    changed = root / "1" / "1" / "1.txt"
    after = []
    for number in range(ASKED):
        changed.write_text(str(number))
        after.append(seconds(lambda: query(since=clock)))
    figures["query after one change"].append(median(after))
    client.ask("subscribe", where, "bench", {"fields": ["name"], "since": clock_of(client, where)})
    told = []
    for number in range(TOLD):
        time.sleep(PAUSE)
        client.drain()
        changed.write_text(str(number))
        told.append(seconds(client.receive))
    figures["from a change to a subscriber"].append(median(told))
    client.close()


def clock_of(client: Client, where: bytes) -> bytes:
    """Return the clock now."""
    clock = bser.decode(client.ask("clock", where, {"sync_timeout": 1000}))["clock"]
    assert isinstance(clock, bytes)
    return clock


def seconds(action: Callable[[], object]) -> float:
    """Return how long an action takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
