"""Write for people and programs, as bytes: a path need not be text.  On the way of a query."""

import errno
import os
import sys

from fsmond.errors import printable


def write(data: bytes) -> None:
    """Write all of it; raises BrokenPipeError if nobody reads."""
    if sys.stdout is None:
        # What has its number by now is something else.
        raise OSError("standard output is closed")
    if sys.platform == "win32":
        _write_on_windows(data)
        return
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(1, rest) :]


def write_line(text: str) -> None:
    """Write text that may hold paths with surrogate escapes."""
    write(os.fsencode(text) + b"\n")


def complain(text: str) -> None:
    """Write a line to standard error, if there is any; `print` would take standard output then."""
    if sys.stderr is not None:
        sys.stderr.write(f"fsmond: {printable(text)}\n")


def _write_on_windows(data: bytes) -> None:
    # Unlike a plain descriptor, this knows how a console is told what is UTF-8.
    out = sys.stdout.buffer
    try:
        out.write(data)
        out.flush()
    except OSError as error:
        if error.errno == errno.EINVAL:  # so Windows calls it
            raise BrokenPipeError from error
        raise
