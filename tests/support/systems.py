"""Marks for tests that need a feature of some operating systems."""

import os
import sys
from tempfile import TemporaryDirectory

import pytest

IS_WINDOWS = sys.platform == "win32"


def _makes_links() -> bool:
    with TemporaryDirectory() as folder:
        link = os.path.join(folder, "link")
        try:
            os.symlink("nowhere", link)
        except OSError:
            return False
        return os.path.islink(link)


needs_links = pytest.mark.skipif(
    not _makes_links(),
    reason="no symbolic links: Windows requires a privilege; Wine 8.0 reports success, but creates "
    "none",
)
needs_names_of_any_bytes = pytest.mark.skipif(
    IS_WINDOWS, reason="names consist of 16-bit units on Windows, not of bytes"
)
needs_modes = pytest.mark.skipif(IS_WINDOWS, reason="files have no modes on Windows")
unix_only = pytest.mark.skipif(IS_WINDOWS, reason="Windows differs in what this tests")
windows_only = pytest.mark.skipif(not IS_WINDOWS, reason="only for Windows")
