"""The hashes of files' contents, computed when they are asked for and kept."""

import hashlib
import os
import stat
import threading
import time
from collections.abc import Mapping

from fsmond.watchman.trees.entry import Entry
from fsmond.watchman.wire.values import Scalar

_KEEP = 200_000  # files; about 40 MB
_RECENT = 2_000_000_000  # nanoseconds; a file that changed so recently may change unnoticed
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_Signature = tuple[int, int, int, int]


class Hashes:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards what follows
        self._known: dict[bytes, tuple[_Signature, str]] = {}

    def of(self, path: bytes, entry: Entry) -> "Scalar | Mapping[str, Scalar]":
        """Return the SHA-1 of a regular file as hexadecimal digits; None if it is none, or gone.

        An object with `error` if it cannot be read.
        """
        if not (entry.exists and stat.S_ISREG(entry.mode)):
            return None
        signature = (entry.ino, entry.size, entry.mtime, entry.ctime)
        with self._lock:
            known = self._known.get(path)
        if known is not None and known[0] == signature:
            return known[1]
        try:
            digest, found = _hash(path)  # of facts before it was read
        except FileNotFoundError:
            return None
        except OSError as error:
            return {"error": f"open {os.fsdecode(path)}: {error.strerror}"}
        if time.time_ns() - found[3] > _RECENT:
            self._keep(path, found, digest)
        return digest

    def _keep(self, path: bytes, signature: _Signature, digest: str) -> None:
        with self._lock:
            if len(self._known) >= _KEEP:
                self._known.clear()
            self._known[path] = (signature, digest)


def _hash(path: bytes) -> tuple[str, _Signature]:
    descriptor = os.open(path, _FLAGS | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(path)
        digest = hashlib.file_digest(file, lambda: hashlib.sha1(usedforsecurity=False))
    found = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return digest.hexdigest(), found
