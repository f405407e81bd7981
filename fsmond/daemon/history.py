"""Where a tree's history is stored, and whether it can be."""

import contextlib
import os
import sys
import time
from collections.abc import Iterable

from fsmond.folders import make
from fsmond.rendezvous import Place, name_of
from fsmond.storage.file import NAME, HistoryFile, UnusableError, remove
from fsmond.storage.identity import identity_of, why_not_comparable

if sys.platform == "linux":
    from fsmond.watching.inotify.mounts import Mounts

_FOLDER = "fsmond"  # in a git directory
_MAX_TREES = 100  # trees outside of worktrees whose histories are kept
_MAX_AGE = 90 * 86400.0  # seconds for which they are kept after the last change


def history_file(place: Place, excluded: Iterable[bytes]) -> HistoryFile:
    """Return the file for a tree; raise UnusableError, or OSError, if there cannot be one.

    `excluded`: the paths that are not part of the tree; with others, it is another tree.
    """
    file_system = _file_system_of(place.root)
    why = why_not_comparable(file_system)
    if why is not None:
        raise UnusableError(why)
    folder = folder_of(place)
    if place.worktree is None:
        make(os.path.dirname(folder))
        _remove_old(os.path.dirname(folder))
    identity = identity_of(place.root, file_system)
    return HistoryFile(folder, {**identity, "excluded": sorted(map(os.fsdecode, excluded))})


def remove_history(place: Place) -> None:
    """Remove what is stored of a tree, unless a daemon uses it."""
    with contextlib.suppress(OSError, UnusableError):
        remove(folder_of(place))


def folder_of(place: Place) -> str:
    """Return the folder of a tree's history: in its git directory, or in the user's own folder."""
    if place.worktree is not None:
        return os.path.join(os.fsdecode(place.worktree.gitdir), _FOLDER)
    from platformdirs import user_state_dir  # slow to import, and not needed in a worktree

    return os.path.join(user_state_dir("fsmond", appauthor=False), "history", name_of(place.root))


if sys.platform == "linux":

    def _file_system_of(root: bytes) -> str | None:
        """Return the type of a file system, by its name in /proc."""
        mounts = Mounts(root)
        mounts.close()
        return "unknown" if mounts.root is None else mounts.root.type.decode(errors="replace")

else:

    def _file_system_of(root: bytes) -> str | None:  # noqa: ARG001 - those there need no check
        return None


def _remove_old(parent: str) -> None:
    """Limit the number and the age of histories outside of worktrees."""
    found: dict[str, float] = {}
    for entry in os.scandir(parent):
        with contextlib.suppress(OSError):
            found[entry.path] = os.stat(os.path.join(entry.path, NAME)).st_mtime
    newest = sorted(found, key=lambda path: -found[path])
    oldest = time.time() - _MAX_AGE
    for path in newest:
        if found[path] < oldest or path in newest[_MAX_TREES - 1 :]:
            with contextlib.suppress(OSError, UnusableError):
                remove(path)
