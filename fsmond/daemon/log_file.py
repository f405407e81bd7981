"""A log's file, of bounded size.  Others may remove or rename it at any time."""

import os
import stat
import sys
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler

_MODE = 0o600

if sys.platform == "win32":
    from fsmond.opening_windows import to_append as opener
else:

    def opener(path: str, flags: int) -> int:
        """Return the descriptor of a plain file that is ours, and no link to one."""
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, _MODE)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            os.close(descriptor)
            raise PermissionError(f"{path} is no plain file of this user's")
        if status.st_mode & 0o777 != _MODE:
            os.fchmod(descriptor, _MODE)
        return descriptor


class LogFile(RotatingFileHandler):
    """When it is full, it is put aside, and replaces the one before."""

    def __init__(self, path: str, size: int) -> None:
        super().__init__(path, maxBytes=size, backupCount=1, encoding="utf-8", errors="replace")

    def doRollover(self) -> None:  # noqa: N802 - the name is the library's
        """Put it aside; go on with the same file where that can't be."""
        try:
            super().doRollover()
        except OSError:  # on Windows, somebody has the one before open
            self.stream = self._open()

    def _open(self) -> TextIOWrapper:
        return open(
            self.baseFilename, "a", encoding=self.encoding, errors=self.errors, opener=opener
        )
