"""Private folders: no other user can create files there, or redirect the path by a link.

For sockets, locks and logs.  On Windows the system protects them.
"""

import errno
import os
import stat
import sys

from fsmond.errors import PathError
from fsmond.printable import message_of, printable

NAME = "fsmond"
_PRIVATE = 0o700
_TEMPORARY = "/tmp"  # noqa: S108 - the owner of what we find there is checked
_MAX_LINKS = 40  # on the way to a folder, as in the kernel


def runtime_folders() -> list[str]:
    """Return the folders where this user's sockets may be; new sockets belong in the first.

    On Unix they depend on the user only, not on the environment: clients in a terminal, in `cron`
    and after `su` must find the same daemon.  A folder need not exist yet; call `make`.  Raise
    PathError if there is none.
    """
    if sys.platform == "win32":
        return [_runtime_folder_of_windows()]
    bases = _bases()
    found = [os.path.join(base, NAME) for base in bases if _may_hold(base)]
    if not found:
        raise PathError(
            f"there is no private folder for sockets (tried: {', '.join(bases)}); "
            "make one with mode 0700, and set XDG_RUNTIME_DIR to it"
        )
    return found


def make(folder: str) -> None:
    """Make a private folder unless it exists; raise OSError if it is not safe."""
    missing = []
    while not os.path.lexists(folder):
        folder, name = os.path.split(folder)
        missing.append(name)
    _refuse_unsafe(folder, is_own=not missing)
    for name in reversed(missing):
        folder = os.path.join(folder, name)
        try:
            os.mkdir(folder, _PRIVATE)
        except FileExistsError:  # another process was faster
            _refuse_unsafe(folder, is_own=True)


def home() -> str:
    """Return the user's home directory, regardless of HOME; raise OSError if it is unknown."""
    if sys.platform == "win32":
        return os.path.expanduser("~")
    import pwd  # rarely needed

    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError as error:
        raise OSError(f"there is no user with uid {os.geteuid()}") from error


def _runtime_folder_of_windows() -> str:
    from platformdirs import user_runtime_dir  # slow to import, and not needed in a worktree

    folder = user_runtime_dir(NAME, appauthor=False)
    try:
        os.makedirs(folder, exist_ok=True)  # it stays empty, but is part of a pipe's name
    except OSError as error:
        raise PathError(f"cannot make a folder: {message_of(error)}") from error
    return folder


def _bases() -> list[str]:
    """Return the directories that are meant to be private to a user, as `platformdirs` does."""
    if sys.platform == "win32":
        return []
    user = os.geteuid()
    if sys.platform == "darwin":
        first = os.path.join(home(), "Library", "Caches", "TemporaryItems")
    else:
        first = f"/run/user/{user}"
    # The environment is the last resort: it may differ between this user's processes.
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    last = [named] if os.path.isabs(named) else []
    return [first, f"{_TEMPORARY}/runtime-{user}", *last]


def _may_hold(base: str) -> bool:
    """Return whether a base and our folder in it are safe, or the base can be made safely."""
    try:
        ours = os.path.join(base, NAME)
        for path in (ours, base):
            if os.path.lexists(path):
                return _danger(path, is_own=True) is None
        # The system makes the others when the user logs in.
        return os.path.dirname(base) == _TEMPORARY and _danger(_TEMPORARY, is_own=False) is None
    except OSError:
        return False


def _refuse_unsafe(folder: str, *, is_own: bool) -> None:
    danger = _danger(folder, is_own=is_own)
    if danger is not None:
        raise PermissionError(f"{printable(folder)} is not safe: {danger}")


def _danger(path: str, *, is_own: bool) -> str | None:
    """Return why other users could redirect a path, or None; raise OSError if it does not exist.

    `is_own`: the directory must belong to this user, and no other user may write to it.
    """
    if sys.platform == "win32":
        return None
    # The owner of `/` can change everything; in a user namespace that may be another uid than 0.
    owners = {os.geteuid(), 0, os.stat("/").st_uid}
    at, names, links = "/", _names(path), 0
    while names:
        at = os.path.normpath(os.path.join(at, names.pop()))
        status = os.lstat(at)
        if status.st_uid not in (owners if names or not is_own else {os.geteuid()}):
            return f"{printable(at)} belongs to another user"
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > _MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            target = os.readlink(at)
            at = "/" if os.path.isabs(target) else os.path.dirname(at)
            names += _names(target)
        elif _others_may_write(status) and (
            (is_own and not names) or not status.st_mode & stat.S_ISVTX
        ):
            return f"other users may write to {printable(at)}"
    return None


def _names(path: str) -> list[str]:
    """Return the components of a path, in reverse order."""
    return [name for name in reversed(path.split("/")) if name]


def _others_may_write(status: os.stat_result) -> bool:
    # Our own primary group does not count as others: a umask of 002 presumes so.
    ours = sys.platform != "win32" and status.st_gid == os.getegid()
    return bool(status.st_mode & (stat.S_IWOTH if ours else stat.S_IWOTH | stat.S_IWGRP))
