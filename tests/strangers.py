"""Another user, whom programs of tests that run as root can become."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

STRANGER = 54_321
"""A user, and a group, of whom nobody has heard: nothing else runs as it."""

is_root = sys.platform != "win32" and os.geteuid() == 0
needs_root = pytest.mark.skipif(not is_root, reason="needs root: only root can be another user")

BECOME_STRANGER = f"""
import os
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid({STRANGER}, {STRANGER}, {STRANGER})
    os.setresuid({STRANGER}, {STRANGER}, {STRANGER})
"""
"""Python to run after all imports, as a stranger may not be able to read the modules."""


@contextmanager
def strangers_folder() -> Iterator[Path]:
    """Make a folder of the stranger's, outside of those that others may not enter."""
    folder = Path(tempfile.mkdtemp(prefix="fsmond-stranger-", dir="/tmp"))
    try:
        if sys.platform != "win32" and is_root:
            os.chown(folder, STRANGER, STRANGER)
        yield folder
    finally:
        shutil.rmtree(folder)
