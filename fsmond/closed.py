"""Standard descriptors of a program of ours that its parent has closed.

What is opened next would take the place of one, and be written to in its stead.
"""

import os
import sys

_LAST = 2  # of the standard ones


def occupy() -> None:
    """Put into their place what can't be written to, so that whoever does so gets an error."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    while descriptor < _LAST:
        descriptor = os.open(os.devnull, os.O_RDONLY)
    if descriptor > _LAST:
        os.close(descriptor)
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - as long as the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - the same; nobody can be told
