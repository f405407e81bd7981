"""Whether there is still something to watch."""

import os

from fsmond.rendezvous import Place


class Health:
    """Remembers which directories a tree is made of."""

    def __init__(self, place: Place) -> None:
        self._directories = [("directory", place.root)]
        if place.worktree is not None:
            self._directories.append(("git directory", place.worktree.gitdir))
        self._identities = [_identity(path) for _, path in self._directories]

    def problem(self) -> str | None:
        """Return what became of them, if anything did."""
        for (what, path), identity in zip(self._directories, self._identities, strict=True):
            try:
                same = _identity(path) == identity
            except (FileNotFoundError, NotADirectoryError):
                return f"the {what} {os.fsdecode(path)} is gone"
            except OSError as error:
                return f"the {what} {os.fsdecode(path)} is out of reach: {error.strerror}"
            if not same:
                return f"the {what} {os.fsdecode(path)} was replaced"
        return None


def _identity(path: bytes) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino
