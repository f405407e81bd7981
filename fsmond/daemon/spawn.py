"""Start a daemon's process.  Only Python's own is imported: a hook may have no more."""

import contextlib
import os
import subprocess
import sys

from fsmond.rendezvous import Place

# By the file, as it needs neither an installation nor what this process has in its sys.path.  -P,
# as the folder of the file holds modules that are none of the top level.
_PROGRAM = os.path.join(os.path.dirname(os.path.dirname(__file__)), "__main__.py")

_PATIENCE = 1.0  # seconds until the process has left us its child; it takes hundredths


def spawn(place: Place) -> subprocess.Popen[bytes]:
    """Start the process whose child will be the daemon; see detach.READY for what it says."""
    return subprocess.Popen(
        [sys.executable, "-P", _PROGRAM, "run", "--detached", os.fsdecode(place.root)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
    )


def spawn_unattended(place: Place) -> None:
    """Start a daemon and don't wait for it; one that need not be there will end by itself."""
    process = spawn(place)
    assert process.stdout is not None
    process.stdout.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE)
