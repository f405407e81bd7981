"""What is remembered of a tree, on disk, so that clocks stay good when the server restarts.

The file is written when the server ends.  One that is older than a clock, as after a crash, is as
good: what changed since it was written fsmond reports.  A daemon refuses the token of another tree,
so that another tree's file is of no use, and of no harm.
"""

import hashlib
import logging
import marshal
import os
import stat
import sys
from typing import NamedTuple

from fsmond.watchman.files import replace
from fsmond.watchman.trees.entry import Entry

_MAGIC = b"fsmond watchman 1\n"
_LAYOUT = f"{sys.implementation.cache_tag} {sys.byteorder} {' '.join(Entry._fields)}".encode()
_DIGEST = 32  # bytes
_MAX_SIZE = 1 << 30  # bytes; about five million files
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_READ |= getattr(os, "O_BINARY", 0)

_log = logging.getLogger(__name__)


class Stored(NamedTuple):
    """A view, and up to where it has taken in changes."""

    token: str
    tick: int
    base: int
    sessions: tuple[str, ...]
    entries: list[Entry]


def save(path: str, stored: Stored) -> None:
    """Write a file in the place of the one that is there; what fails is logged."""
    content = marshal.dumps((*stored[:-1], [tuple(each) for each in stored.entries]))
    digest = hashlib.sha256(content, usedforsecurity=False).digest()
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        replace(path, (_head(), digest, content))
    except OSError as error:
        _log.warning("what is remembered is not stored: %s", error)


def load(path: str) -> Stored | None:
    """Return what a file holds; None if there is none that can be trusted."""
    try:
        data = _read(path)
        if data is None:
            return None
        head = _head()
        content = memoryview(data)[len(head) + _DIGEST :]
        digest = hashlib.sha256(content, usedforsecurity=False).digest()
        if not data.startswith(head + digest):
            _log.warning("%s is damaged, or of another version: it is not used", path)
            return None
        found = Stored(*marshal.loads(content))  # noqa: S302 - only this user can have written it
        return found._replace(entries=[Entry._make(each) for each in found.entries])
    except (OSError, ValueError, EOFError, TypeError) as error:
        _log.warning("%s is not used: %s", path, error)
        return None


def _head() -> bytes:
    return _MAGIC + len(_LAYOUT).to_bytes(4) + _LAYOUT


def _read(path: str) -> bytes | None:
    """Return the content of a file that is this user's alone; None if there is no file."""
    try:
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        return None
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_SIZE:
            raise OSError("it is no file, or too large")
        if hasattr(os, "geteuid") and (
            status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        ):
            raise OSError("another user may have written it")
        return file.read()
