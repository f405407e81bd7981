"""Write for people and programs, as bytes: a path need not be text.  On the way of a query."""

import errno
import os
import sys


def write(data: bytes) -> None:
    """Write all of it; raises BrokenPipeError if nobody reads."""
    if sys.stdout is None:
        # What has its number by now is something else.
        raise OSError("standard output is closed")
    if sys.platform == "win32":
        _write_on_windows(data)
        return
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(1, rest) :]
    except OSError as error:
        if error.errno == errno.EBADF:
            raise OSError("standard output is closed") from error
        raise


def write_line(text: str) -> None:
    """Write text that may hold paths with surrogate escapes, and characters of any language."""
    try:
        line = os.fsencode(text)
    except UnicodeEncodeError:  # a terminal that does not know all characters
        line = text.encode(sys.getfilesystemencoding(), "backslashreplace")
    write(line + b"\n")


def complain(error: object) -> None:
    """Say on standard error what went wrong, be it an error or words, if anybody may read it."""
    from fsmond.printable import message_of, printable  # not needed as a rule

    said = message_of(error) if isinstance(error, BaseException) else printable(str(error))
    if sys.stderr is not None:  # `print` would take standard output then
        sys.stderr.write(f"fsmond: {said}\n")


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
