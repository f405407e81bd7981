"""The directories of a watched tree that events do not cover."""

import errno
from collections.abc import Iterable

from fsmond.watching.inotify.directory import Directory

NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
SHORTAGE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
_UNREADABLE = frozenset({errno.EACCES, errno.EPERM, errno.ENAMETOOLONG})
ITSELF = b""
"""The name of a gap if it is the directory itself."""

Gap = tuple[Directory, bytes, OSError]
"""The directory that holds it, its name there, and why events do not cover it."""


class Gaps:
    """What events do not cover; not thread-safe, its owner holds a lock.

    A gap is stored in the directory that holds it, so it is moved and removed with that.
    """

    def __init__(self) -> None:
        self.newly_watched: dict[bytes, None] = {}
        """Prefixes of directories that have a watch by now, but had none when last compared."""
        self.removed: dict[bytes, None] = {}
        """Prefixes of directories that were removed or moved away, watched or not; may be back."""
        self.files: dict[bytes, str] = {}
        """Paths of files that events do not cover, each with the reason."""
        self._with_gaps: dict[Directory, None] = {}
        self._uncovered = 0
        self._unreadable = 0

    @property
    def has_uncovered(self) -> bool:
        """Whether there are directories to be compared at each query."""
        return self._uncovered > 0

    def add(self, parent: Directory, name: bytes, error: OSError) -> None:
        """Note that the directory of that name cannot be watched, unless it is gone."""
        if error.errno in NOT_THERE:
            self.removed[parent.prefix + name + b"/"] = None
        else:
            self._add(parent, name, error)

    def add_unlistable(self, directory: Directory, error: OSError) -> None:
        """Note that a watched directory cannot be listed, unless it is gone."""
        if error.errno not in NOT_THERE:
            self._add(directory, ITSELF, error)

    def add_root(self, root: Directory, error: OSError) -> None:
        """Note that there is no watch for the root."""
        assert error.errno == errno.ENOSPC
        self._add(root, ITSELF, error)

    def at(self, parent: Directory, name: bytes) -> OSError | None:
        """Return why events do not cover a directory, if so; see `discard`."""
        known = parent.child(name)
        own = known.gaps.get(ITSELF) if known is not None and known.gaps else None
        return parent.gaps.get(name, own) if parent.gaps else own

    def discard(self, directory: Directory, name: bytes) -> OSError | None:
        """Forget that events do not cover a directory; return why that was so, if it was."""
        if not directory.gaps:
            return None
        error = directory.gaps.pop(name, None)
        if error is not None:
            self._count(name, error, -1)
        if not directory.gaps:
            directory.gaps = None
            self._with_gaps.pop(directory, None)
        return error

    def discard_in(self, directory: Directory, prefix: bytes) -> None:
        """Forget the gaps in a directory that was removed or moved away from `prefix`."""
        for name in list(directory.gaps or ()):
            if name != ITSELF:
                self.removed[b"%b%b/" % (prefix, name)] = None
            self.discard(directory, name)

    def uncovered(self) -> list[Gap]:
        """Return the directories to be compared at each query."""
        return self._all(unreadable=False) if self._uncovered else []

    def unreadable(self) -> list[Gap]:
        """Return the directories that cannot be read: what changes there is unknown."""
        return self._all(unreadable=True) if self._unreadable else []

    def _all(self, *, unreadable: bool) -> list[Gap]:
        return [
            (directory, name, error)
            for directory in list(self._with_gaps)
            for name, error in list((directory.gaps or {}).items())
            if is_unreadable(name, error) == unreadable
        ]

    def _add(self, directory: Directory, name: bytes, error: OSError) -> None:
        self.discard(directory, name)
        if directory.gaps is None:
            directory.gaps = {}
        directory.gaps[name] = error
        self._with_gaps[directory] = None
        self._count(name, error, 1)

    def _count(self, name: bytes, error: OSError, change: int) -> None:
        if is_unreadable(name, error):
            self._unreadable += change
        else:
            self._uncovered += change


def is_unreadable(name: bytes, error: OSError) -> bool:
    """Return whether it cannot be read; otherwise it is compared at each query."""
    return error.errno in _UNREADABLE or (name == ITSELF and error.errno != errno.ENOSPC)


def prefixes(gaps: Iterable[Gap]) -> list[bytes]:
    """Return the prefixes of gaps."""
    return [
        each.prefix if name == ITSELF else b"%b%b/" % (each.prefix, name) for each, name, _ in gaps
    ]
