"""What a daemon writes, and where."""

import contextlib
import logging
import os
import sys
import threading

from fsmond.rendezvous import name_of

_SIZE = 1_000_000  # bytes of the file, and of the one before
_PATIENCE = 1.0  # seconds; it is opened soon after the first client can ask
_FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"

_log = logging.getLogger(__name__)


class _LastError(logging.Handler):
    """Keeps the newest warning for `status`."""

    message: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        self.message = f"{logging.Formatter().formatTime(record)} {record.getMessage()}"


class Log:
    """Where the daemon's log goes; `open` it once."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._is_file = True
        self._opened = threading.Event()
        self._last = _LastError(logging.WARNING)

    @property
    def path(self) -> str | None:
        """Where it goes; None if to standard error, or nowhere.  Waits a moment for `open`."""
        self._opened.wait(_PATIENCE)
        return _path_of(self._root) if self._is_file else None

    def open(self, *, to_file: bool, watching: bool = False) -> None:
        """Have everything logged to the file, or to standard error.  Harmless when repeated.

        `watching`: say that the tree is watched, as the first in the file.
        """
        if not logging.root.handlers:
            self._begin(to_file=to_file)
        if watching:
            _log.info("watching %s, process %d", self._root, os.getpid())
        self._opened.set()

    def _begin(self, *, to_file: bool) -> None:
        self._is_file = to_file
        handlers: list[logging.Handler] = [self._last]
        handlers.append(self._file() if to_file else logging.StreamHandler(sys.stderr))
        logging.basicConfig(format=_FORMAT, level=logging.INFO, handlers=handlers)
        logging.raiseExceptions = False  # a full disk must not end anything

    def last_error(self) -> str | None:
        """Return the newest warning or error, with its time."""
        return self._last.message

    def _file(self) -> logging.Handler:
        from fsmond.daemon.log_file import LogFile  # slow to import, as above

        path = _path_of(self._root)
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            return LogFile(path, _SIZE)
        except OSError:
            self._is_file = False
            return logging.NullHandler()


def remove_logs(root: str) -> None:
    """Remove what daemons of a tree wrote."""
    path = _path_of(root)
    for each in (path, f"{path}.1"):
        with contextlib.suppress(OSError):
            os.unlink(each)


def _path_of(root: str) -> str:
    from platformdirs import user_log_dir  # slow to import; not before somebody is answered

    folder = user_log_dir("fsmond", appauthor=False)
    return os.path.join(folder, f"{name_of(os.fsencode(root))}.log")
