"""Open one directory after the other on Windows: a path is all that is needed there."""

import os
from typing import Self

_ANY_LENGTH = "\\\\?\\"
_NETWORK = "\\\\"
_NETWORK_ANY_LENGTH = "\\\\?\\UNC\\"


class Opening:
    """Finds directories below a base, an absolute path with a `/` behind."""

    def __init__(self, base: bytes) -> None:
        self._base = _any_length(os.path.realpath(os.fsdecode(base))).rstrip("\\") + "\\"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def open(self, prefix: bytes, *, strictly: bool) -> str:
        """Return what stands for a directory; raises OSError if it is a link, or none."""
        path = self._base + os.fsdecode(prefix[:-1]).replace("/", "\\")
        if strictly:
            real = _any_length(os.path.realpath(path))
            if os.path.normcase(real).rstrip("\\") != os.path.normcase(path).rstrip("\\"):
                raise NotADirectoryError(f"there is a link on the way to {path}")
        return path


def _any_length(path: str) -> str:
    if path.startswith(_ANY_LENGTH):
        return path
    if path.startswith(_NETWORK):
        return _NETWORK_ANY_LENGTH + path.removeprefix(_NETWORK)
    return _ANY_LENGTH + path
