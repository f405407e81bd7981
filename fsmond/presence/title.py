"""What a list of processes shows of a daemon."""

import contextlib
import os
import sys

_DETACHED = b"fsmond run --detached "  # the root follows
# Where the kernel has the command line and the environment, by their places in the line.
_ARGUMENTS_BEGIN, _ENVIRONMENT_END = 45, 48


def title_of(root: bytes) -> bytes:
    """Return the title of a daemon in the background that watches a root."""
    shown = os.fsdecode(root).encode("utf-8", "backslashreplace")  # a title is text
    return _DETACHED + shown


def show_tree(root: bytes) -> None:
    """Have lists of processes show which tree this daemon watches, whatever started it.

    A forked daemon would have the command line of the program that forked it.  Does nothing on
    Windows, where no daemon is forked; where the package is missing; and where there is no room for
    all of it: a part could be the title of another tree.
    """
    title = title_of(root)
    if sys.platform == "win32" or len(title) >= _room():
        return
    with contextlib.suppress(ImportError):
        from setproctitle import setproctitle, setthreadtitle

        setproctitle(title.decode())
        setthreadtitle("fsmond")


def _room() -> int:
    """Return how many bytes a title may have; where the system does not tell, any number."""
    try:
        with open("/proc/self/stat", "rb") as file:
            fields = file.read().rpartition(b") ")[2].split()
        return int(fields[_ENVIRONMENT_END]) - int(fields[_ARGUMENTS_BEGIN])
    except (OSError, ValueError, IndexError):
        return sys.maxsize
