"""What to do when inotify's limits are too low."""

import errno
import os
from pathlib import Path

_LIMITS = Path("/proc/sys/fs/inotify")
_USUAL = 524_288  # watches; what distributions set that expect such programs


class WatchError(OSError):
    """The tree can't be watched as the system stands; the message says what would help."""


def no_instance(error: OSError) -> WatchError:
    """Explain why there is no inotify instance."""
    if error.errno == errno.EMFILE:
        return WatchError(
            f"no inotify instance is left of the {_limit('max_user_instances')} that this user's "
            "programs may have; raise the limit: sudo sysctl fs.inotify.max_user_instances=1024"
        )
    return WatchError(f"inotify is not available: {error.strerror}")


def no_watch(root: bytes, error: OSError) -> WatchError:
    """Explain why the root, or some directory below it, can't be watched."""
    if error.errno == errno.ENOSPC:
        return WatchError(
            f"not all directories below {os.fsdecode(root)} can be watched: this user's programs "
            f"may watch {_limit('max_user_watches')} in all; raise the limit: "
            f"sudo sysctl fs.inotify.max_user_watches={_enough()}"
        )
    if error.errno == errno.EACCES:
        return WatchError(f"cannot watch {os.fsdecode(root)}: no permission to read it")
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return WatchError(
            f"cannot look into {os.fsdecode(root)}: {error.strerror}; allow more: ulimit -n 1024"
        )
    where = error.filename or root
    return WatchError(f"cannot watch {os.fsdecode(where)}: {error.strerror}")


def _limit(name: str) -> str:
    try:
        return (_LIMITS / name).read_text().strip()
    except OSError:
        return "few"


def _enough() -> int:
    """Return a limit that is at least twice what it is now."""
    current = _limit("max_user_watches")
    return max(_USUAL, 2 * int(current) if current.isdigit() else 0)
