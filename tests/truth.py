"""What changed in a tree, found by looking at all of it."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

Signature = tuple[int, ...]
Tree = dict[bytes, Signature]


def look(root: Path) -> Tree:
    """Return a signature of each path below the root; a directory's says which one it is."""
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
                status = os.lstat(entry.path)  # not of the entry: on Windows it is out of date
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
    """Return the paths that came, went or changed."""
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def missed(before: Tree, after: Tree, answer: Iterable[bytes]) -> set[bytes]:
    """Return the changed paths that an answer leaves out.

    What is there must be named itself; for what went, its directory will do.
    """
    told = set(answer)
    return {
        path
        for path in changed(before, after)
        if path not in told and (path in after or not any(up in told for up in _above(path)))
    }


def updated(seen: Tree, now: Tree, answer: Iterable[bytes]) -> Tree:
    """Return what is known of a tree to who looks at what an answer names."""
    told = set(answer)
    fresh = {path for path in seen.keys() | now.keys() if path in told}
    fresh |= {path for path in seen.keys() - now.keys() if any(up in told for up in _above(path))}
    known = {path: signature for path, signature in seen.items() if path not in fresh}
    return known | {path: now[path] for path in fresh if path in now}


def _above(path: bytes) -> list[bytes]:
    """Return the directories that hold the path, each with a `/`."""
    parts = path.rstrip(b"/").split(b"/")
    return [b"/".join(parts[:count]) + b"/" for count in range(1, len(parts))]
