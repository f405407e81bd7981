"""Where Windows does not report all changes."""

import sys

assert sys.platform == "win32"

import ctypes
import os
from ctypes.wintypes import LPCWSTR, UINT

_DRIVE_REMOTE = 4
_drive_type = ctypes.windll.kernel32.GetDriveTypeW
_drive_type.restype = UINT
_drive_type.argtypes = (LPCWSTR,)


def is_wine() -> bool:
    """Return whether the system is Wine."""
    return hasattr(ctypes.windll.ntdll, "wine_get_version")


def why_incomplete(root: bytes) -> str | None:
    """Return why events do not report all changes below a directory, if so."""
    if is_wine():
        return "Wine reports no changes in directories that are older than the watch"
    drive = os.path.splitdrive(os.path.realpath(os.fsdecode(root)))[0]
    if _drive_type(drive + "\\") == _DRIVE_REMOTE:
        return (
            f"{drive} is on another machine, which may not report changes made by others; "
            "if only this machine changes it: fsmond start --watch=events"
        )
    return None
