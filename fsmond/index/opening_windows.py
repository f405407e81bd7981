"""Open one directory after the other on Windows: a path is all that is needed there."""

import sys

assert sys.platform == "win32"

import os
from typing import Self

from fsmond.files_windows import any_length


class Opening:
    """Finds directories below a base, an absolute path with a `/` behind."""

    def __init__(self, base: bytes) -> None:
        self._base = any_length(os.path.realpath(os.fsdecode(base))).rstrip("\\") + "\\"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def open(self, prefix: bytes, *, strictly: bool) -> str:
        """Return what stands for a directory; raises OSError if it is a link, or none."""
        path = self._base + os.fsdecode(prefix[:-1]).replace("/", "\\")
        if strictly:
            real = any_length(os.path.realpath(path))
            if os.path.normcase(real).rstrip("\\") != os.path.normcase(path).rstrip("\\"):
                raise NotADirectoryError(f"there is a link on the way to {path}")
        return path
