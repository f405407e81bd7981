"""Check whether a repository can have a monitor, and how Git can be configured for it."""

import os

from fsmond.git.program import GitError, asks_daemons, git, version
from fsmond.git.worktree import RefusedError, find

FIRST_HOOK = (2, 16)
_NOT_WATCHING = 1  # exit status of `git fsmonitor--daemon status`
_FIRST_BOOLEAN = (2, 26)  # older versions take `core.fsmonitor=true` for the name of a hook


class UnsuitableError(GitError):
    """Git can have no monitor there; the message says why, and what would help."""


def root_of(path: str) -> bytes:
    """Return the root of the worktree that Git finds from a directory; raise UnsuitableError."""
    directory = os.fsencode(path)
    try:
        find(os.path.realpath(directory), os.environ)  # refuses a FIFO, on which Git would hang
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
    """Return `builtin` if this git can query a daemon itself, else `hook`.

    `chosen`: the one that the user wants; raises UnsuitableError if this git does not support it.
    `everywhere`: for all repositories the default is `hook`, which starts fsmond in each; with
    `builtin`, Git would start its own daemon.
    """
    current = version()
    numbers = ".".join(map(str, current))
    if current < FIRST_HOOK:
        raise UnsuitableError(f"git {numbers} supports no monitor; git 2.16 or later is needed")
    if chosen == "builtin" and current < _FIRST_BOOLEAN:
        raise UnsuitableError(
            f"git {numbers} would take core.fsmonitor=true for the name of a hook, and miss "
            "changes; use --hook instead of --builtin"
        )
    able = asks_daemons()
    if chosen == "builtin" and not able:
        raise UnsuitableError(
            f"git {numbers} cannot query a daemon itself here; use --hook instead of --builtin"
        )
    return chosen or ("builtin" if able and not everywhere else "hook")


def check_compatible(root: bytes) -> None:
    """Raise UnsuitableError if this git refuses a monitor in a worktree, such as a remote one."""
    if asks_daemons():
        try:
            git("fsmonitor--daemon", "status", directory=root)
        except GitError as error:
            if error.status != _NOT_WATCHING:
                raise UnsuitableError(f"Git refuses: {error}") from error


def scope_of(root: bytes) -> str:
    """Return the option of `git config` for the file with a worktree's settings."""
    try:
        separate = git("config", "--bool", "extensions.worktreeConfig", directory=root)
    except GitError:
        separate = b"false"
    return "--worktree" if separate == b"true" else "--local"


def worktrees_of(root: bytes) -> list[bytes]:
    """Return the roots of the repository's existing worktrees, starting with this one."""
    command = ("worktree", "list", "--porcelain")
    try:
        lines = git(*command, "-z", directory=root).split(b"\0")
    except GitError:  # git before 2.36, with which a name with a newline is not found
        lines = git(*command, directory=root).split(b"\n")
    listed = [line[9:] for line in lines if line.startswith(b"worktree ")]
    # Git may list a submodule's git directory instead of its main worktree, or a bare repository.
    roots = [path for path in listed if os.path.lexists(path + b"/.git")]
    return list(dict.fromkeys([root, *map(os.path.realpath, roots)]))


def effective(name: str, root: bytes | None) -> str | None:
    """Return a setting's effective value, from any file; None if it is not set."""
    try:
        return os.fsdecode(git("config", "--get", name, directory=root))
    except GitError:
        return None


def is_true(value: str | None) -> bool:
    """Return whether Git takes a setting's value for true."""
    return value is not None and value.lower() in ("true", "yes", "on", "1")


def forget_monitor(root: bytes) -> None:
    """Remove the monitor's data and the cache of untracked files from Git's index.

    Git rebuilds both when they are needed.
    """
    unset = ("-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false")
    command = ("update-index", "--no-fsmonitor", "--no-untracked-cache")
    git(*unset, *command, directory=root)
