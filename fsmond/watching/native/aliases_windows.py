"""Resolve the short (8.3) names of files on Windows."""

import sys

assert sys.platform == "win32"

import ctypes
import os
import re
from ctypes.wintypes import DWORD, LPCWSTR, LPWSTR

from watchdog.observers import winapi

# At most eight characters, three after a dot, and a number or the like after a tilde.
_SHORT = re.compile(r"(?=.{3,8}(\.|$))[^. ~]{1,6}~[0-9A-Z]{1,6}(\.[^. ]{1,3})?", re.IGNORECASE)
_MAX_PATH = 32768  # characters of a path, the system's own limit
_LONG = "\\\\?\\"
_NETWORK = "\\\\?\\UNC\\"
_PLAIN = 260  # characters of a path that needs no prefix
_long_path = winapi.kernel32.GetLongPathNameW
_long_path.restype = DWORD
_long_path.argtypes = (LPCWSTR, LPWSTR, DWORD)


def may_be_alias(path: bytes) -> bool:
    """Return whether a path contains a name that may be a short one."""
    if b"~" not in path:
        return False  # by far the most frequent case
    names = path.decode("utf-8", "surrogatepass").split("/")
    return any(_SHORT.fullmatch(name) for name in names)


def long_name(base: str, path: bytes) -> bytes | None:
    """Return a path below `base`, which ends in a separator, with long names; None if gone."""
    relative = path.decode("utf-8", "surrogatepass").replace("/", "\\")
    if not os.path.lexists(base + relative):  # Wine would return it unchanged
        return None
    plain = base.removeprefix(_LONG)
    if len(plain + relative) < _PLAIN and not base.startswith(_NETWORK):
        base = plain  # Wine resolves no path that has the prefix
    found = ctypes.create_unicode_buffer(_MAX_PATH)
    size = _long_path(base + relative, found, _MAX_PATH)
    if not 0 < size < _MAX_PATH:
        return None
    return found.value[len(base) :].replace("\\", "/").encode("utf-8", "surrogatepass")
