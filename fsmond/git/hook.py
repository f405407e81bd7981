"""What Git runs as its fsmonitor hook, where it does not ask a daemon itself."""

import os
import shlex
import subprocess
from collections.abc import Sequence

from fsmond.git.worktree import RefusedError, find

_PATIENCE = 20.0  # seconds; it takes a tenth of one


def hook_command(program: str, main: str) -> str:
    """Return the value of `core.fsmonitor`, which Git gives to a shell: Python and our file."""
    words = [program.replace(os.sep, "/"), "-I", "-S", main.replace(os.sep, "/"), "hook"]
    return shlex.join(words)


def works(command: str, version: str) -> bool:
    """Say whether what the hook runs is what we think it is."""
    words = shlex.split(command)[:-1]
    try:
        done = subprocess.run(
            [*words, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False
    return done.stdout.split() == [b"fsmond", version.encode()]


def worktrees_with(files: Sequence[str]) -> dict[str, bytes]:
    """Return those of the files that are in worktrees, with the roots of these.

    Whoever's commit is checked out there may replace them.
    """
    found = {}
    for file in files:
        folder = os.path.realpath(os.path.dirname(os.fsencode(file)))
        try:
            worktree = find(folder, {})
        except RefusedError:  # another user's, for one, who may replace it all the same
            found[file] = folder
            continue
        if worktree is not None:
            found[file] = worktree.root
    return found
