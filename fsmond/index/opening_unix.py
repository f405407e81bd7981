"""Open directories one after another on Unix, by paths of any length."""

import sys

assert sys.platform != "win32"

import os
from typing import Self

_STEP = 4000  # bytes of a path that are resolved at a time; Linux accepts 4095
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class DirectoryOpener:
    """Opens directories below a base, an absolute path that ends in `/`.

    The last directory stays open until the next is opened, so that its subdirectories are opened
    relative to it.
    """

    def __init__(self, base: bytes) -> None:
        self._base = base
        self._last: tuple[bytes, int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._keep(None)

    def open(self, prefix: bytes, *, strictly: bool) -> int:
        """Return a descriptor, valid until the next call; raise OSError if there is no directory.

        A symbolic link in the place of the directory itself is not followed.  A link above it may
        be followed unless `strictly`, which is slower.
        """
        handle = self._open_strictly(prefix) if strictly else self._open(prefix)
        self._keep((prefix, handle))
        return handle

    def _keep(self, last: tuple[bytes, int] | None) -> None:
        if self._last is not None:
            os.close(self._last[1])
        self._last = last

    def _open(self, prefix: bytes) -> int:
        # Without the final slash: with it, a link would be followed.
        path, start = self._base + prefix[:-1], None
        if self._last is not None and prefix.startswith(self._last[0]) and self._last[0]:
            path = prefix[len(self._last[0]) : -1]
            if len(path) <= _STEP:
                return os.open(path, _DIRECTORY | os.O_NOFOLLOW, dir_fd=self._last[1])
            start = os.dup(self._last[1])
        try:
            while len(path) > _STEP:
                at = path.rindex(b"/", 0, _STEP) + 1
                step = os.open(path[:at], _DIRECTORY, dir_fd=start)
                if start is not None:
                    os.close(start)
                path, start = path[at:], step
            return os.open(path, _DIRECTORY | os.O_NOFOLLOW, dir_fd=start)
        finally:
            if start is not None:
                os.close(start)

    def _open_strictly(self, prefix: bytes) -> int:
        handle = os.open(self._base, _DIRECTORY)
        for name in prefix.split(b"/")[:-1]:
            try:
                deeper = os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
            finally:
                os.close(handle)
            handle = deeper
        return handle
