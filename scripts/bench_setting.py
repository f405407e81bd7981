"""Where and how much is measured, who takes part, and in which order."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import itertools
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from bench_collectors import Watchdog, Watchfiles
from bench_daemons import Daemon, Fsmond, GitDaemon, MeasurementError
from bench_results import Series
from bench_watchman import Watchman

US, MS = 1e6, 1e3  # in a second
MEASURED = (MeasurementError, OSError, ValueError, EOFError)  # a failure of one of them

Enter = Callable[[Path], Daemon]
_Each = TypeVar("_Each")


class Setting(NamedTuple):
    """What a section is told."""

    scratch: Path
    fast: Path
    """The same on a tmpfs, if there is one."""
    environment: Mapping[str, str]
    git: str
    daemons: Mapping[str, Enter]
    """Those that can be asked, ours first: each makes itself for a tree that is yet to be made."""
    collectors: Mapping[str, Enter]
    """Those that only deliver events."""
    quick: bool

    def pick(self, quick: int, full: int) -> int:
        """Return how many of something this run can afford."""
        return quick if self.quick else full

    @contextmanager
    def place(self, name: str, *, fast: bool = False) -> Iterator[Path]:
        """Have a directory, and have it removed."""
        folder = (self.fast if fast else self.scratch) / name
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class Takings:
    """Gathers what each contestant took in one measurement; who fails is out of it, and heard."""

    def __init__(self, section: str, what: str, unit: str, at: float | None = None) -> None:
        self._of = (section, what, unit, at)
        self._values: dict[str, list[float]] = {}
        self._said: dict[str, str] = {}

    def take(self, who: str, measure: Callable[[], float]) -> None:
        """Have one measured once more, unless it failed before."""
        values = self._values.setdefault(who, [])
        if who in self._said:
            return
        try:
            values.append(measure())
        except MEASURED as error:
            self._said[who] = f"{type(error).__name__}: {error}"

    def keep(self, who: str, value: float) -> None:
        """Keep what was measured elsewhere."""
        self._values.setdefault(who, []).append(value)

    def note(self, who: str, said: str) -> None:
        """Keep what is to be said of one, without its being out for that."""
        self._values.setdefault(who, [])
        self._said[who] = said

    def failed(self, who: str) -> bool:
        """Say whether it is out."""
        return who in self._said

    def series(self) -> Iterator[Series]:
        """Return what there is of each."""
        section, what, unit, at = self._of
        for who, values in self._values.items():
            made = Series.of(section, what, who, unit, values)
            yield made._replace(at=at, said=self._said.get(who, ""))


def turns(
    rounds: int, contestants: Sequence[_Each], *, at_a_time: int = 1
) -> Iterator[tuple[int, _Each]]:
    """Yield each contestant so many times, with its number; who was last is first the next time."""
    numbered = list(enumerate(contestants))
    for done in range(0, rounds, at_a_time):
        for each in numbered:
            yield from [each] * min(at_a_time, rounds - done)
        numbered.reverse()


def contestants(
    git: str | None, environment: Mapping[str, str], *, watchman: bool
) -> dict[str, Enter]:
    """Return who can be asked on this machine, ours first."""
    env = dict(environment)
    numbers = itertools.count()

    def watch(root: Path) -> Daemon:
        return Watchman(root, Path(env["HOME"]) / f"watchman-{next(numbers)}", env)

    found: dict[str, Enter] = {Fsmond.name: lambda root: Fsmond(root, env)}
    if git:
        found[GitDaemon.name] = lambda root: GitDaemon(root, env, git)
    if watchman:
        found[Watchman.name] = watch
    return found


def collectors(environment: Mapping[str, str], *, watchfiles: bool) -> dict[str, Enter]:
    """Return who only delivers events."""
    env = dict(environment)
    found: dict[str, Enter] = {Watchdog.name: lambda root: Watchdog(root, env)}
    if watchfiles:
        found[Watchfiles.name] = lambda root: Watchfiles(root, env)
    return found
