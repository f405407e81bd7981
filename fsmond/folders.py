"""Folders that are this user's alone: nobody else can put anything there, or lead us elsewhere.

For sockets, locks and logs.  On Windows the system sees to it.
"""

import errno
import os
import stat
import sys

from fsmond.errors import PathError
from fsmond.printable import message_of, printable

NAME = "fsmond"
_PRIVATE = 0o700
_TEMPORARY = "/tmp"  # noqa: S108 - whose it is, what we find there, is looked at
_MOST_LINKS = 40  # on the way to a folder, as the kernel has it


def runtime_folders() -> list[str]:
    """Return where this user's sockets may be, the first one being where new ones belong.

    On Unix this depends on the user alone, and not on the environment: whoever asks for a tree,
    be it from a terminal, `cron` or `su`, has to find the one daemon.  A folder need not exist
    yet; `make` it.  Raises PathError if there is none.
    """
    if sys.platform == "win32":
        return [_known_to_windows()]
    bases = _bases()
    found = [os.path.join(base, NAME) for base in bases if _may_hold(base)]
    if not found:
        raise PathError(
            f"no folder for sockets is this user's alone, neither {' nor '.join(bases)}: "
            "make one with mode 0700, and set XDG_RUNTIME_DIR to it"
        )
    return found


def make(folder: str) -> None:
    """Make a folder for this user alone, unless it is there; raise OSError if it is not safe."""
    missing = []
    while not os.path.lexists(folder):
        folder, name = os.path.split(folder)
        missing.append(name)
    _refuse_unsafe(folder, is_own=not missing)
    for name in reversed(missing):
        folder = os.path.join(folder, name)
        try:
            os.mkdir(folder, _PRIVATE)
        except FileExistsError:  # somebody was faster
            _refuse_unsafe(folder, is_own=True)


def home() -> str:
    """Return the user's home directory, whatever the environment says; raise OSError if unknown."""
    if sys.platform == "win32":
        return os.path.expanduser("~")
    import pwd  # seldom needed

    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError as error:
        raise OSError(f"no user has the number {os.geteuid()}") from error


def _known_to_windows() -> str:
    from platformdirs import user_runtime_dir  # slow to import, and not needed in a worktree

    folder = user_runtime_dir(NAME, appauthor=False)
    try:
        os.makedirs(folder, exist_ok=True)  # nothing is in it, but it is part of a pipe's name
    except OSError as error:
        raise PathError(f"a folder cannot be made: {message_of(error)}") from error
    return folder


def _bases() -> list[str]:
    """Return directories that are meant to be one user's own, as `platformdirs` knows them."""
    if sys.platform == "win32":
        return []
    user = os.geteuid()
    if sys.platform == "darwin":
        first = os.path.join(home(), "Library", "Caches", "TemporaryItems")
    else:
        first = f"/run/user/{user}"
    # The last one only where there is no other: it is not the same for all who ask.
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    last = [named] if os.path.isabs(named) else []
    return [first, f"{_TEMPORARY}/runtime-{user}", *last]


def _may_hold(base: str) -> bool:
    """Say whether a base is safe, with what is in it of ours; or is not there, and may be made."""
    try:
        ours = os.path.join(base, NAME)
        for path in (ours, base):
            if os.path.lexists(path):
                return _danger(path, is_own=True) is None
        # All others are made by whoever lets the user in.
        return os.path.dirname(base) == _TEMPORARY and _danger(_TEMPORARY, is_own=False) is None
    except OSError:
        return False


def _refuse_unsafe(folder: str, *, is_own: bool) -> None:
    danger = _danger(folder, is_own=is_own)
    if danger is not None:
        raise PermissionError(f"{printable(folder)} is not safe: {danger}")


def _danger(path: str, *, is_own: bool) -> str | None:
    """Return who else could change what a path leads to; raise OSError if it leads nowhere.

    `is_own`: the directory there has to be this user's, and nobody else may write in it.
    """
    if sys.platform == "win32":
        return None
    # Whoever owns `/` can do everything; in a user namespace that need not be number 0.
    owners = {os.geteuid(), 0, os.stat("/").st_uid}
    at, names, links = "/", _names(path), 0
    while names:
        at = os.path.normpath(os.path.join(at, names.pop()))
        status = os.lstat(at)
        if status.st_uid not in (owners if names or not is_own else {os.geteuid()}):
            return f"{printable(at)} is another user's"
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            target = os.readlink(at)
            at = "/" if os.path.isabs(target) else os.path.dirname(at)
            names += _names(target)
        elif _others_may_write(status) and (
            (is_own and not names) or not status.st_mode & stat.S_ISVTX
        ):
            return f"others may write in {printable(at)}"
    return None


def _names(path: str) -> list[str]:
    """Return the names that a path consists of, the first one last."""
    return [name for name in reversed(path.split("/")) if name]


def _others_may_write(status: os.stat_result) -> bool:
    # A group that is our own, as a umask of 002 presumes, is not "others".
    ours = sys.platform != "win32" and status.st_gid == os.getegid()
    return bool(status.st_mode & (stat.S_IWOTH if ours else stat.S_IWOTH | stat.S_IWGRP))
