"""Start a daemon's process.  Only Python's own is imported: a hook may have no more."""

import os
import sys

from fsmond.rendezvous import Place

if sys.platform == "win32":
    from fsmond.daemon.spawn_windows import Child
else:
    from fsmond.daemon.spawn_unix import Child

# By the file, as it needs neither an installation nor what this process has in its sys.path.  -P,
# as the folder of the file holds modules that are none of the top level.
_PROGRAM = os.path.join(os.path.dirname(os.path.dirname(__file__)), "__main__.py")


def spawn(place: Place, *, replace: bool = False) -> Child:
    """Start the process whose child will be the daemon; see detach.READY for what it says."""
    command = [sys.executable, "-P", _PROGRAM, "run", "--detached", *place.as_arguments()]
    return Child([*command, *(["--replace"] if replace else [])])
