"""A worktree for which something is to be set, and whether Git can have a monitor there."""

import os

from fsmond.git.program import GitError, asks_daemons, git, version
from fsmond.git.worktree import RefusedError, find

_FIRST_HOOK = (2, 16)
_NOT_WATCHING = 1  # exit status of `git fsmonitor--daemon status`
_FIRST_BOOLEAN = (2, 26)  # takes `core.fsmonitor=true` for what it is; before, for a hook's name


class UnsuitableError(GitError):
    """Git has no monitor there; the message says why, and what would help."""


def root_of(path: str) -> bytes:
    """Return the root of the worktree that Git finds from a directory; raise UnsuitableError."""
    directory = os.fsencode(path)
    try:
        find(os.path.realpath(directory), os.environ)  # Git itself would wait for a pipe
    except RefusedError as error:
        raise UnsuitableError(str(error)) from error
    try:
        is_bare = git("rev-parse", "--is-bare-repository", directory=directory) == b"true"
        root = None if is_bare else git("rev-parse", "--show-toplevel", directory=directory)
    except GitError as error:
        raise UnsuitableError(f"{path}: {error}") from error
    if root is None:
        raise UnsuitableError(f"{path} is a bare repository, which has no files to watch")
    return os.path.realpath(root)


def choose_way(chosen: str | None, *, everywhere: bool = False) -> str:
    """Return `builtin` if this git asks daemons itself, else `hook`; raise if it can't have it.

    `chosen`: which of the two it is to be.  `everywhere`, in repositories where nobody has started
    fsmond, Git would start its own daemon: there it is the hook, which starts fsmond.
    """
    now = version()
    numbers = ".".join(map(str, now))
    if now < _FIRST_HOOK:
        raise UnsuitableError(f"git {numbers} knows no monitors; 2.16 was the first that did")
    if chosen == "builtin" and now < _FIRST_BOOLEAN:
        raise UnsuitableError(
            f"git {numbers} would take core.fsmonitor=true for a hook's name, and miss changes; "
            "try: fsmond install --hook"
        )
    able = asks_daemons()
    if chosen == "builtin" and not able:
        raise UnsuitableError(f"git {numbers} asks no daemon itself here; use --hook")
    return chosen or ("builtin" if able and not everywhere else "hook")


def check_compatible(root: bytes) -> None:
    """Raise UnsuitableError if this git wants no monitor in a worktree: that of another machine."""
    if asks_daemons():
        try:
            git("fsmonitor--daemon", "status", directory=root)
        except GitError as error:
            if error.status != _NOT_WATCHING:
                raise UnsuitableError(f"Git refuses: {error}") from error


def scope_of(root: bytes) -> str:
    """Return which file of Git's configuration is about a worktree, as an option of `config`."""
    try:
        apart = git("config", "--bool", "extensions.worktreeConfig", directory=root)
    except GitError:
        apart = b"false"
    return "--worktree" if apart == b"true" else "--local"


def worktrees_of(root: bytes) -> list[bytes]:
    """Return the roots of all worktrees of the repository that there are, beginning with this."""
    command = ("worktree", "list", "--porcelain")
    try:
        lines = git(*command, "-z", directory=root).split(b"\0")
    except GitError:  # before 2.36; then a name with a newline is not found
        lines = git(*command, directory=root).split(b"\n")
    listed = [line[9:] for line in lines if line.startswith(b"worktree ")]
    # In the place of a submodule's first one, its git directory may be named; and a bare one.
    roots = [path for path in listed if os.path.lexists(path + b"/.git")]
    return list(dict.fromkeys([root, *map(os.path.realpath, roots)]))


def effective(name: str, root: bytes | None) -> str | None:
    """Return a setting as Git sees it there, from whatever file; None if it is not set."""
    try:
        return os.fsdecode(git("config", "--get", name, directory=root))
    except GitError:
        return None


def forget_monitor(root: bytes) -> None:
    """Have what monitors told removed from the index, with the list of untracked files.

    Git makes both anew when they are wanted.
    """
    unset = ("-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false")
    command = ("update-index", "--no-fsmonitor", "--no-untracked-cache")
    git(*unset, *command, directory=root)
