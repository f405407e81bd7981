"""What the system knows of a file."""

import errno
import os
import sys
from pathlib import Path

import pytest

from fsmond.index.status import lstat


@pytest.mark.skipif(sys.platform == "win32", reason="of Unix")
def test_the_status_of_a_path_of_any_length_is_read(tmp_path: Path) -> None:
    """The system accepts 4095 bytes at once, and a file further down may have several names."""
    handle = os.open(tmp_path, os.O_RDONLY)
    for _ in range(30):
        os.mkdir(b"d" * 200, dir_fd=handle)
        deeper = os.open(b"d" * 200, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = deeper
    os.symlink(b"nowhere", b"link", dir_fd=handle)
    expected = os.lstat(b"link", dir_fd=handle)
    os.close(handle)
    folder = b"/".join([os.fsencode(tmp_path), *[b"d" * 200] * 30])

    assert lstat(folder + b"/link").st_ino == expected.st_ino
    with pytest.raises(FileNotFoundError):
        lstat(folder + b"/none")
    with pytest.raises(OSError, match=os.strerror(errno.ENAMETOOLONG)):
        lstat(folder + b"/" + b"n" * 300)
