"""The form of what is done to a tree, and what every watcher has to answer.

The tree has the files `FILES` to begin with, in directories of their own, and the git directories
`.git`, `nested/.git` and `meta/gitdir`.
"""

from collections.abc import Collection
from typing import NamedTuple

from steps import Step

FILES = ("top", "dir/file", "dir/sub/file", "dir/sub/deep/file", "other/file")
FOLDERS = (".git", "nested/.git", "meta/gitdir")
EXCLUDED = frozenset({b".git", b"meta/gitdir"})


class Turn(NamedTuple):
    """What is done before a question."""

    steps: list[Step]
    told: set[str]
    """What the answer must hold."""
    more: bool = False
    """Whether it may hold anything besides."""
    passing: Collection[str] = ()
    """What it must hold, too, but by a scan: afterwards it looks as if nothing had been."""


class Script(NamedTuple):
    """Why it is wanted is the docstring of the test that it would otherwise be."""

    name: str
    why: str
    turns: list[Turn]
    needs: tuple[str, ...] = ()
    """What not every system and watcher has: see `backends.py`."""
