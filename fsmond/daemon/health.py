"""Whether there is still something to watch."""

import errno
import os
from collections.abc import Sequence

from fsmond.daemon.meaning import Meaning
from fsmond.git.worktree import gitdir_of, linked_file
from fsmond.rendezvous import Place

# What is in a git directory as long as it is one; Git replaces some, and removes none.
_PARTS = (b"HEAD", b"config", b"description", b"hooks", b"info", b"objects", b"refs", b"commondir")


class Health:
    """Remembers which directories a tree is made of.  Raises OSError if there are none by now."""

    def __init__(self, place: Place) -> None:
        self._meaning = Meaning(place)
        self._root = place.root
        self._directories = [("directory", place.root)]
        self._gitdir = None if place.worktree is None else place.worktree.gitdir
        if self._gitdir is not None:
            self._directories.append(("git directory", self._gitdir))
        self._identities = [identity(path) for _, path in self._directories]
        self._parts = [] if self._gitdir is None else _present(self._gitdir, _PARTS)
        self._link = self._named()
        leads_there = self._leads_there()
        self._is_link = leads_there or self._is_linked()
        if not leads_there:
            self._link = None  # it may have gone a moment ago

    def problem(self) -> str | None:
        """Return what became of them, if anything did."""
        for (what, path), expected in zip(self._directories, self._identities, strict=True):
            try:
                same = identity(path) == expected
            except (FileNotFoundError, NotADirectoryError):
                return f"the {what} {os.fsdecode(path)} is gone"
            except OSError as error:
                if error.errno == errno.ENOMEM:
                    continue  # that says nothing about it
                return f"the {what} {os.fsdecode(path)} is out of reach: {error.strerror}"
            if not same:
                return f"the {what} {os.fsdecode(path)} was replaced"
        return self._problem_of_git() or self._meaning.problem()

    def is_being_removed(self) -> bool:
        """Say whether a part of the git directory has gone since this was made: all may follow."""
        gitdir, parts = self._gitdir, self._parts
        return gitdir is not None and _present(gitdir, parts) != parts

    def _problem_of_git(self) -> str | None:
        if self._gitdir is None:
            return None
        if b"HEAD" in self._parts and not _is_there(os.path.join(self._gitdir, b"HEAD")):
            return f"the git directory {os.fsdecode(self._gitdir)} is none any more"
        named = self._named()
        if self._is_link and (named is None or named != self._link):
            self._link = named
            if not self._leads_there():
                return f"the git directory of {os.fsdecode(self._root)} is another one, or none"
        return None

    def _named(self) -> tuple[int, int] | None:
        """Return the identity of `.git` in the root, be it a file, or whatever else."""
        try:
            status = os.lstat(os.path.join(self._root, b".git"))
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _is_linked(self) -> bool:
        """Say whether the git directory names the root's `.git` itself: of a linked worktree."""
        named = None if self._gitdir is None else linked_file(self._gitdir)
        return named is not None and os.path.realpath(os.path.dirname(named)) == self._root

    def _leads_there(self) -> bool:
        """Say whether `.git` in the root names the git directory."""
        if self._gitdir is None:
            return False
        try:
            named = gitdir_of(self._root)
            return named is not None and identity(named) == self._identities[-1]
        except OSError:
            return False


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


def _present(gitdir: bytes, names: Sequence[bytes]) -> list[bytes]:
    return [name for name in names if _is_there(os.path.join(gitdir, name))]


def _is_there(path: bytes) -> bool:
    """Say whether there is something; also if that can't be told."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        pass
    return True
