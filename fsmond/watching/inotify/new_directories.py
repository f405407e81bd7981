"""Watch directories of which nothing is known yet: by far the most, while a tree is covered."""

import sys

assert sys.platform == "linux"

import os
from collections.abc import Container

from fsmond.watching.inotify.directory import Directory, Paths
from fsmond.watching.inotify.mounts import Mounts
from fsmond.watching.inotify.opening import proc_path
from fsmond.watching.inotify.source import Source

MAX_PATH = 16_384  # bytes of a path below the root; anything deeper is in each answer
_LISTING = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FEW = 256  # names; a directory with more is listed on its own, in steps


class NewDirectories:
    """Watches the usual directory at a third of the cost of Coverage's rules; not thread-safe.

    Usual is one that was watched nowhere before, can be watched, and lies where there are no gaps
    and mounts.  For any other a method returns None, and the rules are to be followed.
    """

    def __init__(
        self,
        queue: Source,
        by_descriptor: dict[int, Directory],
        paths: Paths,
        excluded: Container[bytes],
        mounts: Mounts,
    ) -> None:
        self._queue = queue
        self._by_descriptor = by_descriptor
        self._paths = paths
        self._excluded = excluded
        self._mounts = mounts

    def watch(self, handle: int, parent: Directory, name: bytes) -> Directory | None:
        """Watch the directory of that name in `parent`, which is open as `handle`."""
        if not self._is_usual(parent, name):
            return None
        try:
            return self._attached(self._queue.watch(proc_path(handle) + name), parent, name)
        except OSError:
            return None

    def survey(self, handle: int, parent: Directory, name: bytes) -> tuple[Directory, bool] | None:
        """Do the same; return also whether it is listed, as there are no directories in it.

        It is watched and listed by one open descriptor, so it need not be verified in between.
        """
        if not self._is_usual(parent, name):
            return None
        try:
            own = os.open(name, _LISTING, dir_fd=handle)
        except OSError:
            return None
        try:
            found = self._attached(self._queue.watch(proc_path(own)), parent, name)
            return None if found is None else (found, _is_leaf(own, found))
        except OSError:
            return None
        finally:
            os.close(own)

    def _is_usual(self, parent: Directory, name: bytes) -> bool:
        path = parent.prefix + name
        return not (
            parent.gaps
            or (parent.children and name in parent.children)
            or name == b".git"
            or path in self._excluded
            or len(path) >= MAX_PATH
            or (self._mounts.below and path + b"/" in self._mounts.below)
        )

    def _attached(self, descriptor: int, parent: Directory, name: bytes) -> Directory | None:
        if descriptor in self._by_descriptor:
            return None
        found = self._by_descriptor[descriptor] = Directory(descriptor, self._paths)
        found.attach(parent, name)
        return found


def _is_leaf(handle: int, directory: Directory) -> bool:
    """Return whether there are few names in it and no directories; note one of the names."""
    try:
        with os.scandir(handle) as entries:
            for count, entry in enumerate(entries):
                if count == _FEW or entry.is_dir(follow_symlinks=False):
                    return False
                if not count:
                    directory.sample_name = os.fsencode(entry.name)
    except OSError:
        return False
    return True
