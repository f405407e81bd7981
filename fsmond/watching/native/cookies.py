"""Cookie files: when a cookie's event arrives, all earlier events have arrived.

Cookies are two directories below the git directory, so that they do not disturb programs that watch
that.  If it is elsewhere, they are in the root: outside the tree, events would have no order.
"""

import contextlib
import itertools
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable

COOKIE_PREFIX = b".fsmond-cookie-"
"""The start of the names of all cookies; those in the root are not reported."""
_FOLDERS = (b"fsmond-watch/", b"cookies/")
# Windows removes such a file even if this process ends too early to do so.
_FLAGS = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_TEMPORARY", 0)


class Cookies:
    """Creates a cookie in `wait`, on any thread; other calls need the lock, except `prepare`.

    `locate` turns a path relative to the root into one for system calls.  `excluded` contains the
    git directory, if that is in the tree.
    """

    def __init__(
        self, locate: Callable[[bytes], bytes], excluded: Iterable[bytes], lock: threading.Lock
    ) -> None:
        self._locate = locate
        self._excluded = sorted(excluded)
        self._lock = lock  # guards everything below, unless noted otherwise
        self._condition = threading.Condition(lock)
        self._folder = b""  # needs no lock: it is replaced, and the next `wait` uses the new one
        self._prefix = COOKIE_PREFIX + b"%d-%s-" % (os.getpid(), os.urandom(4).hex().encode())
        self._numbers = itertools.count()  # needs no lock
        self._awaited: set[bytes] = set()  # nor does this: each name belongs to one thread
        self._arrived: set[bytes] = set()
        self._completed: set[bytes] = set()

    def prepare(self) -> None:
        """Choose the place; remove cookies that a killed process left there.  Any thread."""
        self._folder = self._choose()
        with contextlib.suppress(OSError):
            for name in os.listdir(self._locate(self._folder)):
                if name.startswith(COOKIE_PREFIX):
                    with contextlib.suppress(OSError):
                        os.unlink(self._locate(self._folder + name))

    def wait(self, deadline: float) -> bool:
        """Wait until all events of earlier changes are handled; return False at `deadline`.

        Raise OSError if no file can be created.  The lock must not be held.
        """
        name = self._prefix + b"%d" % next(self._numbers)
        self._awaited.add(name)
        try:
            self._make(name)
            if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
                return False
            try:
                timeout = max(0.0, deadline - time.monotonic())
                return self._condition.wait_for(lambda: name in self._completed, timeout)
            finally:
                self._completed.discard(name)
                self._lock.release()
        finally:
            self._awaited.discard(name)

    def wait_until(self, condition: Callable[[], bool], deadline: float) -> bool:
        """Wait for a condition that may hold after a `complete`.  The lock must be held."""
        return self._condition.wait_for(condition, max(0.0, deadline - time.monotonic()))

    def consume(self, path: bytes) -> bool:
        """Note a cookie's event; return whether the path must not be reported."""
        if COOKIE_PREFIX not in path:
            return False
        name = path.rpartition(b"/")[2]
        if name in self._awaited:
            self._arrived.add(name)
        return path.startswith(COOKIE_PREFIX)

    def assume_arrived(self) -> None:
        """Note that events were lost, perhaps those of cookies, too: a rescan replaces them."""
        self._arrived |= self._awaited

    def complete(self) -> None:
        """Note that all events so far are handled and reported; wake the threads that wait."""
        self._completed |= self._arrived & self._awaited
        self._arrived.clear()
        self._condition.notify_all()

    def _choose(self) -> bytes:
        for path in self._excluded:
            with contextlib.suppress(OSError):
                if stat.S_ISDIR(os.lstat(self._locate(path)).st_mode):
                    folder = path + b"/"
                    for each in _FOLDERS:
                        folder += each
                        with contextlib.suppress(FileExistsError):
                            os.mkdir(self._locate(folder))
                    return folder
        return b""

    def _make(self, name: bytes) -> None:
        try:
            _make_and_remove(self._locate(self._folder + name))
        except (FileNotFoundError, NotADirectoryError):
            self._folder = self._choose()  # another program removed it
            _make_and_remove(self._locate(self._folder + name))


def _make_and_remove(path: bytes) -> None:
    os.close(os.open(path, _FLAGS, 0o600))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
