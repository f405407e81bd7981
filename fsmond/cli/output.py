"""Write to standard output, as bytes: a path need not be text.  On the way of a query."""

import os


def write(data: bytes) -> None:
    """Write all of it; raises BrokenPipeError if nobody reads."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(1, rest) :]


def write_line(text: str) -> None:
    """Write text that may hold paths with surrogate escapes."""
    write(os.fsencode(text) + b"\n")
