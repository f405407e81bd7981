"""Whether there is still a tree to watch, and somebody who asks."""

import errno
import os
import time
from collections.abc import Mapping, Sequence

from fsmond.git.worktree import find, gitdir_of, linked_file
from fsmond.paths import identity
from fsmond.rendezvous import Place

# Entries of every git directory; Git replaces some of them, but never removes one.
_ENTRIES = (
    b"HEAD",
    b"config",
    b"description",
    b"hooks",
    b"info",
    b"objects",
    b"refs",
    b"commondir",
)

_SETTINGS = (b"config", b"config.worktree")  # files in which `core.worktree` may be set


class Health:
    """Checks that a tree's directories are still the same.

    The constructor raises OSError if they are gone.
    """

    def __init__(self, place: Place) -> None:
        self._configured = ConfiguredWorktree(place)
        self._root = place.root
        self._directories = [("directory", place.root)]
        self._gitdir = None if place.worktree is None else place.worktree.gitdir
        if self._gitdir is not None:
            self._directories.append(("git directory", self._gitdir))
        self._identities = [identity(path) for _, path in self._directories]
        self._entries = [] if self._gitdir is None else _present(self._gitdir, _ENTRIES)
        self._dot_git = self._dot_git_identity()
        names_gitdir = self._dot_git_names_gitdir()
        self._needs_dot_git = names_gitdir or self._gitdir_names_dot_git()
        if not names_gitdir:
            self._dot_git = None  # it may have been removed a moment ago

    def problem(self) -> str | None:
        """Return why the tree cannot be watched any longer; None if it can."""
        for (what, path), expected in zip(self._directories, self._identities, strict=True):
            try:
                same = identity(path) == expected
            except (FileNotFoundError, NotADirectoryError):
                return f"the {what} {os.fsdecode(path)} is gone"
            except OSError as error:
                if error.errno == errno.ENOMEM:
                    continue  # that says nothing about the directory
                return f"the {what} {os.fsdecode(path)} cannot be reached: {error.strerror}"
            if not same:
                return f"the {what} {os.fsdecode(path)} was replaced"
        return self._problem_of_git() or self._configured.problem()

    def is_being_removed(self) -> bool:
        """Return whether an entry of the git directory is gone: all others may follow."""
        gitdir, entries = self._gitdir, self._entries
        return gitdir is not None and _present(gitdir, entries) != entries

    def _problem_of_git(self) -> str | None:
        if self._gitdir is None:
            return None
        if b"HEAD" in self._entries and not _exists(os.path.join(self._gitdir, b"HEAD")):
            return f"{os.fsdecode(self._gitdir)} is no longer a git directory"
        dot_git = self._dot_git_identity()
        if self._needs_dot_git and (dot_git is None or dot_git != self._dot_git):
            self._dot_git = dot_git
            if not self._dot_git_names_gitdir():
                return f"the git directory of {os.fsdecode(self._root)} is another one, or missing"
        return None

    def _dot_git_identity(self) -> tuple[int, int] | None:
        """Return the identity of `.git` in the root, of any file type; None if there is none."""
        try:
            status = os.lstat(os.path.join(self._root, b".git"))
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _gitdir_names_dot_git(self) -> bool:
        """Return whether the git directory names the root's `.git`, as in a linked worktree."""
        named = None if self._gitdir is None else linked_file(self._gitdir)
        return named is not None and os.path.realpath(os.path.dirname(named)) == self._root

    def _dot_git_names_gitdir(self) -> bool:
        """Return whether `.git` in the root is the git directory, or leads to it."""
        if self._gitdir is None:
            return False
        try:
            named = gitdir_of(self._root)
            return named is not None and identity(named) == self._identities[-1]
        except OSError:
            return False


def _present(gitdir: bytes, names: Sequence[bytes]) -> list[bytes]:
    return [name for name in names if _exists(os.path.join(gitdir, name))]


def _exists(path: bytes) -> bool:
    """Return whether a path exists; True also if that cannot be found out."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        pass
    return True


class ConfiguredWorktree:
    """Checks that the git directory's `core.worktree` still names the watched tree.

    Git is asked when the settings files change.  Git's own client cannot say which tree it means,
    so it must find no daemon once the setting names another tree.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        # Nothing is known yet: the setting may have changed since a client found this tree by it.
        self._signatures: list[tuple[int, ...]] | None = None

    def problem(self) -> str | None:
        """Return that it names another tree, if it does."""
        worktree = self._place.worktree
        if worktree is None or worktree.is_from_environment:
            return None
        signatures = self._read_signatures()
        if signatures == self._signatures:
            return None
        self._signatures = signatures
        by_gitdir = {"GIT_DIR": os.fsdecode(worktree.gitdir)}
        if self._place.root in (self._root_by(by_gitdir), self._root_by({})):
            return None
        return "the git directory is now configured for another worktree"

    def _read_signatures(self) -> list[tuple[int, ...]]:
        worktree = self._place.worktree
        if worktree is None:
            return []
        return [_signature(os.path.join(worktree.gitdir, name)) for name in _SETTINGS]

    def _root_by(self, environment: Mapping[str, str]) -> bytes | None:
        """Return the worktree that Git would find in the root with this environment."""
        try:
            found = find(self._place.root, environment)
        except (OSError, ValueError):
            return None
        return None if found is None else found.root


def _signature(path: bytes) -> tuple[int, ...]:
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns


class Idleness:
    """Whether nobody has needed a daemon for `timeout` seconds, so it may end; 0: it never may.

    The next client starts another one, for which tokens stay good, as the history is stored.
    """

    def __init__(self, place: Place, timeout: float) -> None:
        self._place = place
        self._timeout = timeout
        self._since = time.monotonic()
        self._asked = 0

    def is_over(self, asked: int, waiting: int) -> bool:
        """Return whether to end; to be called at each tick.

        `asked`: how many queries were answered since the start; `waiting`: how many clients wait
        for changes.
        """
        if asked != self._asked or waiting:
            self._asked, self._since = asked, time.monotonic()
        if not self._timeout or time.monotonic() < self._since + self._timeout:
            return False
        self._since = time.monotonic()  # if it has to stay, ask again when the time is up again
        return not self._git_would_start_its_own()

    def _git_would_start_its_own(self) -> bool:
        """Return whether Git asks at the socket itself: it cannot start fsmond, only its daemon."""
        if self._place.worktree is None:
            return False
        from fsmond.git.repository import effective, is_true  # slow to import, and rarely needed

        return is_true(effective("core.fsmonitor", self._place.root))
