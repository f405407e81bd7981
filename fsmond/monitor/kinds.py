"""What kind of change an answer reports, and the type of what is there.

Events and comparisons say when names came and went; whether a path is there is looked up when the
answer is made.  Where nothing is known a path counts as modified.
"""

import errno
import stat
from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from fsmond.index.difference import ANY_NAME, Difference, Kind
from fsmond.index.status import lstat
from fsmond.monitor.tree_state import TreeState
from fsmond.paths import directory_of, is_within
from fsmond.watching.contract import CREATED, PRESENT, REMOVED

_AT_ONCE = 1000  # names that are noted while the lock is held
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_TYPES = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink"}
# A name that differs from its record may be another file's, if the directory is another one, too.
_PRESENCE = dict.fromkeys(Kind, PRESENT) | {Kind.GONE: REMOVED}

Names = Mapping[bytes, int]
"""What became of names; see Sink.changed."""


class ChangeKind(Enum):
    """What happened to a path since a token."""

    CREATED = "created"
    MODIFIED = "modified"
    DELETED = "deleted"


class Change(NamedTuple):
    """One path of an answer; that of a directory ends in `/`."""

    path: bytes
    kind: ChangeKind
    type: str | None
    """`file`, `directory`, `symlink` or `other`; None if it is not there, or cannot be read."""


def presence_in(differences: Iterable[Difference]) -> dict[bytes, int]:
    """Return what became of names by differences of a tree and its records."""
    return {each.path: _PRESENCE[each.kind] for each in differences}


def note_names(tree: TreeState, names: Names) -> None:
    """Record what became of names that were recorded just now; the lock is held."""
    lifetimes, sequence = tree.journal.lifetimes, tree.journal.token.sequence
    for path, state in names.items():
        if state == REMOVED:
            lifetimes.end(path, sequence)
        elif state == CREATED or not _exists(tree, path):
            lifetimes.begin(path, sequence)


def moved_after(tree: TreeState, paths: Iterable[bytes], sequence: int) -> set[bytes]:
    """Return which of these are directories that came or went since; the lock is held."""
    directories = [path for path in paths if path.endswith(b"/")]
    known = zip(directories, tree.journal.lifetimes.get(directories), strict=True)
    return {path for path, since in known if abs(since) > sequence}


def check_presence(tree: TreeState, paths: Collection[bytes]) -> None:
    """Look up whether these paths are there, and correct what events said; without the lock.

    After events were lost, they may have come or gone since their last event.  So may a directory
    above them: back in its place, it differs from no record, but not all knew what is in it.
    """
    lifetimes, look = tree.journal.lifetimes, _Look(tree, ())
    known = [path for path in paths if lifetimes.is_known(path)]
    states = {True: PRESENT, False: REMOVED}
    for at in range(0, len(known), _AT_ONCE):
        found = {path: look.up(path)[0] for path in known[at : at + _AT_ONCE]}
        with tree.lock:
            note_names(
                tree,
                {path: states[there] for path, there in found.items() if there is not None},
            )


def _exists(tree: TreeState, path: bytes) -> bool:
    """Return whether a path exists, as far as events and the records tell; the lock is held."""
    recorded = tree.indexed if tree.index.holds(path) else None
    return tree.journal.lifetimes.exists(path, recorded)


def changes(tree: TreeState, paths: Iterable[bytes], sequence: int) -> list[Change]:
    """Return how these paths changed since a sequence; without the lock.

    Names that only stand for unknown ones are left out.
    """
    look = _Look(tree, tree.unanswered)
    lifetimes = tree.journal.lifetimes
    found, outdated = [], []
    for path in paths:
        if path.rpartition(b"/")[2] == ANY_NAME:
            continue
        there, what = look.up(path)
        if there and lifetimes.began_after(path, sequence):
            kind = ChangeKind.CREATED
        else:
            kind = ChangeKind.DELETED if there is False else ChangeKind.MODIFIED
        found.append(Change(path, kind, what))
        if there is lifetimes.is_gone(path):
            outdated.append((path, there))
        if there:
            outdated += [(each, True) for each in _above(path) if lifetimes.is_gone(each)]
    _correct(tree, outdated)
    return found


def _correct(tree: TreeState, found: Collection[tuple[bytes, bool | None]]) -> None:
    """Take what was found, where it contradicts what is known."""
    if not found:
        return
    with tree.lock:
        lifetimes, sequence = tree.journal.lifetimes, tree.journal.token.sequence
        for path, there in found:
            if there and lifetimes.is_gone(path):
                lifetimes.begin(path, sequence)
            elif there is False and not lifetimes.is_gone(path):
                lifetimes.end(path, sequence)


class _Look:
    """Looks up paths; but not below `skipped` prefixes, where that may take for ever."""

    def __init__(self, tree: TreeState, skipped: Collection[bytes]) -> None:
        self._base = tree.index.root.rstrip(b"/") + b"/"
        self._skipped = skipped
        self._modes: dict[bytes, int | None] = {b"": stat.S_IFDIR}  # of directories' prefixes

    def up(self, path: bytes) -> tuple[bool | None, str | None]:
        """Return whether a path is there, None if unknown, and its type if it is.

        A path that ends in `/` is there if it is a directory, any other one if it is none.
        """
        if self._skipped and is_within(directory_of(path + b"/"), self._skipped):
            return None, None
        mode = self._mode(path)
        if mode is None:
            return None, None
        if mode == 0 or stat.S_ISDIR(mode) != path.endswith(b"/"):
            return False, None
        return True, _TYPES.get(stat.S_IFMT(mode), "other")

    def _mode(self, path: bytes) -> int | None:
        """Return the mode of a path, 0 if it is not there, None if that is unknown."""
        pending = [path]
        while pending[-1] and (above := directory_of(pending[-1])) not in self._modes:
            pending.append(above)
        mode: int | None = None
        for each in reversed(pending):
            mode = self._read(each, self._modes[directory_of(each)])
            if each is not path:
                self._modes[each] = mode
        return mode

    def _read(self, path: bytes, parent: int | None) -> int | None:
        if parent is None:
            return None
        if not stat.S_ISDIR(parent):
            return 0  # not even if a symbolic link leads to a directory
        try:
            return lstat(self._base + path.removesuffix(b"/")).st_mode
        except OSError as error:
            return 0 if error.errno in _NOT_THERE else None


def _above(path: bytes) -> list[bytes]:
    """Return the prefixes of the directories above a path, but the root's."""
    found = []
    while path := directory_of(path):
        found.append(path)
    return found
