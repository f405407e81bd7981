"""Which changes an answer misses, by comparing two scans of the tree; one rule for all."""

from collections.abc import Iterable

from support.trees.truth import Tree
from support.trees.truth import changed as changed_paths
from support.trees.truth import snapshot as scan

EVERYTHING = b"/"

__all__ = ["EVERYTHING", "Tree", "count_changed", "missed", "scan"]


def missed(before: Tree, after: Tree, reported: Iterable[bytes]) -> set[bytes]:
    """Return the changed paths that a client with these reported paths would not check.

    A directory may be reported with or without a slash.  A client scans all of a directory that is
    reported with a slash, and of one that is reported and was created, removed or replaced.
    """
    answer = set(reported)
    if EVERYTHING in answer:
        return set()
    paths = changed_paths(before, after)
    names = {path.rstrip(b"/") for path in answer}
    replaced = {path[:-1] for path in paths if path.endswith(b"/")}
    scanned = {path[:-1] for path in answer if path.endswith(b"/")} | (names & replaced)
    return {path for path in paths if not _is_checked(path.rstrip(b"/"), names, scanned)}


def count_changed(before: Tree, after: Tree) -> int:
    """Return how many paths were created, removed or changed."""
    return len(changed_paths(before, after))


def _is_checked(path: bytes, names: set[bytes], scanned: set[bytes]) -> bool:
    if path in names:
        return True
    while b"/" in path:
        path = path[: path.rindex(b"/")]
        if path in scanned:
            return True
    return False
