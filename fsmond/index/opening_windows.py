"""Open one directory after the other on Windows: a path is all that is needed there."""

import os
from typing import Self

_ANY_LENGTH = "\\\\?\\"


class Opening:
    """Finds directories below a base, an absolute path with a `/` behind."""

    def __init__(self, base: bytes) -> None:
        self._base = os.path.realpath(os.fsdecode(base))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def open(self, prefix: bytes, *, strictly: bool) -> str:
        """Return what stands for a directory; raises OSError if it is a link, or none."""
        path = os.path.join(self._base, os.fsdecode(prefix[:-1]).replace("/", "\\"))
        real = os.path.realpath(path) if strictly else path
        if os.path.normcase(real) != os.path.normcase(path):
            raise NotADirectoryError(f"there is a link on the way to {path}")
        return path if path.startswith(_ANY_LENGTH) else _ANY_LENGTH + path
