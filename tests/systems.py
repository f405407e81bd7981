"""What not every system has: marks for the tests that are about it."""

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
    reason="no symbolic links: Windows wants a privilege, and Wine 8.0 says that it made one, and "
    "makes none",
)
needs_names_of_any_bytes = pytest.mark.skipif(
    IS_WINDOWS, reason="names are 16-bit numbers on Windows, and so not any bytes"
)
needs_modes = pytest.mark.skipif(IS_WINDOWS, reason="files have no modes on Windows")
of_unix = pytest.mark.skipif(
    IS_WINDOWS, reason="it is different on Windows, as the test's name says"
)
of_windows = pytest.mark.skipif(not IS_WINDOWS, reason="only Windows has that")
