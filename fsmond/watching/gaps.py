"""The directories of a watched tree of which events tell nothing."""

import errno
from collections.abc import Iterable

from fsmond.watching.directory import Directory

NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
_CLOSED = frozenset({errno.EACCES, errno.EPERM, errno.ENAMETOOLONG})
ITSELF = b""
"""The name of a gap that is the directory itself."""

Gap = tuple[Directory, bytes, OSError]
"""The directory that holds it, its name there, and why events tell nothing of it."""


class Gaps:
    """What is left out of the events; not thread-safe, its owner holds a lock.

    A gap is kept with the directory that holds it, and so moves and goes with that.
    """

    def __init__(self) -> None:
        self.rewatched: dict[bytes, None] = {}
        """Prefixes that had no watch, and have one by now."""
        self.departed: dict[bytes, None] = {}
        """Prefixes that left their places, watched or not, and may be there again."""
        self.files: dict[bytes, str] = {}
        """Paths of files of which events tell nothing, each with the reason."""
        self._holders: dict[Directory, None] = {}
        self._uncovered = 0
        self._closed = 0

    @property
    def has_uncovered(self) -> bool:
        """Say whether there are directories to be compared at each query."""
        return self._uncovered > 0

    def leave_out(self, parent: Directory, name: bytes, error: OSError) -> None:
        """Take notice that the directory of that name cannot be watched, unless it is gone."""
        if error.errno in NOT_THERE:
            self.departed[parent.prefix + name + b"/"] = None
        else:
            self._note(parent, name, error)

    def leave_unread(self, directory: Directory, error: OSError) -> None:
        """Take notice that a watched directory cannot be listed, unless it is gone."""
        if error.errno not in NOT_THERE:
            self._note(directory, ITSELF, error)

    def leave_root(self, root: Directory, error: OSError) -> None:
        """Take notice that there is no watch for the root."""
        assert error.errno == errno.ENOSPC
        self._note(root, ITSELF, error)

    def at(self, parent: Directory, name: bytes) -> OSError | None:
        """Return why events tell nothing of a directory, if so; see `reconsider`."""
        known = parent.child(name)
        own = known.gaps.get(ITSELF) if known is not None and known.gaps else None
        return parent.gaps.get(name, own) if parent.gaps else own

    def reconsider(self, directory: Directory, name: bytes) -> OSError | None:
        """Forget what was said of a directory; return why events told nothing of it, if so."""
        if not directory.gaps:
            return None
        error = directory.gaps.pop(name, None)
        if error is not None:
            self._count(name, error, -1)
        if not directory.gaps:
            directory.gaps = None
            self._holders.pop(directory, None)
        return error

    def forget_in(self, directory: Directory, prefix: bytes) -> None:
        """Forget what is in a directory that left its place; `prefix` is where that was."""
        for name in list(directory.gaps or ()):
            if name != ITSELF:
                self.departed[b"%b%b/" % (prefix, name)] = None
            self.reconsider(directory, name)

    def uncovered(self) -> list[Gap]:
        """Return the directories to be compared at each query."""
        return self._all(closed=False) if self._uncovered else []

    def unreadable(self) -> list[Gap]:
        """Return the directories in which nobody may look: what changes there is unknown."""
        return self._all(closed=True) if self._closed else []

    def _all(self, *, closed: bool) -> list[Gap]:
        return [
            (directory, name, error)
            for directory in list(self._holders)
            for name, error in list((directory.gaps or {}).items())
            if is_closed(name, error) == closed
        ]

    def _note(self, directory: Directory, name: bytes, error: OSError) -> None:
        self.reconsider(directory, name)
        if directory.gaps is None:
            directory.gaps = {}
        directory.gaps[name] = error
        self._holders[directory] = None
        self._count(name, error, 1)

    def _count(self, name: bytes, error: OSError, change: int) -> None:
        if is_closed(name, error):
            self._closed += change
        else:
            self._uncovered += change


def is_closed(name: bytes, error: OSError) -> bool:
    """Say whether nobody may look there; else it is compared at each query."""
    return error.errno in _CLOSED or (name == ITSELF and error.errno != errno.ENOSPC)


def prefixes(gaps: Iterable[Gap]) -> list[bytes]:
    """Return where these are."""
    return [
        each.prefix if name == ITSELF else b"%b%b/" % (each.prefix, name) for each, name, _ in gaps
    ]
