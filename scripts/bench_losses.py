"""What a watcher left out, held against two looks at the tree; one rule for all of them."""

import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from truth import Tree, look
from truth import changed as changed_paths

EVERYTHING = b"/"

__all__ = ["EVERYTHING", "Tree", "changed", "look", "lost"]


def lost(before: Tree, after: Tree, told: Iterable[bytes]) -> set[bytes]:
    """Return the paths that changed, and that one who is told this would not look at.

    Some write a directory with a slash, and some do not: both will do.  Who is told of a directory
    that came, went or was replaced looks at all of it, and so does who is told one with a slash.
    """
    answer = set(told)
    if EVERYTHING in answer:
        return set()
    paths = changed_paths(before, after)
    names = {path.rstrip(b"/") for path in answer}
    replaced = {path[:-1] for path in paths if path.endswith(b"/")}
    covering = {path[:-1] for path in answer if path.endswith(b"/")} | (names & replaced)
    return {path for path in paths if not _is_told(path.rstrip(b"/"), names, covering)}


def changed(before: Tree, after: Tree) -> int:
    """Return how many paths came, went or changed."""
    return len(changed_paths(before, after))


def _is_told(path: bytes, names: set[bytes], covering: set[bytes]) -> bool:
    if path in names:
        return True
    while b"/" in path:
        path = path[: path.rindex(b"/")]
        if path in covering:
            return True
    return False
