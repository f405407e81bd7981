"""What the system knows of files, and of the entries of a directory."""

import sys

if sys.platform == "win32":
    from fsmond.windows.files import Status, lstat, scan, stat
else:
    from fsmond.index.status_unix import Status, lstat, scan, stat

__all__ = ("Status", "lstat", "scan", "stat")
