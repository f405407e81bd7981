"""The command that Git runs as its fsmonitor hook, if it does not query a daemon itself."""

import os
import shlex
import subprocess
from collections.abc import Sequence

from fsmond.git.worktree import RefusedError, find

_TIMEOUT = 20.0  # seconds; the command takes a tenth of one


def hook_command(program: str, main: str) -> str:
    """Return the value of `core.fsmonitor`: a shell command that runs our file with Python."""
    words = [program.replace(os.sep, "/"), "-I", "-S", main.replace(os.sep, "/"), "hook"]
    return shlex.join(words)


def works(command: str, version: str) -> bool:
    """Return whether the hook's command runs this version of fsmond."""
    words = shlex.split(command)[:-1]
    try:
        done = subprocess.run(
            [*words, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False
    return done.stdout.split() == [b"fsmond", version.encode()]


def worktrees_with(files: Sequence[str]) -> dict[str, bytes]:
    """Return those of the files that are in worktrees, with the root of each worktree.

    A commit that is checked out there may replace them.
    """
    found = {}
    for file in files:
        folder = os.path.realpath(os.path.dirname(os.fsencode(file)))
        try:
            worktree = find(folder, {})
        except RefusedError:  # for example another user's, who may replace the file as well
            found[file] = folder
            continue
        if worktree is not None:
            found[file] = worktree.root
    return found
