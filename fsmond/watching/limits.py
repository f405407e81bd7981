"""Error messages for limits of inotify and fanotify that are too low."""

import errno
import os
from pathlib import Path

_LIMITS = Path("/proc/sys/fs")
_USUAL = 524_288  # watches; the default of distributions that expect such programs


class WatchError(OSError):
    """The tree cannot be watched; the message says what would help."""


def no_instance(error: OSError) -> WatchError:
    """Explain why there is no inotify instance."""
    if error.errno == errno.EMFILE:
        limit = _limit("inotify/max_user_instances")
        return WatchError(
            f"this user's programs may have {limit} inotify instances, "
            "and all are in use; raise the limit: sudo sysctl fs.inotify.max_user_instances=1024"
        )
    return WatchError(f"inotify is not available: {error.strerror}")


def no_watch(root: bytes, error: OSError) -> WatchError:
    """Explain why the root, or a directory below it, cannot be watched."""
    if error.errno == errno.ENOSPC:
        return _too_few(root, "watch", "inotify/max_user_watches")
    if error.errno == errno.EACCES:
        return WatchError(f"cannot watch {os.fsdecode(root)}: no permission to read it")
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return WatchError(
            f"cannot open {os.fsdecode(root)}: {error.strerror}; allow more: ulimit -n 1024"
        )
    where = error.filename or root
    return WatchError(f"cannot watch {os.fsdecode(where)}: {error.strerror}")


def no_group(error: OSError) -> WatchError:
    """Explain why there is no fanotify group."""
    if error.errno == errno.EMFILE:
        return WatchError(
            f"this user's programs may have {_limit('fanotify/max_user_groups')} fanotify groups, "
            "and all are in use; raise the limit: sudo sysctl fs.fanotify.max_user_groups=1024"
        )
    return WatchError(
        f"fanotify is not available here: {error.strerror}; it needs Linux 5.17, or the capability "
        "CAP_SYS_ADMIN; without it: --watch=events"
    )


def no_mark(root: bytes, error: OSError) -> WatchError:
    """Explain why fanotify cannot watch the root, or a directory below it."""
    if error.errno == errno.ENOSPC:
        return _too_few(root, "mark", "fanotify/max_user_marks")
    if error.errno == errno.EINVAL:
        return no_group(error)
    return no_watch(root, error)


def _too_few(root: bytes, verb: str, limit: str) -> WatchError:
    return WatchError(
        f"not all directories below {os.fsdecode(root)} can be watched: this user's programs "
        f"may {verb} {_limit(limit)} in total; raise the limit: "
        f"sudo sysctl fs.{limit.replace('/', '.')}={_suggested_limit(limit)}"
    )


def _limit(name: str) -> str:
    try:
        return (_LIMITS / name).read_text().strip()
    except OSError:
        return "few"


def _suggested_limit(name: str) -> int:
    """Return a limit that is at least twice the current one."""
    current = _limit(name)
    return max(_USUAL, 2 * int(current) if current.isdigit() else 0)
