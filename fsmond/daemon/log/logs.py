"""What the daemon logs, and where."""

import contextlib
import logging
import math
import os
import sys
import threading
import time
from collections.abc import Iterator

from fsmond.daemon.log.writer import LogWriter
from fsmond.errors import PathError
from fsmond.folders import home, make, runtime_folders
from fsmond.git.worktree import find, is_within
from fsmond.printable import printable
from fsmond.rendezvous import name_of

_MAX_SIZE = 1_000_000  # bytes of the file, and of the older one
_MAX_TREES = 100  # trees whose logs are kept
_MAX_AGE = 30 * 86400.0  # seconds for which the log of a daemon that has ended is kept
_SUFFIXES = (".log", ".log.1")
_MARK_INTERVAL = 3600.0  # seconds until a log in use is marked as such again
_FOLLOWS_LINKS = os.utime not in os.supports_follow_symlinks  # only where it can do nothing else
_DRAIN_TIMEOUT = 0.1  # seconds; a client that asks for the path should find the latest lines
_OPEN_TIMEOUT = 1.0  # seconds; the log is opened soon after the first client can ask
_FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"

_log = logging.getLogger(__name__)


class _LastError(logging.Handler):
    """Keeps the newest warning for `status`."""

    message: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        text = printable(record.getMessage())
        self.message = f"{logging.Formatter().formatTime(record)} {text}"


class _Formatter(logging.Formatter):
    """Writes one line per message; text that others choose never begins a line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        record.message = printable(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802 - the library's name
        lines = super().formatException(ei).splitlines()  # type: ignore[arg-type]
        return "\n".join(f"    {printable(line)}" for line in lines)


class Log:
    """The daemon's log: a file, or standard error.  `open` it once.

    To open it takes time that the first client would have to wait; what is logged after `hold`, and
    before, is written then.
    """

    def __init__(self, root: bytes) -> None:
        self._root = root
        self._path: str | None = None
        self._marked_at = -math.inf  # when it was last marked as in use
        self._opened = threading.Event()
        self._last = _LastError(logging.WARNING)
        self._writer: LogWriter | None = None
        self._is_open = self._goes_to_file = False

    @property
    def path(self) -> str | None:
        """The path of the log file; None if it goes to standard error, or nowhere.

        Waits a moment for `open`, and until the latest messages can be read.
        """
        if self._opened.wait(_OPEN_TIMEOUT) and self._writer is not None:
            self._writer.drain(_DRAIN_TIMEOUT)
        return self._path

    def hold(self) -> None:
        """Keep what is logged from now on, until `open`.  Harmless when repeated."""
        if not logging.root.handlers:
            self._writer = LogWriter(self._handler)
            logging.basicConfig(level=logging.INFO, handlers=[self._last, self._writer])
            logging.raiseExceptions = False  # a full disk must not end anything

    def open(self, *, to_file: bool, announce: bool = False) -> None:
        """Log to the file, or to standard error, from now on.  Harmless when repeated.

        `announce`: log that the tree is watched.
        """
        self.hold()
        if announce:  # first, so that whoever asks for the path finds it in the file
            _log.info("watching %s, process %d", os.fsdecode(self._root), os.getpid())
        if self._writer is not None and not self._is_open:
            self._is_open, self._goes_to_file = True, to_file
            try:
                self._writer.start()
            except RuntimeError:  # no more threads: only the newest warning is kept
                logging.root.removeHandler(self._writer)
                self._writer = None
                self._opened.set()

    def drain(self) -> None:
        """Wait until all messages are written, for a second at most."""
        if self._writer is not None and self._is_open:
            self._writer.drain()

    def close(self) -> bool:
        """Write the queued messages, for a second at most; return whether that was done."""
        if self._writer is None:
            return True
        self._writer.close()
        return not self._writer.is_blocked

    def last_error(self) -> str | None:
        """Return the newest warning or error, with its time."""
        return self._last.message

    def mark_in_use(self) -> None:
        """Keep other daemons from removing the file as an old one; to be called at each tick."""
        now = time.monotonic()
        if self._writer is not None and now > self._marked_at + _MARK_INTERVAL:
            self._marked_at = now
            self._writer.submit(self._touch)

    def _touch(self, _: logging.Handler) -> None:
        if self._path is not None:
            with contextlib.suppress(OSError):
                os.utime(self._path, follow_symlinks=_FOLLOWS_LINKS)

    def _handler(self) -> logging.Handler:
        return self._file_handler() if self._goes_to_file else self._error_handler()

    def _error_handler(self) -> logging.Handler:
        self._opened.set()
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Formatter(_FORMAT))
        return handler

    def _file_handler(self) -> logging.Handler:
        handler = self._file()
        handler.setFormatter(_Formatter(_FORMAT))
        self._opened.set()
        return handler

    def _file(self) -> logging.Handler:
        from fsmond.daemon.log.file import LogFile  # slow to import, as `platformdirs` is

        for folder in _folders(self._root):
            try:
                make(folder)
                _remove_old(folder)
                path = os.path.join(folder, f"{name_of(self._root)}.log")
                handler = LogFile(path, _MAX_SIZE)
            except OSError:
                continue
            self._path = path
            return handler
        return logging.NullHandler()


def existing_log(root: bytes) -> str | None:
    """Return the path of the newest log of a tree's daemons; None if there is none."""
    paths = [os.path.join(folder, f"{name_of(root)}.log") for folder in _folders(root)]
    existing = [path for path in paths if os.path.isfile(path)]
    return max(existing, key=os.path.getmtime, default=None)


def remove_logs(root: bytes) -> None:
    """Remove the logs of a tree's daemons."""
    for folder in _folders(root):
        for suffix in _SUFFIXES:
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(folder, name_of(root) + suffix))


def _folders(root: bytes) -> Iterator[str]:
    """Yield the folders for a tree's log, the best one first; none is in a tree that is watched."""
    for folder in _candidate_folders():
        path = os.path.realpath(os.fsencode(folder))
        if not is_within(path, root) and find(path, {}) is None:
            yield folder


def _candidate_folders() -> Iterator[str]:
    from platformdirs import user_log_dir

    yield user_log_dir("fsmond", appauthor=False)
    with contextlib.suppress(OSError):  # HOME may be another user's, or set for one program
        yield os.path.join(home(), ".local", "state", "fsmond", "log")
    with contextlib.suppress(PathError):
        yield from (os.path.join(each, "log") for each in runtime_folders())


def _remove_old(folder: str) -> None:
    """Limit the number and the age of logs; daemons use `mark_in_use` to keep theirs."""
    logs: dict[str, float] = {}
    for entry in os.scandir(folder):
        name = entry.name.removesuffix(".1").removesuffix(".log")
        if entry.name.endswith(_SUFFIXES) and len(name) == len(name_of(b"")):
            with contextlib.suppress(OSError):
                changed = entry.stat(follow_symlinks=False).st_mtime
                logs[name] = max(changed, logs.get(name, 0.0))
    newest = sorted(logs, key=lambda name: -logs[name])
    oldest = time.time() - _MAX_AGE
    for name in newest:
        if logs[name] < oldest or name in newest[_MAX_TREES - 1 :]:
            for suffix in _SUFFIXES:
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(folder, name + suffix))
