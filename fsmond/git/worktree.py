"""Which worktree holds a path.  On the way of every query: plain calls, no git process."""

import os
import sys

if sys.platform == "win32":
    from fsmond.opening_windows import to_read

    opener = to_read
else:
    opener = os.open

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SOCKET = b"fsmonitor--daemon.ipc"
"""The name of a worktree's socket in its git directory: where Git looks for it, as a rule."""

_LONGEST = 8192  # bytes of a `.git` file: twice the longest path
_LONGEST_SETTINGS = 1 << 20  # bytes of a configuration file


class Worktree:
    """A directory with files, and the git directory that belongs to it alone."""

    __slots__ = ("gitdir", "root")

    def __init__(self, root: bytes, gitdir: bytes) -> None:
        self.root = root
        self.gitdir = gitdir


def find(directory: bytes, environment: "Mapping[str, str]") -> Worktree | None:
    """Return the worktree that holds `directory`, an absolute path without symbolic links.

    Unlike Git, which believes GIT_DIR and GIT_WORK_TREE whatever the directory, this takes them
    only for directories in the worktree that they mean: hooks inherit them, and ask for others.
    """
    named = environment.get("GIT_DIR")
    found = _given(directory, os.fsencode(named), environment) if named else None
    if found is not None and is_within(directory, found.root):
        return found
    found = _discovered(directory)
    above = environment.get("GIT_WORK_TREE")
    if found is not None and above and not named:
        root = os.path.realpath(os.path.join(directory, os.fsencode(above)))
        if is_within(directory, root):
            found.root = root
    return found


def is_within(directory: bytes, root: bytes) -> bool:
    """Say whether a directory is the root, or below it; both as `os.path.realpath` returns them."""
    directory, root = os.path.normcase(directory), os.path.normcase(root)
    return directory == root or directory.startswith(os.path.join(root, b""))


def gitdir_of(root: bytes) -> bytes | None:
    """Return the git directory that `.git` in `root` is or names, if there is one."""
    path = os.path.join(root, b".git")
    try:
        os.lstat(os.path.join(path, b"HEAD"))
    except OSError:  # also in what is a file; Windows says only that there is none
        return _named_gitdir(root, path)
    return path


def linked_file(gitdir: bytes) -> bytes | None:
    """Return the `.git` file that a linked worktree's git directory says is its; None if none."""
    named = _text(os.path.join(gitdir, b"gitdir"), _LONGEST).rstrip(b"\r\n")
    return os.path.join(gitdir, named) if named else None


def _given(directory: bytes, named: bytes, environment: "Mapping[str, str]") -> Worktree | None:
    """Return what GIT_DIR means; the directory itself is the root if nothing else is known."""
    gitdir = os.path.realpath(os.path.join(directory, named))
    if not _is_gitdir(gitdir):
        return None
    above = environment.get("GIT_WORK_TREE")
    if above:
        return Worktree(os.path.realpath(os.path.join(directory, os.fsencode(above))), gitdir)
    beside = os.path.dirname(gitdir) if os.path.basename(gitdir) == b".git" else None
    linked = _text(os.path.join(gitdir, b"gitdir"), _LONGEST).rstrip(b"\r\n")
    if linked:
        beside = _followed(gitdir, os.path.dirname(linked)) or beside
    return Worktree(_configured_root(gitdir) or beside or directory, gitdir)


def _discovered(directory: bytes) -> Worktree | None:
    while True:
        gitdir = gitdir_of(directory)
        if gitdir is not None:
            return Worktree(_configured_root(gitdir) or directory, gitdir)
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent


def _configured_root(gitdir: bytes) -> bytes | None:
    """Return what `core.worktree` says; each submodule has it, and few others."""
    # A linked worktree has no own one, and its repository's is not about it.
    own = os.path.join(gitdir, b"config")
    apart = os.path.join(gitdir, b"config.worktree")
    for path in (apart, own):
        text = _text(path, _LONGEST_SETTINGS)
        if b"worktree" in text.lower():
            from fsmond.git.configured import has_own_settings, worktree_in  # seldom needed

            if path == own or has_own_settings(gitdir):
                named = worktree_in(path, text)
                if named is not None:
                    return _followed(gitdir, named)
    return None


def _named_gitdir(root: bytes, file: bytes) -> bytes | None:
    """Read a `.git` file: `gitdir: ` and a path, relative to where the file is."""
    prefix, found, path = _text(file, _LONGEST).partition(b"gitdir: ")
    if prefix or not found:
        return None
    gitdir = _followed(root, path.rstrip(b"\r\n"))
    return gitdir if gitdir is not None and _is_gitdir(gitdir) else None


def _followed(base: bytes, path: bytes) -> bytes | None:
    try:
        return os.path.realpath(os.path.join(base, path))
    except ValueError:
        return None  # it holds a NUL, or on Windows what is no UTF-8


def _is_gitdir(path: bytes) -> bool:
    return os.path.lexists(os.path.join(path, b"HEAD"))


def _text(file: bytes, most: int) -> bytes:
    """Return what a file holds; nothing if it can't be read, or is none."""
    if not os.path.isfile(file):
        return b""  # to open a pipe of that name would be to wait for a writer
    try:
        descriptor = opener(file, os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(descriptor, most)
    finally:
        os.close(descriptor)
