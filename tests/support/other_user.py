"""Another user, as whom a test that runs as root can run programs."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

OTHER_UID = 54_321
"""A user ID, and a group ID, that no one has: no other process runs under it."""

is_root = sys.platform != "win32" and os.geteuid() == 0
needs_root = pytest.mark.skipif(not is_root, reason="needs root: only root can be another user")

BECOME_OTHER_USER = f"""
import os
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid({OTHER_UID}, {OTHER_UID}, {OTHER_UID})
    os.setresuid({OTHER_UID}, {OTHER_UID}, {OTHER_UID})
"""
"""Python code to run after all imports: the other user may not be able to read the modules."""


@contextmanager
def other_users_folder() -> Iterator[Path]:
    """Make a folder that the other user owns, in one that all users may enter."""
    folder = Path(tempfile.mkdtemp(prefix="fsmond-other-user-", dir="/tmp"))
    try:
        if sys.platform != "win32" and is_root:
            os.chown(folder, OTHER_UID, OTHER_UID)
        yield folder
    finally:
        shutil.rmtree(folder)
