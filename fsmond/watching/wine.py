"""Whether this is Windows itself, or Wine, whose events do not tell all."""

import sys

assert sys.platform == "win32"

import ctypes


def is_wine() -> bool:
    """Say whether the system is Wine."""
    return hasattr(ctypes.windll.ntdll, "wine_get_version")
