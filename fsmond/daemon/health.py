"""Whether there is still something to watch."""

import os

from fsmond.git.worktree import find
from fsmond.rendezvous import Place

_SETTINGS = (b"config", b"config.worktree")  # where `core.worktree` may be


class Health:
    """Remembers which directories a tree is made of, and that the one means the other."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._settings = self._state_of_settings()
        # Another tree may be chosen by the environment; then the settings say nothing of ours.
        self._is_meant = self._meant() == place.root
        self._directories = [("directory", place.root)]
        if place.worktree is not None:
            self._directories.append(("git directory", place.worktree.gitdir))
        self._identities = [identity(path) for _, path in self._directories]

    def problem(self) -> str | None:
        """Return what became of them, if anything did."""
        for (what, path), expected in zip(self._directories, self._identities, strict=True):
            try:
                same = identity(path) == expected
            except (FileNotFoundError, NotADirectoryError):
                return f"the {what} {os.fsdecode(path)} is gone"
            except OSError as error:
                return f"the {what} {os.fsdecode(path)} is out of reach: {error.strerror}"
            if not same:
                return f"the {what} {os.fsdecode(path)} was replaced"
        settings, self._settings = self._settings, self._state_of_settings()
        if self._is_meant and settings != self._settings and self._meant() != self._place.root:
            return "the git directory has another worktree now, by its configuration"
        return None

    def _state_of_settings(self) -> list[tuple[int, ...]]:
        found: list[tuple[int, ...]] = []
        worktree = self._place.worktree
        for name in _SETTINGS if worktree is not None else ():
            assert worktree is not None
            try:
                status = os.stat(os.path.join(worktree.gitdir, name))
            except OSError:
                found.append((0,))
            else:
                found.append((status.st_ino, status.st_size, status.st_mtime_ns))
        return found

    def _meant(self) -> bytes | None:
        """Return the worktree that the git directory has, whatever the environment says."""
        if self._place.worktree is None:
            return None
        gitdir = os.fsdecode(self._place.worktree.gitdir)
        try:
            found = find(self._place.root, {"GIT_DIR": gitdir})
        except (OSError, ValueError):
            return None
        return None if found is None else found.root


def leads_to(path: bytes, expected: tuple[int, int]) -> bool:
    """Say whether a directory is still at its path; one system call, as each query asks."""
    try:
        status = os.stat(path)
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == expected


def identity(path: bytes) -> tuple[int, int]:
    """Return what no other directory has at the same time; raise OSError if there is none."""
    status = os.stat(path)
    return status.st_dev, status.st_ino
