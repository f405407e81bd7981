"""What really changed in a tree, found by a complete scan."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

Signature = tuple[int, ...]
Tree = dict[bytes, Signature]


def snapshot(root: Path) -> Tree:
    """Return a signature of each path below the root; a directory's has its inode."""
    found: Tree = {}
    base = os.fsencode(root)
    pending = [b""]
    while pending:
        prefix = pending.pop()
        try:
            entries = list(os.scandir(os.path.join(base, prefix)))
        except (FileNotFoundError, NotADirectoryError):
            if not prefix:
                raise
            continue  # gone, or replaced, since it was listed
        for entry in entries:
            path = prefix + entry.name
            if path == b".git" or path.startswith(b".fsmond-cookie-"):
                continue
            try:
                status = os.lstat(
                    entry.path
                )  # not that of the entry, which is out of date on Windows
            except (FileNotFoundError, NotADirectoryError):
                continue  # gone since it was listed
            if stat.S_ISDIR(status.st_mode):
                found[path + b"/"] = (status.st_mode, status.st_ino)
                pending.append(path + b"/")
            else:
                found[path] = _of_file(status)
    return found


def _of_file(status: os.stat_result) -> Signature:
    return (
        status.st_mode,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
    )


def changed(before: Tree, after: Tree) -> set[bytes]:
    """Return the paths that appeared, disappeared or changed."""
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def unreported(before: Tree, after: Tree, answer: Iterable[bytes]) -> set[bytes]:
    """Return the changed paths that an answer does not report.

    What exists must be reported itself; for what disappeared, a directory above it is enough.
    """
    reported = set(answer)
    return {
        path
        for path in changed(before, after)
        if path not in reported
        and (path in after or not any(up in reported for up in _above(path)))
    }


def updated(seen: Tree, now: Tree, answer: Iterable[bytes]) -> Tree:
    """Return what a client knows of a tree after it has checked what an answer reports."""
    reported = set(answer)
    fresh = {path for path in seen.keys() | now.keys() if path in reported}
    fresh |= {
        path for path in seen.keys() - now.keys() if any(up in reported for up in _above(path))
    }
    known = {path: signature for path, signature in seen.items() if path not in fresh}
    return known | {path: now[path] for path in fresh if path in now}


def _above(path: bytes) -> list[bytes]:
    """Return the directories above a path, each ending in `/`."""
    parts = path.rstrip(b"/").split(b"/")
    return [b"/".join(parts[:count]) + b"/" for count in range(1, len(parts))]
