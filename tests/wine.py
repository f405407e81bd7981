"""Whether Windows is played by Wine, which does some things otherwise."""

import ctypes
import sys

import pytest


def is_wine() -> bool:
    """Say whether this is no Windows, though it looks like it."""
    return sys.platform == "win32" and hasattr(ctypes.windll.ntdll, "wine_get_version")


def wine_fails(seen: str) -> pytest.MarkDecorator:
    """Skip a test where Wine does something wrong; `seen` is what, and in which version."""
    return pytest.mark.skipif(is_wine(), reason=f"Wine: {seen}")
