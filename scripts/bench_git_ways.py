"""Which ways there are on this machine to have git tell the status."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

import bench_git_watchman as watchman
from bench_daemons import BARE_PYTHON, MAIN, Fsmond, GitDaemon, MeasurementError, running
from bench_git_status import Git, Way, call

UNAIDED = "git alone, core.untrackedCache=false"
PLAIN = "git alone"
GIT_DAEMON = "git's own daemon"
WATCHMAN = "Watchman by git's sample hook"
HOOK = "fsmond by its hook"
BUILTIN = "fsmond by core.fsmonitor=true"

_OUR_HOOK = (*BARE_PYTHON, str(MAIN), "hook")


def ways_of(
    git: Git, place: Path, environment: Mapping[str, str]
) -> tuple[list[Way], dict[str, str]]:
    """Return the ways of this git, their worktrees yet to be made, and why others are absent."""
    ways = [
        Way(UNAIDED, git, place / "unaided", environment, untracked_cache="false"),
        Way(PLAIN, git, place / "plain", environment),
    ]
    absent = {}
    if git.has_daemon:
        ways.append(_by_git_daemon(git, place / "own", environment))
    else:
        absent[GIT_DAEMON] = absent[BUILTIN] = (
            f"git {git.version} can't ask a daemon; FSMOND_MODERN_GIT may name one that can "
            "(2.55 or newer on Linux)"
        )
    if why := watchman.why_absent(git.command, place / "probe", environment):
        absent[WATCHMAN] = why
    else:
        ways.append(_by_watchman(git, place / "watchman", environment))
    ways.append(_by_hook(git, place / "hook", environment))
    if git.has_daemon:
        ways.append(_by_builtin(git, place / "builtin", environment))
    return ways, absent


def find_gits(environment: Mapping[str, str]) -> list[Git]:
    """Return the git that is named and the one in PATH, or one if they are of one version."""
    found: dict[str, Git] = {}
    for name in filter(None, (os.environ.get("FSMOND_MODERN_GIT"), "git")):
        command = shutil.which(name)
        if command is None:
            raise MeasurementError(f"there is no {name}; FSMOND_MODERN_GIT may name another git")
        told = call([command, "version", "--build-options"], environment)
        git = Git(command, told.split()[2], "feature: fsmonitor--daemon" in told)
        found.setdefault(git.version, git)
    return list(found.values())


def _by_git_daemon(git: Git, root: Path, environment: Mapping[str, str]) -> Way:
    daemon = running(GitDaemon(root, dict(environment), git.command))
    return Way(GIT_DAEMON, git, root, environment, fsmonitor="true", monitor=daemon)


def _by_watchman(git: Git, root: Path, environment: Mapping[str, str]) -> Way:
    return Way(
        WATCHMAN,
        git,
        root,
        environment,
        fsmonitor=watchman.HOOK,
        monitor=watchman.watching(root, environment),
        hook=[str(root / watchman.HOOK)],
    )


def _by_hook(git: Git, root: Path, environment: Mapping[str, str]) -> Way:
    ours = Fsmond(root, dict(environment))
    return Way(
        HOOK,
        git,
        root,
        environment,
        fsmonitor=shlex.join(_OUR_HOOK),
        monitor=running(ours),
        hook=_OUR_HOOK,
        fsmond=ours,
    )


def _by_builtin(git: Git, root: Path, environment: Mapping[str, str]) -> Way:
    ours = Fsmond(root, dict(environment))
    monitor = running(ours)
    return Way(BUILTIN, git, root, environment, fsmonitor="true", monitor=monitor, fsmond=ours)
