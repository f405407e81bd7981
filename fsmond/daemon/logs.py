"""What a daemon writes, and where."""

import logging
import os
import sys

from fsmond.rendezvous import name_of

_SIZE = 1_000_000  # bytes; then the file is put aside, and replaces the one before
_FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"


class _LastError(logging.Handler):
    """Keeps the newest warning for `status`."""

    message: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        self.message = f"{logging.Formatter().formatTime(record)} {record.getMessage()}"


class Log:
    """Where the daemon's log goes; `open` it once."""

    def __init__(self, root: str) -> None:
        self._name = name_of(os.fsencode(root))
        self.path: str | None = None
        """None if there is none, as it goes to standard error or can't be written."""
        self._last = _LastError(logging.WARNING)

    def open(self, *, to_file: bool) -> None:
        """Have everything logged to the file, or to standard error.  Harmless when repeated."""
        if logging.root.handlers:
            return
        handlers: list[logging.Handler] = [self._last]
        handlers.append(self._file() if to_file else logging.StreamHandler(sys.stderr))
        logging.basicConfig(format=_FORMAT, level=logging.INFO, handlers=handlers)
        logging.raiseExceptions = False  # a full disk must not end anything

    def last_error(self) -> str | None:
        """Return the newest warning or error, with its time."""
        return self._last.message

    def _file(self) -> logging.Handler:
        # Slow to import, and not needed before somebody is answered.
        from logging.handlers import RotatingFileHandler

        from platformdirs import user_log_dir

        folder = user_log_dir("fsmond", appauthor=False)
        path = os.path.join(folder, f"{self._name}.log")
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            handler = RotatingFileHandler(path, maxBytes=_SIZE, backupCount=1, errors="replace")
        except OSError:
            return logging.NullHandler()
        self.path = path
        return handler
