"""The configurations of git that are measured, each with a worktree of its own.

Several in one worktree would share an index, and their daemons would compete for one socket.
"""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import os
import shlex
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from bench import trees
from bench.peers.daemons import BARE_PYTHON, MAIN, Daemon, Fsmond, GitDaemon, running
from bench.peers.programs import MeasurementError, call, timed
from bench.peers.watchman import Watchman, environment_of, socket_of

NO_CACHE = "git alone, core.untrackedCache=false"
PLAIN = "git alone"
GIT_DAEMON = "git's own daemon"
WATCHMAN = "Watchman by git's sample hook"
HOOK = "fsmond by its hook"
BUILTIN = "fsmond by core.fsmonitor=true"

_OUR_HOOK = (*BARE_PYTHON, str(MAIN), "hook")
_WATCHMAN_HOOK = ".git/hooks/fsmonitor-watchman"
_WATCHMAN_SAMPLE = f"{_WATCHMAN_HOOK}.sample"
_FULL_SCAN = ("-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false")
_AGE = 60.0  # seconds; git checks files again that are as young as its index
_GIT_CONFIGURATION = """
[user]
    name = bench
    email = bench@localhost
[gc]
    auto = 0  # nothing may run in the background
[maintenance]
    auto = false
"""
_FEW = 10  # one file of so many; if git checks more, the monitor did not help it


class Git(NamedTuple):
    """A git on this machine."""

    command: str
    version: str
    has_daemon: bool


@dataclass(eq=False)
class GitSetup:
    """A configuration of git, and the worktree in which `git status` is run with it."""

    name: str
    git: Git
    root: Path
    environment: Mapping[str, str]
    fsmonitor: str = "false"
    untracked_cache: str = "true"
    monitor: AbstractContextManager[object] = field(default_factory=nullcontext)
    """Runs the daemon that git asks."""
    hook: Sequence[str] = ()
    """What git runs, without the shell, the version and the token."""
    daemon: Daemon | None = None
    """The daemon that git asks."""
    paths: list[str] = field(default_factory=list)

    def build(self, shape: trees.Shape) -> None:
        """Make the worktree, and commit all of it."""
        self.paths = trees.make(self.root, shape, self.git.command, dict(self.environment))
        past = time.time() - _AGE
        for path in {*self.paths, *map(os.path.dirname, self.paths)}:
            os.utime(path, (past, past))
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message=all")
        self._git("config", "core.fsmonitor", self.fsmonitor)
        self._git("config", "core.fsmonitorHookVersion", "2")
        self._git("config", "core.untrackedCache", self.untracked_cache)

    def change(self, turn: int) -> None:
        """Edit a tracked file; create an untracked one, or remove that of the turn before."""
        with open(self.paths[turn * 7919 % len(self.paths)], "a", encoding="ascii") as file:
            file.write(".")
        new = Path(self.paths[turn // 2 * 4999 % len(self.paths)]).with_name("new")
        if turn % 2:
            new.unlink()
        else:
            new.touch(exist_ok=False)

    def status(self, **variables: str) -> tuple[float, bytes]:
        """Return the seconds that `git status` takes, and its output."""
        return self._timed("status", **variables)

    def check(self) -> None:
        """Raise unless git's output is right and, with a monitor, git checked few files."""
        trace = self.root.with_suffix(".trace")
        output = self.status(GIT_TRACE_FSMONITOR=str(trace))[1]
        # With locks, git would remove the token from the index, and the next check would be void.
        expected = self._timed("--no-optional-locks", *_FULL_SCAN, "status")[1]
        if output != expected:
            raise MeasurementError(f"{self.name}: git prints {output!r} instead of {expected!r}")
        if self.fsmonitor == "false":
            return
        traced = trace.read_text(encoding="utf-8", errors="replace")
        trace.unlink()  # git would append to it
        checked = traced.count("mark_fsmonitor_clean")
        if "refresh fsmonitor" not in traced or checked > len(self.paths) // _FEW:
            raise MeasurementError(f"{self.name}: git checked {checked} files all the same")

    def token(self) -> str:
        """Return the token in the index, which git will send."""
        _, extension, rest = (self.root / ".git/index").read_bytes().rpartition(b"FSMN")
        if not extension or rest[4:8] != b"\0\0\0\2":  # after the size, the version
            raise MeasurementError(f"{self.name}: git keeps no token in its index")
        return os.fsdecode(rest[8 : rest.index(b"\0", 8)])

    @property
    def fsmond(self) -> Fsmond | None:
        """The daemon, if it is fsmond."""
        return self.daemon if isinstance(self.daemon, Fsmond) else None

    def queries(self) -> int:
        """Return how many queries fsmond has answered; 0 if git does not ask fsmond."""
        return int(str(self.fsmond.status()["queries"])) if self.fsmond else 0

    def _timed(self, *arguments: str, **variables: str) -> tuple[float, bytes]:
        output = self.root.with_suffix(".output")
        words = [self.git.command, "-C", str(self.root), *arguments, "--porcelain"]
        taken = timed(words, {**self.environment, **variables}, output)
        return taken, output.read_bytes()

    def _git(self, *arguments: str) -> None:
        call([self.git.command, "-C", str(self.root), *arguments], self.environment)


def git_environment(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the user's configuration; programs keep files in `folder`."""
    (folder / ".gitconfig").write_text(_GIT_CONFIGURATION, encoding="ascii")
    return {**environment, "HOME": str(folder), **environment_of(folder)}


def find_gits(environment: Mapping[str, str]) -> list[Git]:
    """Return the git that FSMOND_MODERN_GIT names and the one in PATH; one of each version."""
    found: dict[str, Git] = {}
    for name in filter(None, (os.environ.get("FSMOND_MODERN_GIT"), "git")):
        command = shutil.which(name)
        if command is None:
            raise MeasurementError(f"there is no {name}; FSMOND_MODERN_GIT may name another git")
        build = call([command, "version", "--build-options"], environment)
        git = Git(command, build.split()[2], "feature: fsmonitor--daemon" in build)
        found.setdefault(git.version, git)
    return list(found.values())


def setups_of(
    git: Git, folder: Path, environment: Mapping[str, str]
) -> tuple[list[GitSetup], dict[str, str]]:
    """Return the setups of this git, their worktrees not yet made, and why others are absent."""
    setups = [
        GitSetup(NO_CACHE, git, folder / "unaided", environment, untracked_cache="false"),
        GitSetup(PLAIN, git, folder / "plain", environment),
    ]
    absent = {}
    if git.has_daemon:
        setups.append(_with_git_daemon(git, folder / "own", environment))
    else:
        absent[GIT_DAEMON] = absent[BUILTIN] = (
            f"git {git.version} cannot ask a daemon; FSMOND_MODERN_GIT may name one that can "
            "(2.55 or newer on Linux)"
        )
    if reason := _why_no_watchman(git.command, folder / "probe", environment):
        absent[WATCHMAN] = reason
    else:
        setups.append(_with_watchman(git, folder / "watchman", environment))
    setups.append(_with_hook(git, folder / "hook", environment))
    if git.has_daemon:
        setups.append(_with_builtin_client(git, folder / "builtin", environment))
    return setups, absent


def _with_git_daemon(git: Git, root: Path, environment: Mapping[str, str]) -> GitSetup:
    daemon = GitDaemon(root, dict(environment), git.command)
    monitor = running(daemon)
    return GitSetup(
        GIT_DAEMON, git, root, environment, fsmonitor="true", monitor=monitor, daemon=daemon
    )


def _with_watchman(git: Git, root: Path, environment: Mapping[str, str]) -> GitSetup:
    daemon = Watchman(root, Path(environment["TMPDIR"]), dict(environment))
    return GitSetup(
        WATCHMAN,
        git,
        root,
        environment,
        fsmonitor=_WATCHMAN_HOOK,
        monitor=_running_watchman(daemon),
        hook=[str(root / _WATCHMAN_HOOK)],
        daemon=daemon,
    )


def _with_hook(git: Git, root: Path, environment: Mapping[str, str]) -> GitSetup:
    fsmond = Fsmond(root, dict(environment))
    return GitSetup(
        HOOK,
        git,
        root,
        environment,
        fsmonitor=shlex.join(_OUR_HOOK),
        monitor=running(fsmond),
        hook=_OUR_HOOK,
        daemon=fsmond,
    )


def _with_builtin_client(git: Git, root: Path, environment: Mapping[str, str]) -> GitSetup:
    fsmond = Fsmond(root, dict(environment))
    monitor = running(fsmond)
    return GitSetup(
        BUILTIN, git, root, environment, fsmonitor="true", monitor=monitor, daemon=fsmond
    )


def _why_no_watchman(git: str, probe: Path, environment: Mapping[str, str]) -> str:
    """Return why Watchman cannot be measured, and the cure; empty if it can.  Makes `probe`."""
    if not shutil.which("watchman", path=environment["PATH"]):
        return "there is no `watchman`; try: apt-get install watchman"
    try:
        call(["perl", "-MIPC::Open2", "-MJSON::PP", "-e", "1"], environment)
    except (OSError, MeasurementError):
        return "git's hook needs perl with JSON::PP; try: apt-get install perl"
    call([git, "init", "--quiet", str(probe)], environment)
    if not (probe / _WATCHMAN_SAMPLE).exists():
        return f"the templates of {git} lack its hook; let GIT_TEMPLATE_DIR name others"
    path = socket_of(environment)
    if not path.is_relative_to(environment["TMPDIR"]):
        return f"it insists on {path}, where it may serve other users"
    return ""


@contextmanager
def _running_watchman(daemon: Watchman) -> Iterator[None]:
    """Install git's sample hook in a worktree, and run a server that watches it."""
    shutil.copy(daemon.root / _WATCHMAN_SAMPLE, daemon.root / _WATCHMAN_HOOK)
    (daemon.root / _WATCHMAN_HOOK).chmod(0o755)
    with running(daemon):
        yield
