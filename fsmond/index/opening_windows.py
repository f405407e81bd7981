"""Find directories one after another on Windows, where no open handle is needed."""

import sys

assert sys.platform == "win32"

import os
from typing import Self

from fsmond.windows.files import any_length


class DirectoryOpener:
    """Finds directories below a base, an absolute path that ends in `/`."""

    def __init__(self, base: bytes) -> None:
        self._base = any_length(os.path.realpath(os.fsdecode(base))).rstrip("\\") + "\\"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def open(self, prefix: bytes, *, strictly: bool) -> str:
        """Return the path of a directory; raise OSError if `strictly` and a link is on the way."""
        path = self._base + os.fsdecode(prefix[:-1]).replace("/", "\\")
        if strictly:
            real = any_length(os.path.realpath(path))
            if os.path.normcase(real).rstrip("\\") != os.path.normcase(path).rstrip("\\"):
                raise NotADirectoryError(f"a link is on the way to {path}")
        return path
