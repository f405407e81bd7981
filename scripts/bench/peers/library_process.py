"""The program of a process of `libraries`: `library_process.py watchdog|watchfiles ROOT`.

It keeps the paths that the library delivers.  A line on the standard input names a marker file and
how many seconds to wait for it; the answer is all paths that were delivered until then.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable

_DEBOUNCE = 20  # milliseconds; the shortest that still joins events of the same moment


class Delivered:
    """The paths that were delivered since the last query."""

    def __init__(self) -> None:
        self._paths: set[str] = set()  # guarded by the condition
        self._condition = threading.Condition()

    def add(self, paths: Iterable[str]) -> None:
        """Add paths, from any thread."""
        with self._condition:
            self._paths.update(paths)
            self._condition.notify()

    def take(self, marker: str, seconds: float) -> tuple[bool, set[str]]:
        """Return all paths once the marker is among them, or after so many seconds."""
        deadline = time.monotonic() + seconds
        with self._condition:
            while marker not in self._paths and (left := deadline - time.monotonic()) > 0:
                self._condition.wait(left)
            paths, self._paths = self._paths, set()
        return marker in paths, paths


def run_watchdog(root: str, delivered: Delivered, ready: Callable[[], None]) -> None:
    """Observe as watchdog's documentation shows it, but ignore events of mere reading."""
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers import Observer

    class Handler(FileSystemEventHandler):
        def dispatch(self, event: FileSystemEvent) -> None:
            if event.event_type not in ("opened", "closed_no_write"):
                both = (event.src_path, event.dest_path)
                delivered.add(os.fsdecode(path) for path in both if path)

    observer = Observer()
    observer.schedule(Handler(), root, recursive=True)
    observer.start()
    ready()


def run_watchfiles(root: str, delivered: Delivered, ready: Callable[[], None]) -> None:
    """Watch without its filter; the first, empty batch says that it has started."""
    from watchfiles import watch

    changes = watch(
        root,
        watch_filter=None,
        debounce=_DEBOUNCE,
        step=_DEBOUNCE // 2,
        rust_timeout=_DEBOUNCE,
        yield_on_timeout=True,
        raise_interrupt=False,
    )
    next(changes)
    ready()
    for found in changes:
        if found:
            delivered.add(path for _, path in found)


def main() -> int:
    """Answer queries until the standard input ends; return the exit status."""
    library, root = sys.argv[1:]
    delivered, started = Delivered(), threading.Event()
    watch = {"watchdog": run_watchdog, "watchfiles": run_watchfiles}[library]
    failed: list[BaseException] = []

    def watching() -> None:
        try:
            watch(root, delivered, started.set)
        except BaseException as error:  # noqa: BLE001 - the main thread prints it
            failed.append(error)
            started.set()

    threading.Thread(target=watching, daemon=True).start()
    started.wait()
    if failed:
        print(failed[0], file=sys.stderr)
        return 1
    print("watching", flush=True)
    for line in sys.stdin:
        name, seconds = line.split()
        seen, paths = delivered.take(os.path.join(root, name), float(seconds))
        data = b"\0".join(map(os.fsencode, paths))
        sys.stdout.buffer.write(b"%s %d\n%s" % (b"seen" if seen else b"late", len(data), data))
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
