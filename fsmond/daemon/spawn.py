"""Start a daemon's process.  Only Python's own is imported: a hook may have no more."""

import os
import sys

from fsmond.rendezvous import Place

if sys.platform == "win32":
    from fsmond.daemon.spawn_windows import Child
else:
    from fsmond.daemon.spawn_unix import Child

__all__ = ("Child", "fork", "spawn")

# By the file, as it needs neither an installation nor what this process has in its sys.path.  -P,
# as the folder of the file holds modules that are none of the top level.
_PROGRAM = os.path.join(os.path.dirname(os.path.dirname(__file__)), "__main__.py")


def spawn(place: Place, *, replace: bool = False) -> Child:
    """Start the process whose child will be the daemon; see detach.READY for what it says."""
    command = [sys.executable, "-P", _PROGRAM, "run", "--detached"]
    return Child([*command, *_arguments(place, replace=replace)])


def fork(place: Place, *, replace: bool = False) -> Child:
    """Do as `spawn`, by a copy of this process if that can be: it need not start Python anew.

    For a program of our own, that has one thread.
    """
    # On a Mac, libraries of the system do not stand it; without `site`, ours may not be found.
    if sys.platform == "linux" and "site" in sys.modules:
        from fsmond.daemon.copy_unix import Copy

        return Copy(_arguments(place, replace=replace))
    return spawn(place, replace=replace)


def _arguments(place: Place, *, replace: bool) -> list[str]:
    return [*place.as_arguments(), *(["--replace"] if replace else [])]
