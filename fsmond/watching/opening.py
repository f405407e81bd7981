"""Open a directory by the path it had, and see whether it is still there."""

import sys

assert sys.platform == "linux"

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping

from fsmond.watching.calls import Queue
from fsmond.watching.directory import Directory

NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
NO_ACCESS = frozenset({errno.EACCES, errno.EPERM})
NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})

_STEP = 4000  # bytes of a path that are walked at a time; the kernel takes 4095


class Opening:
    """Opens watched directories below a base, an absolute path with a `/` behind."""

    def __init__(self, base: bytes, queue: Queue, known: Mapping[int, Directory]) -> None:
        self._base = base
        self._queue = queue
        self._known = known

    @contextlib.contextmanager
    def of(self, directory: Directory, access: int) -> Iterator[bytes | None]:
        """Provide a path to it that leads nowhere else, with a `/` behind; None if it is gone.

        Raises OSError if it is there, or may be, and can't be opened.
        """
        try:
            handle = self._open(directory.prefix, access)
        except OSError as error:
            if error.errno not in NOT_THERE:
                raise
            yield None
            return
        try:
            path = b"/proc/self/fd/%d/" % handle
            yield path if self._leads_to(path, directory) else None
        finally:
            os.close(handle)

    def is_at_its_path(self, directory: Directory) -> bool:
        """Say whether it is still there, and not by way of a symbolic link."""
        try:
            with self.of(directory, os.O_PATH) as handle:
                real = None if handle is None else os.readlink(handle[:-1])
        except OSError:
            return False
        return real == (self._base + directory.prefix)[:-1]

    def _open(self, prefix: bytes, access: int) -> int:
        path, start = self._base + prefix, None
        try:
            while len(path) > _STEP:
                at = path.rindex(b"/", 0, _STEP) + 1
                step = os.open(path[:at], os.O_PATH | os.O_DIRECTORY, dir_fd=start)
                if start is not None:
                    os.close(start)
                path, start = path[at:], step
            return os.open(path, access | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=start)
        finally:
            if start is not None:
                os.close(start)

    def _leads_to(self, handle: bytes, directory: Directory) -> bool:
        try:
            descriptor = self._queue.watch(handle + b".")
        except OSError as error:
            if error.errno in NOT_THERE or error.errno == errno.ENOSPC:
                return False  # ENOSPC: it is another one, which would take one more watch
            raise
        if descriptor not in self._known:
            self._queue.forget(descriptor)
        return descriptor == directory.descriptor
