"""Keep the paths that a library delivers, and tell them when asked: `watchdog|watchfiles ROOT`.

A line on the standard input names a file and how many seconds to wait until it was delivered.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable

_DEBOUNCE = 20  # milliseconds; the least delay that still joins what comes together


class Kept:
    """What was delivered since the last question."""

    def __init__(self) -> None:
        self._paths: set[str] = set()  # guarded by the condition
        self._condition = threading.Condition()

    def add(self, paths: Iterable[str]) -> None:
        """Keep more, on whatever thread they come."""
        with self._condition:
            self._paths.update(paths)
            self._condition.notify()

    def take(self, mark: str, seconds: float) -> tuple[bool, set[str]]:
        """Return all, once the mark is among them, or after some time in any case."""
        deadline = time.monotonic() + seconds
        with self._condition:
            while mark not in self._paths and (left := deadline - time.monotonic()) > 0:
                self._condition.wait(left)
            taken, self._paths = self._paths, set()
        return mark in taken, taken


def by_watchdog(root: str, kept: Kept, ready: Callable[[], None]) -> None:
    """Observe as watchdog's documentation shows it; what only tells of reading is left out."""
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers import Observer

    class Handler(FileSystemEventHandler):
        def dispatch(self, event: FileSystemEvent) -> None:
            if event.event_type not in ("opened", "closed_no_write"):
                both = (event.src_path, event.dest_path)
                kept.add(os.fsdecode(path) for path in both if path)

    observer = Observer()
    observer.schedule(Handler(), root, recursive=True)
    observer.start()
    ready()


def by_watchfiles(root: str, kept: Kept, ready: Callable[[], None]) -> None:
    """Watch without its filter; it first tells of nothing, when it has begun."""
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
            kept.add(path for _, path in found)


def main() -> int:
    """Deliver what is asked for until nobody asks any more; return the exit status."""
    library, root = sys.argv[1:]
    kept, began = Kept(), threading.Event()
    watch = {"watchdog": by_watchdog, "watchfiles": by_watchfiles}[library]
    failed: list[BaseException] = []

    def watching() -> None:
        try:
            watch(root, kept, began.set)
        except BaseException as error:  # noqa: BLE001 - the main thread says what it was
            failed.append(error)
            began.set()

    threading.Thread(target=watching, daemon=True).start()
    began.wait()
    if failed:
        print(failed[0], file=sys.stderr)
        return 1
    print("watching", flush=True)
    for line in sys.stdin:
        name, seconds = line.split()
        seen, paths = kept.take(os.path.join(root, name), float(seconds))
        data = b"\0".join(map(os.fsencode, paths))
        sys.stdout.buffer.write(b"%s %d\n%s" % (b"seen" if seen else b"late", len(data), data))
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
