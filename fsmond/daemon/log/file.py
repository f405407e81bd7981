"""A log file of bounded size.  Other processes may remove or rename it at any time."""

import os
import stat
import sys
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler

_MODE = 0o600

if sys.platform == "win32":
    from fsmond.windows.opening import to_append as opener
else:

    def opener(path: str, flags: int) -> int:
        """Open a regular file that this user owns; refuse a link to one."""
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, _MODE)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            os.close(descriptor)
            raise PermissionError(f"{path} is not a regular file of this user's")
        if status.st_mode & 0o777 != _MODE:
            os.fchmod(descriptor, _MODE)
        return descriptor


class LogFile(RotatingFileHandler):
    """A log file that is rotated when it is full; one older file is kept."""

    def __init__(self, path: str, size: int) -> None:
        super().__init__(path, maxBytes=size, backupCount=1, encoding="utf-8", errors="replace")

    def doRollover(self) -> None:  # noqa: N802 - the name is the library's
        """Rotate the file; if that fails, continue with the same one."""
        try:
            super().doRollover()
        except OSError:  # on Windows, another process has the older file open
            self.stream = self._open()

    def _open(self) -> TextIOWrapper:
        return open(
            self.baseFilename, "a", encoding=self.encoding, errors=self.errors, opener=opener
        )
