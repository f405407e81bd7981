"""A file that is made so that its event comes: by then all events from before it have come.

It lies two directories below the git directory, so that nobody who watches that is disturbed.  If
that is elsewhere, it lies in the root: it has to be in the tree, for its event to come in order.
"""

import contextlib
import itertools
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable

MARK = b".fsmond-cookie-"
"""How the names of all cookies begin; nobody is told of one in the root."""
_FOLDERS = (b"fsmond/", b"cookies/")
# Windows removes such a file even if this process ends before it can.
_FLAGS = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_TEMPORARY", 0)


class Cookies:
    """Made on any thread by `wait`; all else is called with the lock held.

    `locate` returns what leads to a path below the root.  `excluded`: among them is the git
    directory, if it lies in the tree.
    """

    def __init__(
        self, locate: Callable[[bytes], bytes], excluded: Iterable[bytes], lock: threading.Lock
    ) -> None:
        self._locate = locate
        self._excluded = sorted(excluded)
        self._lock = lock  # guards all that follows, but what is said not to need it
        self._condition = threading.Condition(lock)
        self._folder = b""
        self._mark = MARK + b"%d-%s-" % (os.getpid(), os.urandom(4).hex().encode())
        self._numbers = itertools.count()  # needs no lock
        self._awaited: set[bytes] = set()  # nor does this: each name is one thread's
        self._arrived: set[bytes] = set()
        self._taken_in: set[bytes] = set()

    def prepare(self) -> None:
        """Choose the place; remove what was left there when a process was killed.  Any thread."""
        self._folder = self._choose()
        with contextlib.suppress(OSError):
            for name in os.listdir(self._locate(self._folder)):
                if name.startswith(MARK):
                    with contextlib.suppress(OSError):
                        os.unlink(self._locate(self._folder + name))

    def wait(self, deadline: float) -> bool:
        """Say whether all that happened before this was called was taken in by the deadline.

        Raises OSError if no file can be made.  The lock must not be held.
        """
        name = self._mark + b"%d" % next(self._numbers)
        self._awaited.add(name)
        try:
            self._make(name)
            if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
                return False
            try:
                timeout = max(0.0, deadline - time.monotonic())
                return self._condition.wait_for(lambda: name in self._taken_in, timeout)
            finally:
                self._taken_in.discard(name)
                self._lock.release()
        finally:
            self._awaited.discard(name)

    def wait_until(self, condition: Callable[[], bool], deadline: float) -> bool:
        """Wait for something that `announce` may bring about.  The lock must be held."""
        return self._condition.wait_for(condition, max(0.0, deadline - time.monotonic()))

    def take(self, path: bytes) -> bool:
        """Take an event's path; say whether it is one of which nobody is told."""
        if MARK not in path:
            return False
        name = path.rpartition(b"/")[2]
        if name in self._awaited:
            self._arrived.add(name)
        return path.startswith(MARK)

    def presume(self) -> None:
        """Take notice that events were lost, of cookies too; what they told of is looked for."""
        self._arrived |= self._awaited

    def announce(self) -> None:
        """Take notice that all that was told until now is reported."""
        self._taken_in |= self._arrived & self._awaited
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
            self._folder = self._choose()  # somebody removed it
            _make_and_remove(self._locate(self._folder + name))


def _make_and_remove(path: bytes) -> None:
    os.close(os.open(path, _FLAGS, 0o600))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
