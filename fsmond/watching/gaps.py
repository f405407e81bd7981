"""The directories of a watched tree of which events tell nothing."""

import errno
from collections.abc import Mapping

from fsmond.watching.directory import Directory

NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
_NO_ACCESS = frozenset({errno.EACCES, errno.EPERM})


class Gaps:
    """What is left out of the events, by prefix; not thread-safe, its owner holds a lock."""

    def __init__(self) -> None:
        self.unreadable: dict[bytes, None] = {}
        """In which nobody may look; what changes there can't be told."""
        self.uncovered: dict[bytes, tuple[Directory, bytes, OSError]] = {}
        """Without a watch: parent, name, and why."""
        self.rewatched: dict[bytes, None] = {}
        """That had none, and have one by now."""
        self.departed: dict[bytes, None] = {}
        """That left their places, watched or not, and may be there again."""

    def leave_out(self, parent: Directory, name: bytes, error: OSError) -> None:
        """Take notice that the directory of that name can't be watched, unless it is gone."""
        path = parent.prefix + name + b"/"
        if error.errno in NOT_THERE:
            self.departed[path] = None
        elif error.errno in _NO_ACCESS:
            self.unreadable[path] = None
        else:
            self.uncovered[path] = parent, name, error

    def leave_unread(self, directory: Directory, error: OSError) -> None:
        """Take notice that a watched directory can't be listed, unless it is gone."""
        if error.errno not in NOT_THERE:
            self.unreadable[directory.prefix] = None

    def reconsider(self, path: bytes) -> tuple[bool, bool]:
        """Forget what was said of it: return whether it was unreadable, and uncovered."""
        unreadable = path in self.unreadable
        self.unreadable.pop(path, None)
        return unreadable, self.uncovered.pop(path, None) is not None

    def forget_below(self, prefix: bytes) -> None:
        """Forget what was said of a directory that left its place, and of all below it."""
        troubled: tuple[Mapping[bytes, object], ...] = (self.unreadable, self.uncovered)
        for each in troubled:
            for path in [path for path in each if path.startswith(prefix)]:
                self.reconsider(path)
                self.departed[path] = None
