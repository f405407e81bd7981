"""The ways to ask git for the status: what it answers in each, and how long that takes."""

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
MODERN = os.environ.get("FSMOND_MODERN_GIT")  # a git with a client of its own, 2.55 or newer
ROUNDS = 9  # of each way, in turn; enough for a median, and over in a few seconds

_ALONE = {"core.fsmonitor": "false"}
_CACHED = {"core.untrackedCache": "true"}
_WAYS = {
    "alone": _ALONE,
    "alone, with its untracked cache": {**_ALONE, **_CACHED},
    "with fsmond as its hook": {
        "core.fsmonitor": HOOK,
        "core.fsmonitorHookVersion": "2",
        **_CACHED,
    },
}
_MODERN_WAYS = {"with fsmond, core.fsmonitor=true": {"core.fsmonitor": "true", **_CACHED}}
_UNAIDED = {"core.fsmonitor": "false", "core.untrackedCache": "false"}


class Way(NamedTuple):
    """A way to ask; each has a copy of the index, as if it were the only one."""

    name: str
    git: str
    options: dict[str, str]
    private_index: Path

    def status(self, shell: Shell) -> str:
        """Return what git says."""
        return self._run(shell, self.options, "status")

    def reference(self, shell: Shell) -> str:
        """Return what git says when it looks at everything; that leaves the index as it is."""
        return self._run(shell, _UNAIDED, "--no-optional-locks", "status")

    def _run(self, shell: Shell, options: dict[str, str], *command: str) -> str:
        given = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        words = [self.git, *given, *command, "--porcelain"]
        return shell.run(words, GIT_INDEX_FILE=str(self.private_index))


def ways_to_ask(index: Path, scratch: Path) -> list[Way]:
    """Return the ways of the git on this machine, and of a modern one if there is one."""
    ways: list[Way] = []
    for git in [git for git in ("git", MODERN) if git]:
        version = subprocess.check_output([git, "version"], text=True).split()[2]
        for name, options in {**_WAYS, **(_MODERN_WAYS if git == MODERN else {})}.items():
            copy = scratch / f"index-{len(ways)}"
            if index.exists():  # there is none before the first `git add`
                shutil.copy2(index, copy)  # with its time: git compares the files' times with that
            ways.append(Way(f"git {version} {name}", git, options, copy))
    return ways


def warm(shell: Shell, ways: list[Way]) -> None:
    """Have git fill the caches in each index: the first status does, and the second uses them."""
    for way in ways * 2:
        way.status(shell)


def compare(shell: Shell, ways: list[Way]) -> str:
    """Return what git says; raise Failure unless that is the same in all ways."""
    answers = {way.name: way.status(shell) for way in ways}
    expected = ways[0].reference(shell)
    for name, answer in answers.items():
        if answer != expected:
            raise Failure(f"{name} says\n{answer}instead of\n{expected}")
    return expected


def show_same(answer: str, ways: list[Way], *, whole: bool) -> None:
    """Print what git said in all ways."""
    if whole:
        show(answer)
    lines = len(answer.splitlines())
    print(f"    ({lines} lines, the same in {len(ways)} ways and when git looks at everything)")


def show_times(shell: Shell, ways: list[Way], files: int) -> None:
    """Print how long git takes; the ways take turns, so that all meet the same machine."""
    times: dict[str, list[float]] = {way.name: [] for way in ways}
    for _ in range(ROUNDS):
        for way in ways:
            started = time.perf_counter()
            way.status(shell)
            times[way.name].append((time.perf_counter() - started) * 1000)
    print(f"# `git status` of {files:,} files, each with its own index, median of {ROUNDS}:")
    for name, taken in times.items():
        print(f"    {name:<46}{statistics.median(taken):7.1f} ms")
