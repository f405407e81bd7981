"""Whether a path still leads to the same directory."""

import os


def leads_to(path: bytes, expected: tuple[int, int]) -> bool:
    """Return whether a path leads to the expected directory, by one system call."""
    try:
        status = os.stat(path)
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == expected


def identity(path: bytes) -> tuple[int, int]:
    """Return device and inode, which no two directories share at a time; may raise OSError."""
    status = os.stat(path)
    return status.st_dev, status.st_ino
