"""Why a tree's events may not tell all, on Windows."""

import sys

assert sys.platform == "win32"

import ctypes
import os
from ctypes.wintypes import LPCWSTR, UINT

_OF_ANOTHER_MACHINE = 4  # type of a drive
_drive_type = ctypes.windll.kernel32.GetDriveTypeW
_drive_type.restype = UINT
_drive_type.argtypes = (LPCWSTR,)


def is_wine() -> bool:
    """Say whether the system is Wine."""
    return hasattr(ctypes.windll.ntdll, "wine_get_version")


def doubt(root: bytes) -> str | None:
    """Return why events do not tell all that changes below a directory, if so."""
    if is_wine():
        return "Wine does not tell of changes in directories that were there before it was asked to"
    drive = os.path.splitdrive(os.path.realpath(os.fsdecode(root)))[0]
    if _drive_type(drive + "\\") == _OF_ANOTHER_MACHINE:
        return (
            f"{drive} is on another machine, which may not tell of others' changes; "
            "if nobody else changes it: fsmond start --watch=events"
        )
    return None
