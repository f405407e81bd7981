"""List a directory, and find its inode."""

import os
import stat


def contents(path: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the names of the subdirectories of a directory, and all its other names."""
    directories: list[bytes] = []
    others: list[bytes] = []
    with os.scandir(path) as entries:
        for each in entries:
            (directories if each.is_dir(follow_symlinks=False) else others).append(each.name)
    return directories, others


def directory_at(path: bytes) -> int | None:
    """Return the inode of the directory that is there now; None if there is none."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_ino if stat.S_ISDIR(status.st_mode) else None
