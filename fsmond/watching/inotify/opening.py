"""Open a directory at its last known path, and verify that it is still there."""

import sys

assert sys.platform == "linux"

import errno
import os
from collections.abc import Callable, Mapping

from fsmond.watching.inotify.directory import Directory
from fsmond.watching.inotify.gaps import NOT_THERE
from fsmond.watching.inotify.source import Source

_STEP = 4000  # bytes of a path per system call; the kernel takes up to 4095


def proc_path(handle: int) -> bytes:
    """Return a path to an open directory, ending in `/`, that cannot lead anywhere else."""
    return b"/proc/self/fd/%d/" % handle


def has_proc_links(root: bytes) -> bool:
    """Return whether `proc_path` works here: /proc may be missing, or of other processes."""
    handle = os.open(root, os.O_PATH | os.O_DIRECTORY)
    try:
        return _has_proc_link(handle)
    finally:
        os.close(handle)


def _has_proc_link(handle: int) -> bool:
    try:
        return os.path.samestat(os.stat(proc_path(handle)), os.fstat(handle))
    except OSError:
        return False


class TreeLostError(Exception):
    """The whole tree is out of reach; the message says why."""


class DirectoryOpener:
    """Opens watched directories below a base, an absolute path that ends in `/`."""

    def __init__(
        self,
        base: bytes,
        queue: Source,
        known: Mapping[int, Directory],
        root: Directory,
        *,
        on_unknown: Callable[[], None],
    ) -> None:
        """`on_unknown` is called before the watch of a directory that is not known is removed."""
        self._base = base
        self._queue = queue
        self._known = known
        self._root = root
        self._on_unknown = on_unknown

    def open(self, directory: Directory, access: int) -> int | None:
        """Return a descriptor of it, for the caller to close; None if it is not where it was.

        Raise OSError if it is there, or may be, but cannot be opened; TreeLostError if the whole
        tree was moved away, which causes no event.
        """
        handle = self._open_if_there(directory, access)
        if handle is None and not self.root_is_there():
            raise TreeLostError("the directory was moved away")
        return handle

    def holds(self, directory: Directory, name: bytes) -> bool | None:
        """Return whether a directory has that name now; None if that cannot be known."""
        if directory.top() is not self._root:
            return None
        try:
            handle = self.open(directory, os.O_PATH)
            if handle is None:
                return None
            try:
                os.stat(name, dir_fd=handle, follow_symlinks=False)
            finally:
                os.close(handle)
        except OSError as error:
            return False if error.errno in NOT_THERE else None
        return True

    def _open_if_there(self, directory: Directory, access: int) -> int | None:
        try:
            handle = self._open(directory.prefix, access)
        except OSError as error:
            if error.errno not in NOT_THERE:
                raise
            return None
        try:
            is_it = self._leads_to(handle, b".", directory)
        except OSError:
            os.close(handle)
            raise
        if not is_it:
            os.close(handle)
            return None
        return handle

    def is_at_its_place(self, directory: Directory) -> bool:
        """Return whether it is still in its parent, under its known name.

        Raise OSError if that cannot be determined.
        """
        if directory.parent is None:
            return directory is self._root and self.root_is_there()
        handle = self.open(directory.parent, os.O_PATH)
        if handle is None:
            return False
        try:
            return self._leads_to(handle, directory.name, directory)
        finally:
            os.close(handle)

    def watch(self, handle: int, name: bytes) -> int:
        """Watch a directory in an open one; return its watch descriptor, new or known.

        Raise OSError, with one of NOT_THERE only if there was no such directory, and TreeLostError.
        """
        try:
            return self._queue.watch(proc_path(handle) + name)
        except OSError as error:
            # Whether the name is there now says nothing of /proc: names come and go all the time.
            if error.errno in NOT_THERE and not _has_proc_link(handle):
                raise TreeLostError("/proc no longer leads to open directories") from error
            raise

    def root_is_there(self) -> bool:
        """Return whether the root's path still leads to it; true if that cannot be determined."""
        if self._root.descriptor not in self._known:
            return True  # without a watch, that cannot be determined
        try:
            return self._descriptor_at(self._base + b".") == self._root.descriptor
        except OSError as error:
            return error.errno not in NOT_THERE and error.errno != errno.ENOSPC

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

    def _leads_to(self, handle: int, name: bytes, directory: Directory) -> bool:
        try:
            return self._descriptor_in(handle, name) == directory.descriptor
        except OSError as error:
            if error.errno in NOT_THERE or error.errno == errno.ENOSPC:
                return False  # ENOSPC: it is another directory, which would need a new watch
            raise

    def _descriptor_in(self, handle: int, name: bytes) -> int:
        descriptor = self.watch(handle, name)
        self._forget_unknown(descriptor)
        return descriptor

    def _descriptor_at(self, path: bytes) -> int:
        descriptor = self._queue.watch(path)
        self._forget_unknown(descriptor)
        return descriptor

    def _forget_unknown(self, descriptor: int) -> None:
        if descriptor not in self._known:
            self._on_unknown()
            self._queue.unwatch(descriptor)  # it is checked when its own events are handled
