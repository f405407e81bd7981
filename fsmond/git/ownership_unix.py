"""Check whether Git accepts another user's repository, whose configuration can run programs."""

import sys

assert sys.platform != "win32"

import os

from fsmond.git.program import GitError, git_outside_repositories
from fsmond.printable import printable

_ROOT = 0


def refusal_of(directory: bytes, owners: list[int]) -> str | None:
    """Return why Git refuses a repository of these other users; None if it accepts it.

    As in Git, root accepts the repositories of the user who ran `sudo`, and every user those in
    `safe.directory`, which no repository can set.  `directory` is the worktree, or a bare
    repository.
    """
    if os.geteuid() == _ROOT and all(str(each) == os.environ.get("SUDO_UID") for each in owners):
        return None
    try:
        command = ("config", "-z", "--type=path", "--get-all", "safe.directory")
        named = git_outside_repositories(*command, settings=True).split(b"\0")[:-1]
    except GitError:
        named = []  # usually it is not set
    trusted = False
    for each in named:
        trusted = bool(each) and (
            trusted or _names(each, directory)
        )  # an empty one clears the list
    if trusted:
        return None
    path = printable(directory)
    return (
        f"{path} is a repository of another user (uid {owners[0]}); if you trust it: "
        f"git config --global --add safe.directory '{path}'"
    )


def _names(pattern: bytes, directory: bytes) -> bool:
    if pattern == b"*":
        return True
    if pattern.endswith(b"/*"):
        return directory.startswith(os.path.join(os.path.realpath(pattern[:-2]), b""))
    return os.path.isabs(pattern) and os.path.realpath(pattern) == directory
