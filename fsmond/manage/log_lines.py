"""Print the end of a log, and follow it."""

import os
import time
from collections import deque
from collections.abc import Callable

_INTERVAL = 0.2  # seconds between two looks at a file
_CHUNK = 1 << 16  # bytes


def last_lines(path: str, count: int | None) -> tuple[bytes, int]:
    """Return the last lines of a file, all if `count` is None, and its size; may raise OSError.

    A log that was renamed, as it had grown, is read as well if it is needed.
    """
    lines: deque[bytes] = deque(maxlen=count)
    size = 0
    for each in (f"{path}.1", path):
        try:
            with open(each, "rb") as file:
                lines.extend(file)
                size = file.tell()
        except FileNotFoundError:
            if each == path:
                raise
    return b"".join(lines), size


def follow(path: str, position: int, write: Callable[[bytes], None]) -> None:
    """Write what is added to a file after a position, for ever; also to one in its place."""
    identity = _identity(path)
    while True:
        now = _identity(path)
        if now is not None and now != identity:
            if identity is not None:
                position = _write_from(f"{path}.1", position, write)
            identity, position = now, 0
        if now is not None:
            position = _write_from(path, position, write)
        time.sleep(_INTERVAL)


def _write_from(path: str, position: int, write: Callable[[bytes], None]) -> int:
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size < position:
                position = 0  # it was emptied
            file.seek(position)
            while data := file.read(_CHUNK):
                write(data)
                position += len(data)
    except FileNotFoundError:
        return 0
    return position


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
