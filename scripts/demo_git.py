"""`git status` with fsmond and without it: its output, and the time that it takes."""

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from demo_shell import Failure, Shell, show

import fsmond

HOOK = f'"{sys.executable}" -I -S "{Path(fsmond.__file__).with_name("__main__.py")}" hook'
MODERN = os.environ.get("FSMOND_MODERN_GIT")  # a git with a client for fsmond, 2.55 or newer
ROUNDS = 9  # for each setup, in turn; enough for a median, and done in a few seconds

_NO_MONITOR = {"core.fsmonitor": "false"}
_CACHED = {"core.untrackedCache": "true"}
_SETUPS = {
    "alone": _NO_MONITOR,
    "alone, with its untracked cache": {**_NO_MONITOR, **_CACHED},
    "with fsmond as its hook": {
        "core.fsmonitor": HOOK,
        "core.fsmonitorHookVersion": "2",
        **_CACHED,
    },
}
_MODERN_SETUPS = {"with fsmond, core.fsmonitor=true": {"core.fsmonitor": "true", **_CACHED}}
_FULL_SCAN = {"core.fsmonitor": "false", "core.untrackedCache": "false"}


class GitSetup(NamedTuple):
    """A configuration of git, with an index of its own, so that setups do not affect each other."""

    name: str
    git: str
    options: dict[str, str]
    private_index: Path

    def status(self, shell: Shell) -> str:
        """Return the output of `git status`."""
        return self._run(shell, self.options, "status")

    def reference(self, shell: Shell) -> str:
        """Return the output of `git status` with a full scan, which leaves the index unchanged."""
        return self._run(shell, _FULL_SCAN, "--no-optional-locks", "status")

    def _run(self, shell: Shell, options: dict[str, str], *command: str) -> str:
        given = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        words = [self.git, *given, *command, "--porcelain"]
        return shell.run(words, GIT_INDEX_FILE=str(self.private_index))


def setups_of(index: Path, scratch: Path) -> list[GitSetup]:
    """Return the setups for the git in PATH, and for FSMOND_MODERN_GIT if it is set."""
    setups: list[GitSetup] = []
    for git in [git for git in ("git", MODERN) if git]:
        version = subprocess.check_output([git, "version"], text=True).split()[2]
        for name, options in {**_SETUPS, **(_MODERN_SETUPS if git == MODERN else {})}.items():
            copy = scratch / f"index-{len(setups)}"
            if index.exists():  # there is none before the first `git add`
                shutil.copy2(index, copy)  # with its time, which git compares with the files' times
            setups.append(GitSetup(f"git {version} {name}", git, options, copy))
    return setups


def fill_caches(shell: Shell, setups: list[GitSetup]) -> None:
    """Run `git status` twice, so that git fills the caches in each index and uses them."""
    for setup in setups * 2:
        setup.status(shell)


def compare(shell: Shell, setups: list[GitSetup]) -> str:
    """Return the output of `git status`; raise Failure unless all setups agree."""
    outputs = {setup.name: setup.status(shell) for setup in setups}
    expected = setups[0].reference(shell)
    for name, output in outputs.items():
        if output != expected:
            raise Failure(f"{name} prints\n{output}instead of\n{expected}")
    return expected


def show_same(output: str, setups: list[GitSetup], *, whole: bool) -> None:
    """Print the output that all setups agree on."""
    if whole:
        show(output)
    lines = len(output.splitlines())
    print(f"    ({lines} lines, the same with {len(setups)} setups and with a full scan)")


def show_times(shell: Shell, setups: list[GitSetup], files: int) -> None:
    """Print the times; the setups take turns, so that other load affects all of them."""
    times: dict[str, list[float]] = {setup.name: [] for setup in setups}
    for _ in range(ROUNDS):
        for setup in setups:
            started = time.perf_counter()
            setup.status(shell)
            times[setup.name].append((time.perf_counter() - started) * 1000)
    print(f"# `git status` of {files:,} files, each with its own index, median of {ROUNDS}:")
    for name, taken in times.items():
        print(f"    {name:<46}{statistics.median(taken):7.1f} ms")
