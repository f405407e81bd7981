"""Write a file as a whole, or not at all."""

import contextlib
import os
import tempfile
from collections.abc import Iterable

PRIVATE = 0o600


def replace(path: str, pieces: Iterable[bytes], mode: int = PRIVATE) -> None:
    """Write a file in the place of one that may be there; raise OSError.

    Any number of threads and processes may do so at a time: the last one's file stays.
    """
    descriptor, new = tempfile.mkstemp(prefix=os.path.basename(path), dir=os.path.dirname(path))
    try:
        with open(descriptor, "wb") as file:
            file.writelines(pieces)
        if mode != PRIVATE:  # as which it was made
            os.chmod(new, mode)
        os.replace(new, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(new)
        raise
