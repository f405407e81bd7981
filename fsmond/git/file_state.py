"""Whether a file that Git writes has changed since it was read."""

import os


def file_state(path: bytes) -> tuple[int, ...] | None:
    """Return what is another value when the file has changed; None if it cannot be looked at.

    Git replaces its files by a rename, so each has another inode, or at least other times.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # the path may have a NUL
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
