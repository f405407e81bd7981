"""Open a directory by the path it had, and see whether it is still there."""

import sys

assert sys.platform == "linux"

import errno
import os
from collections.abc import Mapping

from fsmond.watching.calls import Queue
from fsmond.watching.directory import Directory
from fsmond.watching.gaps import NOT_THERE

_STEP = 4000  # bytes of a path that are walked at a time; the kernel takes 4095


def inside(handle: int) -> bytes:
    """Return a path to an open directory, with a `/` behind, that can't lead anywhere else."""
    return b"/proc/self/fd/%d/" % handle


class RootMovedError(Exception):
    """The root is not where it was, so that no path below it leads where it did."""


class Opening:
    """Opens watched directories below a base, an absolute path with a `/` behind."""

    def __init__(
        self, base: bytes, queue: Queue, known: Mapping[int, Directory], root: Directory
    ) -> None:
        self._base = base
        self._queue = queue
        self._known = known
        self._root = root

    def open(self, directory: Directory, access: int) -> int | None:
        """Return a descriptor of it, for the caller to close; None if it is not where it was.

        Raises OSError if it is there, or may be, and can't be opened; RootMovedError if all
        went away together, of which no event tells.
        """
        handle = self._open_if_there(directory, access)
        if handle is None and not self._root_is_there():
            raise RootMovedError
        return handle

    def _open_if_there(self, directory: Directory, access: int) -> int | None:
        try:
            handle = self._open(directory.prefix, access)
        except OSError as error:
            if error.errno not in NOT_THERE:
                raise
            return None
        try:
            is_it = self._leads_to(handle, directory)
        except OSError:
            os.close(handle)
            raise
        if not is_it:
            os.close(handle)
            return None
        return handle

    def is_at_its_place(self, directory: Directory) -> bool:
        """Say whether it is still in its parent, under the name that is known."""
        assert directory.parent is not None
        try:
            handle = self.open(directory.parent, os.O_PATH)
            if handle is None:
                return False
            try:
                return self._descriptor_at(inside(handle) + directory.name) == directory.descriptor
            finally:
                os.close(handle)
        except OSError:
            return False

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

    def _leads_to(self, handle: int, directory: Directory) -> bool:
        try:
            return self._descriptor_at(inside(handle) + b".") == directory.descriptor
        except OSError as error:
            if error.errno in NOT_THERE or error.errno == errno.ENOSPC:
                return False  # ENOSPC: it is another one, which would take one more watch
            raise

    def _root_is_there(self) -> bool:
        if self._root.descriptor not in self._known:
            return True  # without a watch it can't be told
        try:
            return self._descriptor_at(self._base + b".") == self._root.descriptor
        except OSError as error:
            return error.errno not in NOT_THERE and error.errno != errno.ENOSPC

    def _descriptor_at(self, path: bytes) -> int:
        descriptor = self._queue.watch(path)
        if descriptor not in self._known:
            self._queue.forget(descriptor)  # it is looked at when its own events are
        return descriptor
