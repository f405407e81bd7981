"""Compare ways to store an index: the file that fsmond uses, and an sqlite3 database.

Prints medians, in milliseconds, for a tree of 11,000 directories with 9 files each.
"""

import sqlite3
import statistics
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from fsmond.index.record import pack
from fsmond.storage.file import HistoryFile
from fsmond.storage.format import end, records

DIRECTORIES, FILES = 11_000, 9
ROUNDS = 9
CHANGED = 100  # directories in a small transaction

Records = Mapping[bytes, bytes]


def main() -> int:
    """Print the figures."""
    found = _records()
    some = dict(list(found.items())[:: len(found) // CHANGED])
    with tempfile.TemporaryDirectory() as folder:
        engines: dict[str, _File | _Database] = {
            "file": _File(Path(folder, "file")),
            "sqlite3": _Database(Path(folder, "db")),
        }
        print(f"{'':10}{'write all':>12}{'write some':>12}{'read all':>12}")
        for name, engine in engines.items():
            figures = [
                _median(partial(engine.write_all, found)),
                _median(partial(engine.write_some, some)),
                _median(engine.read),
            ]
            assert engine.read() == found
            print(f"{name:10}" + "".join(f"{each:12.1f}" for each in figures))
    return 0


class _File:
    def __init__(self, folder: Path) -> None:
        self._file = HistoryFile(str(folder), {})
        self._file.open()

    def write_all(self, found: Records) -> None:
        self._file.replace([*records(found), end({})])

    def write_some(self, found: Records) -> None:
        self._file.append([*records(found), end({})])

    def read(self) -> Records:
        stored = self._file.read()
        assert stored is not None
        return stored.records


class _Database:
    """With a write-ahead log, which is moved into the database after each large transaction."""

    def __init__(self, path: Path) -> None:
        self._path = path
        connection = self._open()
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE record (prefix BLOB PRIMARY KEY, entries BLOB)")
        connection.close()

    def write_all(self, found: Records) -> None:
        self._write(found, "DELETE FROM record")
        connection = self._open()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    def write_some(self, found: Records) -> None:
        self._write(found)

    def read(self) -> Records:
        connection = self._open()
        found = dict(connection.execute("SELECT prefix, entries FROM record"))
        connection.close()
        return found

    def _write(self, found: Records, *before: str) -> None:
        connection = self._open()
        with connection:
            for each in before:
                connection.execute(each)
            connection.executemany("INSERT OR REPLACE INTO record VALUES (?, ?)", found.items())
        connection.close()

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path)


def _records() -> dict[bytes, bytes]:
    names = b"\0".join(b"file%d" % number for number in range(FILES))
    inodes = array("I", range(FILES))
    return {
        b"directory%d/" % number: pack(
            names, array("q", [hash((number, each)) & ~31 | 1 for each in range(FILES)]), inodes
        )
        for number in range(DIRECTORIES)
    }


def _median(run: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        run()
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    sys.exit(main())
