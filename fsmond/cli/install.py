"""`fsmond install` and `fsmond uninstall`: configure Git to query fsmond, and undo that."""

import argparse
import os
import sys

import fsmond
from fsmond.cli.output import print_error, write_line
from fsmond.client import Client
from fsmond.daemon.history import remove_history
from fsmond.daemon.log.logs import remove_logs
from fsmond.git import repository
from fsmond.git.hook import hook_command, works, worktrees_with
from fsmond.git.program import GitError, asks_daemons
from fsmond.git.repository import UnsuitableError
from fsmond.git.settings import Settings
from fsmond.manage.stopping import stop
from fsmond.process.launch import launch
from fsmond.process.socket_owner import owner_of, stop_owner
from fsmond.process.spawn import interpreter, program_file
from fsmond.protocol import FSMOND, daemon_name
from fsmond.rendezvous import place_of

_WHERE = {
    "--global": "for all your repositories",
    "--worktree": "for this worktree",
    "--local": "for this repository and all its worktrees",
}


def install(options: argparse.Namespace) -> int:
    """Configure Git to query fsmond, and start the daemon.  Raise GitError."""
    way = repository.choose_way(options.way, everywhere=options.everywhere)
    root = None if options.everywhere else repository.root_of(options.path)
    if root is not None:
        repository.check_compatible(root)
    wanted = {"core.fsmonitor": "true", "core.untrackedCache": "true"}
    if way == "hook":
        wanted["core.fsmonitor"] = _safe_hook(root)
        # If it were unset, Git would run a failing hook twice, and print its error twice.
        wanted["core.fsmonitorHookVersion"] = "2"
    scope = "--global" if root is None else repository.scope_of(root)
    if Settings(scope, root).install(wanted) and root is not None:
        for each in _trees(scope, root):
            # Git would trust its index's list of untracked files, however old it is.
            _forget(each)
    for name, value in wanted.items():
        write_line(f"{name} is {value} {_WHERE[scope]}")
    for name, value in wanted.items():
        actual = repository.effective(name, root)
        if actual != value:
            print(
                f"fsmond: warning: another setting overrides {name}, which is {actual}; see: "
                f"git config --show-origin --get-all {name}",
                file=sys.stderr,
            )
    if root is not None:
        return _start(root, way)
    _print_what_git_starts(way)
    return 0


def _print_what_git_starts(way: str) -> None:
    """Print which daemon Git starts in a repository that has none, after a global install."""
    if way == "builtin":
        write_line(
            "Git starts its own daemon in each repository where fsmond is not running; to have "
            "Git start fsmond: fsmond install --global --hook"
        )
    elif asks_daemons():
        write_line(
            "Git starts fsmond through the hook; with --builtin, it would start its own daemon in "
            "each repository"
        )


def _safe_hook(root: bytes | None) -> str:
    files = _files_of_hook()
    own = [] if root is None else repository.worktrees_of(root)
    for file, above in worktrees_with(files).items():
        risk = f"{file} is in the worktree {os.fsdecode(above)}: a commit could replace it"
        if above in own:
            advice = "install fsmond elsewhere, for example with pipx"
            raise UnsuitableError(f"the hook would be unsafe: {risk}; {advice}")
        print(f"fsmond: warning: {risk}", file=sys.stderr)
    command = hook_command(*files)
    if not works(command, fsmond.__version__):
        raise UnsuitableError(f"the hook would fail at each Git command: {command}")
    return command


def _files_of_hook() -> tuple[str, str]:
    """Return the Python and our file that a hook runs; raise UnsuitableError in an archive."""
    file = program_file()
    if file is None:
        raise UnsuitableError(
            "fsmond runs from an archive, and Git cannot run a hook there; install it with pipx"
        )
    return interpreter(), file


def _start(root: bytes, way: str) -> int:
    started, owner = launch(place_of(root), replace=True)
    if started and owner:
        write_line(f"fsmond replaced {daemon_name(owner)}")
    write_line(f"fsmond is watching {os.fsdecode(root)}")
    if way == "builtin":
        write_line(
            "Git starts its own daemon if none is running; to have fsmond running first, from each "
            "login on: fsmond service install"
        )
    return 0


def uninstall(options: argparse.Namespace) -> int:
    """Restore the previous configuration, and stop the daemon.  Raise GitError."""
    root = None if options.everywhere else repository.root_of(options.path)
    scope = "--global" if root is None else repository.scope_of(root)
    settings = Settings(scope, root)
    names = settings.installed()
    for name in names:
        write_line(f"{name} {settings.restore(name)}")
    if not names:
        write_line(f"nothing was installed {_WHERE[scope]}")
    elif root is not None:
        for each in _trees(scope, root):
            _remove_traces(each)
    return 0


def _trees(scope: str, root: bytes) -> list[bytes]:
    return repository.worktrees_of(root) if scope == "--local" else [root]


def _remove_traces(root: bytes) -> None:
    """Stop the daemon, also Git's own, and remove its log and its part of Git's index."""
    place = place_of(root)
    owner = owner_of(place)
    if owner == FSMOND:
        stop(Client(root, start=False), print_error)
    elif owner is not None and repository.effective("core.fsmonitor", root) is None:
        stop_owner(place)
    remove_logs(place.root)
    remove_history(place)
    _forget(root)


def _forget(root: bytes) -> None:
    try:
        repository.forget_monitor(root)
    except GitError as error:
        print(
            f"fsmond: Git's index of {os.fsdecode(root)} may still refer to the old monitor: "
            f"{error}",
            file=sys.stderr,
        )
