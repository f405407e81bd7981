"""Let one process of several do something at a time."""

import getpass
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that the system releases if this process ends; its file is removed with it."""
    if sys.platform == "win32":
        raise NotImplementedError("tests that need this are skipped on Windows")
    import fcntl

    while True:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if _leads_to(path, descriptor):
            break
        os.close(descriptor)  # who held it has removed it: there may be another one by now
    try:
        yield
    finally:
        path.unlink()
        os.close(descriptor)


def _leads_to(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def only_server() -> Iterator[None]:
    """Hold the lock of all tests that run this user's one server for Watchman's clients."""
    with locked(Path(tempfile.gettempdir()) / f"fsmond-clients-{getpass.getuser()}.lock"):
        yield
