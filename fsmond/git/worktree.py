"""Which worktree holds a path.  On the way of every query: plain calls, no git process."""

import os

SOCKET = b"fsmonitor--daemon.ipc"
"""The name of a worktree's socket in its git directory: where git looks for it."""

_LONGEST = 8192  # bytes of a `.git` file: twice the longest path


class Worktree:
    """A directory with files, and the git directory that belongs to it alone."""

    __slots__ = ("gitdir", "root")

    def __init__(self, root: bytes, gitdir: bytes) -> None:
        self.root = root
        self.gitdir = gitdir


def find(directory: bytes) -> Worktree | None:
    """Return the worktree that holds `directory`, an absolute path without symbolic links."""
    while True:
        gitdir = gitdir_of(directory)
        if gitdir is not None:
            return Worktree(directory, gitdir)
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent


def gitdir_of(root: bytes) -> bytes | None:
    """Return the git directory that `.git` in `root` is or names, if there is one."""
    path = os.path.join(root, b".git")
    try:
        os.lstat(path + b"/HEAD")
    except FileNotFoundError:
        return None
    except OSError:
        return _named_gitdir(root, path)
    return path


def _named_gitdir(root: bytes, file: bytes) -> bytes | None:
    """Read a `.git` file: `gitdir: ` and a path, relative to where the file is."""
    if not os.path.isfile(file):
        return None  # to open a pipe of that name would be to wait for a writer
    try:
        descriptor = os.open(file, os.O_RDONLY)
    except OSError:
        return None
    try:
        text = os.read(descriptor, _LONGEST)
    finally:
        os.close(descriptor)
    prefix, found, path = text.partition(b"gitdir: ")
    if prefix or not found or b"\0" in path:
        return None
    gitdir = os.path.realpath(os.path.join(root, path.rstrip(b"\r\n")))
    return gitdir if os.path.lexists(gitdir + b"/HEAD") else None
