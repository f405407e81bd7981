"""Write output as bytes, since a path need not be text.  Every query imports this."""

import errno
import os
import sys


def write(data: bytes) -> None:
    """Write all data to standard output; raise BrokenPipeError if the reader has closed it."""
    if sys.stdout is None:
        # Another file may have got its descriptor by now.
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
    """Write a line of any text, also with paths that hold surrogate escapes."""
    try:
        line = os.fsencode(text)
    except UnicodeEncodeError:  # the locale's encoding lacks a character
        line = text.encode(sys.getfilesystemencoding(), "backslashreplace")
    write(line + b"\n")


def print_error(error: object) -> None:
    """Print an error, or a message, on standard error if it is open."""
    from fsmond.printable import message_of, printable  # rarely needed

    text = message_of(error) if isinstance(error, BaseException) else printable(str(error))
    if sys.stderr is not None:  # if it is, `print` would write to standard output
        sys.stderr.write(f"fsmond: {text}\n")


def _write_on_windows(data: bytes) -> None:
    # Unlike `os.write`, this stream passes UTF-8 to a console correctly.
    out = sys.stdout.buffer
    try:
        out.write(data)
        out.flush()
    except OSError as error:
        if error.errno == errno.EINVAL:  # Windows reports a broken pipe so
            raise BrokenPipeError from error
        raise
