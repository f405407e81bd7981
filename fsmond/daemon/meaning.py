"""Whether a git directory still means the tree that is watched: `core.worktree` may be set anew.

Git's own client can't say which tree it means, so it had better find nobody then.
"""

import os

from fsmond.git.worktree import find
from fsmond.rendezvous import Place

_SETTINGS = (b"config", b"config.worktree")  # where `core.worktree` may be


class Meaning:
    """Remembers what a git directory meant.  Git itself is asked when its settings changed."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._settings = self._state()
        # Another tree may be chosen by the environment; then the settings say nothing of ours.
        self._counts = self._meant() == place.root

    def problem(self) -> str | None:
        """Say that it means another tree, if it does."""
        if not self._counts or self._settings == (settings := self._state()):
            return None
        self._settings = settings
        if self._meant() == self._place.root:
            return None
        return "the git directory has another worktree now, by its configuration"

    def _state(self) -> list[tuple[int, ...]]:
        worktree = self._place.worktree
        if worktree is None:
            return []
        return [_signature(os.path.join(worktree.gitdir, name)) for name in _SETTINGS]

    def _meant(self) -> bytes | None:
        """Return the worktree that the git directory has, whatever the environment says."""
        worktree = self._place.worktree
        if worktree is None:
            return None
        try:
            found = find(self._place.root, {"GIT_DIR": os.fsdecode(worktree.gitdir)})
        except (OSError, ValueError):
            return None
        return None if found is None else found.root


def _signature(path: bytes) -> tuple[int, ...]:
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns
