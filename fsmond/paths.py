"""What can be said of a path: its relations, its spellings, and where it leads.

A prefix ends in `/`, and is empty for the root.

`unicodedata` is imported only when it is needed: a client that starts a daemon waits for its
imports.
"""

import os
import sys
from collections.abc import Collection, Iterable

HAS_TWO_FORMS = sys.platform == "darwin"
"""Whether a file is found by both forms: on macOS Git uses NFC, whatever form the disk has."""


def directory_of(path: bytes) -> bytes:
    """Return the prefix of the directory that contains a path."""
    return path[: path.rfind(b"/", 0, -1) + 1]


def directories_of(paths: Iterable[bytes]) -> Iterable[bytes]:
    """Return the prefixes of the directories that contain these paths, or that these are."""
    holding = dict.fromkeys(map(directory_of, paths))
    return holding | dict.fromkeys(path for path in paths if path.endswith(b"/"))


def is_within(prefix: bytes, tops: Collection[bytes]) -> bool:
    """Return whether a directory is one of these, or below one."""
    while prefix not in tops:
        if not prefix:
            return False
        prefix = directory_of(prefix)
    return True


def with_both_forms(paths: list[bytes]) -> list[bytes]:
    """Return the paths, each followed by its other normalization form if that differs."""
    import unicodedata

    found = dict.fromkeys(paths)
    for path in paths:
        if not path.isascii():
            text = os.fsdecode(path)
            found[os.fsencode(unicodedata.normalize("NFC", text))] = None
            found[os.fsencode(unicodedata.normalize("NFD", text))] = None
    return list(found)


def is_below(path: bytes, tops: Collection[bytes]) -> bool:
    """Return whether a path is in one of these directories, or below one."""
    return bool(tops) and is_within(directory_of(path), tops)


def leads_to(path: bytes, expected: tuple[int, int]) -> bool:
    """Return whether a path leads to the expected directory, by one system call."""
    try:
        status = os.stat(path)
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == expected


def identity(path: bytes) -> tuple[int, int]:
    """Return device and inode, which no two directories share at a time; may raise OSError."""
    status = os.stat(path)
    return status.st_dev, status.st_ino
