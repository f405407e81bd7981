"""Detect whether a worktree is case-insensitive.  Runs at each start: it imports little."""

import os
from itertools import islice

from fsmond.git.worktree import RefusedError, is_enabled, read

_PROBED = 16  # files of the root that are tried
_MAX_SIZE = 8 << 20  # bytes of a configuration file


def folds_case(root: bytes, gitdir: bytes) -> bool:
    """Return whether the worktree or its git directory is case-insensitive, or Git says so."""
    try:
        with os.scandir(root) as entries:
            # A directory may be a mount point whose file system never answers.
            files = (each.name for each in entries if not each.is_dir(follow_symlinks=False))
            names = [os.path.join(root, name) for name in (b".git", *islice(files, _PROBED))]
    except OSError:
        names = []
    if any(_has_two_names(path) for path in (os.path.join(gitdir, b"HEAD"), *names)):
        return True
    try:
        linked = os.path.lexists(os.path.join(gitdir, b"commondir"))
        if linked or b"ignorecase" in read(os.path.join(gitdir, b"config"), _MAX_SIZE).lower():
            return is_enabled(gitdir, "core.ignorecase")
    except RefusedError:
        pass
    return False


def _has_two_names(path: bytes) -> bool:
    folder, name = os.path.split(path)
    other = name.swapcase()
    try:
        return other != name and os.path.samestat(
            os.lstat(path), os.lstat(os.path.join(folder, other))
        )
    except OSError:
        return False
