"""Watch a tree and store its history, but end at a given system call of the store."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.restarts import monitored, token_of, until_stored
from support.trees import truth

from fsmond.monitor import history_store
from fsmond.monitor.monitor import Monitor
from fsmond.storage import file as file_module

CALLS = ("write", "replace", "fsync", "open", "ftruncate", "unlink")
KILLED = 9  # the exit status


class Crashing:
    """The real `os`; the process ends at its `last` call, a write perhaps after half of it."""

    def __init__(self, last: int, *, in_half: bool) -> None:
        self._left = last
        self._in_half = in_half

    def __getattr__(self, name: str) -> Any:
        found = getattr(os, name)
        return self._counted(found) if name in CALLS else found

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                if self._in_half and call is os.write:
                    descriptor, data = arguments
                    os.write(descriptor, data[: len(data) // 2])
                os._exit(KILLED)
            return call(*arguments, **options)

        return counted


class Client:
    """Reports to the test, before anything else happens."""

    def __init__(self, root: Path, report: int) -> None:
        self._root = root
        self._report = report

    def ask(self, monitor: Monitor) -> None:
        """Get a token; report it with the tree at that time."""
        token = token_of(monitor)
        self._write(("token", token, truth.snapshot(self._root)))

    def save(self, monitor: Monitor) -> None:
        """Wait until the newest token is stored; report that."""
        until_stored(monitor)
        self._write(("saved",))

    def _write(self, what: tuple[object, ...]) -> None:
        os.write(self._report, f"{what!r}\n".encode())


def main(root: Path, last: int, *, in_half: bool) -> None:
    """Make changes, ask, and save, in a fixed order."""
    vars(file_module)["os"] = Crashing(last, in_half=in_half)
    history_store._RECORDS_RATE = 1 << 40  # so that records are stored each time
    client = Client(root, sys.stdout.fileno())
    with monitored(root) as monitor:
        refresh = monitor.index_worker.refresh_finally
        client.ask(monitor)
        client.save(monitor)
        (root / "dir" / "one").write_text("changed")
        (root / "dir" / "new").touch()
        client.ask(monitor)
        client.save(monitor)
        (root / "dir").rename(root / "moved")
        (root / "other" / "brief").touch()
        client.ask(monitor)
        client.save(monitor)
        (root / "other" / "brief").unlink()
        client.ask(monitor)
        refresh(5.0)
        client.save(monitor)
        (root / "dir").mkdir()
        (root / "dir" / "one").touch()
        client.ask(monitor)
        history_store._MIN_GROWTH = history_store._MAX_GROWTH = 0  # to replace the file
        refresh(5.0)
        client.save(monitor)
        (root / "dir" / "last").touch()
        client.ask(monitor)
        history_store._MIN_GROWTH = history_store._MAX_GROWTH = 1 << 20
    client._write(("saved",))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), in_half=sys.argv[3] == "half")
