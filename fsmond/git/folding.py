"""Whether names that differ in case mean one file.  Who starts a daemon waits: few imports."""

import os
from itertools import islice

from fsmond.git.worktree import RefusedError, read

_PROBED = 16  # names of the root that are tried
_LONGEST = 8 << 20  # bytes of a configuration file


def folds_case(root: bytes, gitdir: bytes) -> bool:
    """Say whether that is so in the worktree or its git directory, or as Git has it."""
    try:
        with os.scandir(root) as entries:
            # A directory may be where something is mounted, which may never answer.
            files = (each.name for each in entries if not each.is_dir(follow_symlinks=False))
            names = [os.path.join(root, name) for name in (b".git", *islice(files, _PROBED))]
    except OSError:
        names = []
    if any(_has_two_names(path) for path in (os.path.join(gitdir, b"HEAD"), *names)):
        return True
    try:
        linked = os.path.lexists(os.path.join(gitdir, b"commondir"))
        if linked or b"ignorecase" in read(os.path.join(gitdir, b"config"), _LONGEST).lower():
            from fsmond.git.configured import is_set  # seldom needed

            return is_set(gitdir, "core.ignorecase")
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
