"""The format of scripts: changes to a tree, and what every watcher must report.

The tree starts with the files `FILES`, in their directories, and with the git directories `.git`,
`nested/.git` and `meta/gitdir`.
"""

from collections.abc import Collection
from typing import NamedTuple

from support.trees.steps import Step

FILES = ("top", "dir/file", "dir/sub/file", "dir/sub/deep/file", "other/file")
FOLDERS = (".git", "nested/.git", "meta/gitdir")
EXCLUDED = frozenset({b".git", b"meta/gitdir"})


class Turn(NamedTuple):
    """Changes before a query."""

    steps: list[Step]
    reported: set[str]
    """What the answer must contain."""
    more: bool = False
    """Whether it may contain anything else."""
    transient: Collection[str] = ()
    """What it must contain as well, except by scanning: the change leaves no trace."""


class Script(NamedTuple):
    """A list of turns; `why` is what would otherwise be a test's docstring."""

    name: str
    why: str
    turns: list[Turn]
    needs: tuple[str, ...] = ()
    """What not every platform and watcher supports: see `backends.py`."""
