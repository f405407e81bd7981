"""Error messages for inotify limits that are too low."""

import errno
import os
from pathlib import Path

_LIMITS = Path("/proc/sys/fs/inotify")
_USUAL = 524_288  # watches; the default of distributions that expect such programs


class WatchError(OSError):
    """The tree cannot be watched; the message says what would help."""


def no_instance(error: OSError) -> WatchError:
    """Explain why there is no inotify instance."""
    if error.errno == errno.EMFILE:
        return WatchError(
            f"this user's programs may have {_limit('max_user_instances')} inotify instances, "
            "and all are in use; raise the limit: sudo sysctl fs.inotify.max_user_instances=1024"
        )
    return WatchError(f"inotify is not available: {error.strerror}")


def no_watch(root: bytes, error: OSError) -> WatchError:
    """Explain why the root, or a directory below it, cannot be watched."""
    if error.errno == errno.ENOSPC:
        return WatchError(
            f"not all directories below {os.fsdecode(root)} can be watched: this user's programs "
            f"may watch {_limit('max_user_watches')} in total; raise the limit: "
            f"sudo sysctl fs.inotify.max_user_watches={_suggested_limit()}"
        )
    if error.errno == errno.EACCES:
        return WatchError(f"cannot watch {os.fsdecode(root)}: no permission to read it")
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return WatchError(
            f"cannot open {os.fsdecode(root)}: {error.strerror}; allow more: ulimit -n 1024"
        )
    where = error.filename or root
    return WatchError(f"cannot watch {os.fsdecode(where)}: {error.strerror}")


def _limit(name: str) -> str:
    try:
        return (_LIMITS / name).read_text().strip()
    except OSError:
        return "few"


def _suggested_limit() -> int:
    """Return a limit that is at least twice the current one."""
    current = _limit("max_user_watches")
    return max(_USUAL, 2 * int(current) if current.isdigit() else 0)
