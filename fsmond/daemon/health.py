"""Whether there is still something to watch."""

import os

from fsmond.daemon.meaning import Meaning
from fsmond.rendezvous import Place


class Health:
    """Remembers which directories a tree is made of."""

    def __init__(self, place: Place) -> None:
        self._meaning = Meaning(place)
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
        return self._meaning.problem()


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
