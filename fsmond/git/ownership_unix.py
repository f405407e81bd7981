"""Whether Git takes a repository that is another user's: its configuration names programs."""

import sys

assert sys.platform != "win32"

import os

from fsmond.git.program import GitError, ask
from fsmond.git.worktree import RefusedError, shown

_ROOT = 0
_NOBODYS = "/dev/null"  # as a git directory: then no repository's configuration is read


def check_trusted(directory: bytes, owners: list[int]) -> None:
    """Raise RefusedError unless a repository whose owners are not us is one to take.

    As Git has it: root takes those of the user who typed `sudo`, and anybody those that
    `safe.directory` names, outside of repositories.  `directory` is its worktree, or itself.
    """
    if os.geteuid() == _ROOT and all(str(each) == os.environ.get("SUDO_UID") for each in owners):
        return
    try:
        command = ("config", "-z", "--type=path", "--get-all", "safe.directory")
        named = ask(*command, settings=True).split(b"\0")[:-1]
    except GitError:
        named = []  # it is not set, as a rule
    trusted = False
    for each in named:
        trusted = bool(each) and (trusted or _names(each, directory))  # an empty one begins anew
    if not trusted:
        path = shown(directory)
        raise RefusedError(
            f"{path} is a repository of another user's, user {owners[0]}; if you trust it: "
            f"git config --global --add safe.directory '{path}'"
        )


def _names(pattern: bytes, directory: bytes) -> bool:
    if pattern == b"*":
        return True
    if pattern.endswith(b"/*"):
        return directory.startswith(os.path.join(os.path.realpath(pattern[:-2]), b""))
    return os.path.isabs(pattern) and os.path.realpath(pattern) == directory
