"""`fsmond install` and `fsmond uninstall`: have Git ask fsmond, and put back what was there."""

import argparse
import os
import sys

import fsmond
from fsmond.cli.output import write_line
from fsmond.cli.stopping import stop
from fsmond.client import Client
from fsmond.daemon.holder import have_quit, holder_of
from fsmond.daemon.launch import launch
from fsmond.daemon.logs import remove_logs
from fsmond.daemon.spawn import interpreter, program_file
from fsmond.git import repository
from fsmond.git.hook import hook_command, works, worktrees_with
from fsmond.git.program import GitError, asks_daemons
from fsmond.git.repository import UnsuitableError
from fsmond.git.settings import Settings
from fsmond.protocol import FSMOND, named
from fsmond.rendezvous import place_of

_WHERE = {
    "--global": "for all your repositories",
    "--worktree": "for this worktree",
    "--local": "for this repository, and each worktree of it",
}


def install(options: argparse.Namespace) -> int:
    """Set what makes Git ask, and start the daemon.  Raises GitError."""
    way = repository.choose_way(options.way, everywhere=options.everywhere)
    root = None if options.everywhere else repository.root_of(options.path)
    if root is not None:
        repository.check_compatible(root)
    wanted = {"core.fsmonitor": "true", "core.untrackedCache": "true"}
    if way == "hook":
        wanted["core.fsmonitor"] = _safe_hook(root)
        # Else it would be run twice, when it fails, and complain twice.
        wanted["core.fsmonitorHookVersion"] = "2"
    scope = "--global" if root is None else repository.scope_of(root)
    if Settings(scope, root).install(wanted) and root is not None:
        for each in _trees(scope, root):
            # Git would believe what its index has of untracked files, as old as it is.
            _forget(each)
    for name, value in wanted.items():
        write_line(f"{name} is {value} {_WHERE[scope]}")
    for name, value in wanted.items():
        seen = repository.effective(name, root)
        if seen != value:
            print(
                f"fsmond: but {name} is {seen} by another setting, which counts: see "
                f"git config --show-origin --get-all {name}",
                file=sys.stderr,
            )
    if root is not None:
        return _start(root, way)
    _say_who_is_started(way)
    return 0


def _say_who_is_started(way: str) -> None:
    """Tell whoever installs it for all repositories what the first git in one will start."""
    if way == "builtin":
        write_line(
            "Git starts its own daemon in each repository where fsmond is not there first; have "
            "Git start fsmond by: fsmond install --global --hook"
        )
    elif asks_daemons():
        write_line(
            "Git starts fsmond by the hook; without it, it would start its own daemon in each "
            "repository (--builtin)"
        )


def _safe_hook(root: bytes | None) -> str:
    files = _files_of_hook()
    own = [] if root is None else repository.worktrees_of(root)
    for file, above in worktrees_with(files).items():
        risk = f"{file} is in the worktree {os.fsdecode(above)}: a commit could replace it"
        if above in own:
            advice = "install fsmond elsewhere, with pipx for one"
            raise UnsuitableError(f"the hook would be no safe one, as {risk}; {advice}")
        print(f"fsmond: beware, {risk}", file=sys.stderr)
    command = hook_command(*files)
    if not works(command, fsmond.__version__):
        raise UnsuitableError(f"the hook would fail at each command of Git's: {command}")
    return command


def _files_of_hook() -> tuple[str, str]:
    """Return the Python and our file that a hook runs; raise UnsuitableError if it can't."""
    file = program_file()
    if file is None:
        raise UnsuitableError(
            "Git cannot run a hook that is in an archive, as fsmond is here; install it with pipx"
        )
    return interpreter(), file


def _start(root: bytes, way: str) -> int:
    started, met = launch(place_of(root), replace=True)
    if started and met:
        write_line(f"fsmond took the place of {named(met)}")
    write_line(f"fsmond is watching {os.fsdecode(root)}")
    if way == "builtin":
        write_line(
            "Git starts its own daemon where none is; have this one be the first, when you "
            "log in, by: fsmond start --replace"
        )
    return 0


def uninstall(options: argparse.Namespace) -> int:
    """Put back what was there before, and end the daemon.  Raises GitError."""
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
            _leave(each)
    return 0


def _trees(scope: str, root: bytes) -> list[bytes]:
    return repository.worktrees_of(root) if scope == "--local" else [root]


def _leave(root: bytes) -> None:
    """Remove what is left: the daemon, even Git's own one, its log, and its part of the index."""
    place = place_of(root)
    holder = holder_of(place)
    if holder == FSMOND:
        stop(Client(root, start=False))
    elif holder is not None and repository.effective("core.fsmonitor", root) is None:
        have_quit(place)
    remove_logs(place.root)
    _forget(root)


def _forget(root: bytes) -> None:
    try:
        repository.forget_monitor(root)
    except GitError as error:
        print(
            f"fsmond: Git's index of {os.fsdecode(root)} may still tell of an old monitor: {error}",
            file=sys.stderr,
        )
