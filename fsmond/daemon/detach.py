"""Leave everything of the parent's behind: its terminal, descriptors, directory, and itself.

The parent waits until this is done: no import that is not needed.
"""

import contextlib
import os
import sys

READY = b"ready\n"
"""What a daemon says when it answers; anything else is why it does not."""


_FIRST, _ALL = 3, 65536  # descriptors that may be the parent's, or its own parent's


def detach() -> None:
    """Go on in a process that is nobody's child, in a session of its own.

    Standard output stays, for `release` to tell the parent what became of us.
    """
    if sys.platform == "win32":
        return  # it is begun like that
    if os.fork():
        os._exit(0)
    os.setsid()
    os.closerange(_FIRST, _ALL)
    os.chdir("/")


def release(message: bytes) -> None:
    """Tell the parent, and let go of the last that was its own."""
    with contextlib.suppress(OSError):  # it may be gone, or have lost its patience
        os.write(1, message)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
