"""What a daemon writes, and where."""

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from platformdirs import user_log_dir

from fsmond.rendezvous import Place, name_of

_SIZE = 1_000_000  # bytes; then the file is put aside, and replaces the one before
_FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"


class _LastError(logging.Handler):
    """Keeps the newest warning for `status`."""

    message: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        self.message = f"{logging.Formatter().formatTime(record)} {record.getMessage()}"


class Log:
    """Where the daemon's log goes; `open` it once."""

    def __init__(self, place: Place) -> None:
        folder = user_log_dir("fsmond", appauthor=False)
        self.path: Path | None = Path(folder, f"{name_of(place.root)}.log")
        """None if it can't be written."""
        self._last = _LastError(logging.WARNING)

    def open(self, *, to_file: bool) -> None:
        """Have everything logged to the file, or to standard error."""
        handlers: list[logging.Handler] = [self._last]
        handlers.append(self._file() if to_file else logging.StreamHandler(sys.stderr))
        if not to_file:
            self.path = None
        logging.basicConfig(format=_FORMAT, level=logging.INFO, handlers=handlers)
        logging.raiseExceptions = False  # a full disk must not end anything

    def last_error(self) -> str | None:
        """Return the newest warning or error, with its time."""
        return self._last.message

    def _file(self) -> logging.Handler:
        assert self.path is not None
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return RotatingFileHandler(self.path, maxBytes=_SIZE, backupCount=1, errors="replace")
        except OSError:
            self.path = None
            return logging.NullHandler()
