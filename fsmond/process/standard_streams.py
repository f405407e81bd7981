"""Replace standard descriptors that the parent process has closed.

The next file that is opened would get the number of one, and the program's output.
"""

import os
import sys

_LAST = 2  # of the standard ones


def open_closed() -> None:
    """Open the closed ones so that every write to them fails with an error."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    while descriptor < _LAST:
        descriptor = os.open(os.devnull, os.O_RDONLY)
    if descriptor > _LAST:
        os.close(descriptor)
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - as long as the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - the same; errors have nowhere to go
