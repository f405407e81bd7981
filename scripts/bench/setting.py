"""Where and how much is measured, which programs take part, and in which order."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import itertools
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from bench.peers.daemons import Daemon, Fsmond, GitDaemon
from bench.peers.libraries import Watchdog, Watchfiles
from bench.peers.programs import MeasurementError
from bench.peers.watchman import Watchman
from bench.results import Series

US, MS = 1e6, 1e3  # in a second
FAILURES = (MeasurementError, OSError, ValueError, EOFError)  # of a program that is measured

Create = Callable[[Path], Daemon]  # from the root of its tree, which may not exist yet
_Each = TypeVar("_Each")


class Setting(NamedTuple):
    """What each section is given."""

    scratch: Path
    tmpfs: Path
    """A scratch directory on a tmpfs, if there is one."""
    environment: Mapping[str, str]
    git: str
    daemons: Mapping[str, Create]
    """Those that can be queried; fsmond is the first."""
    libraries: Mapping[str, Create]
    """Those that only deliver events."""
    quick: bool
    runs: int = 1
    """How many runs share the rounds of what takes long."""
    is_first: bool = True
    """Whether this is the first of them."""

    @property
    def watchers(self) -> dict[str, Create]:
        """All daemons and libraries."""
        return {**self.daemons, **self.libraries}

    def pick(self, quick: int, full: int) -> int:
        """Return the first number in a quick run, the second in a full one."""
        return quick if self.quick else full

    def rounds(self, quick: int, full: int) -> int:
        """Return how often to measure: the first number in a quick run, else the run's share."""
        return max(1, -(-self.pick(quick, full) // self.runs))

    @contextmanager
    def directory(self, name: str, *, on_tmpfs: bool = False) -> Iterator[Path]:
        """Make a directory for a block, and remove it."""
        folder = (self.tmpfs if on_tmpfs else self.scratch) / name
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class Measurements:
    """Values of one quantity, for each program; a program that fails is not measured again."""

    def __init__(self, section: str, what: str, unit: str, at: float | None = None) -> None:
        self._of = (section, what, unit, at)
        self._values: dict[str, list[float]] = {}
        self._remarks: dict[str, str] = {}

    def measure(self, who: str, function: Callable[[], float]) -> None:
        """Call the function and keep its value, unless this program failed before."""
        values = self._values.setdefault(who, [])
        if who in self._remarks:
            return
        try:
            values.append(function())
        except FAILURES as error:
            self._remarks[who] = f"{type(error).__name__}: {error}"

    def add(self, who: str, value: float) -> None:
        """Keep a value that was measured elsewhere."""
        self._values.setdefault(who, []).append(value)

    def remark(self, who: str, text: str) -> None:
        """Keep a remark; `measure` takes it for a failure."""
        self._values.setdefault(who, [])
        self._remarks[who] = text

    def failed(self, who: str) -> bool:
        """Return whether this program failed."""
        return who in self._remarks

    def series(self) -> Iterator[Series]:
        """Yield the values of each program."""
        section, what, unit, at = self._of
        for who, values in self._values.items():
            made = Series.of(section, what, who, unit, values)
            yield made._replace(at=at, said=self._remarks.get(who, ""))


def turns(
    rounds: int, participants: Sequence[_Each], *, at_a_time: int = 1
) -> Iterator[tuple[int, _Each]]:
    """Yield each participant in each round, with its number; the order alternates."""
    numbered = list(enumerate(participants))
    for done in range(0, rounds, at_a_time):
        for each in numbered:
            yield from [each] * min(at_a_time, rounds - done)
        numbered.reverse()


def available_daemons(
    git: str | None, environment: Mapping[str, str], *, watchman: bool
) -> dict[str, Create]:
    """Return the daemons that can be measured on this machine; fsmond is the first."""
    env = dict(environment)
    numbers = itertools.count()

    def create_watchman(root: Path) -> Daemon:
        return Watchman(root, Path(env["HOME"]) / f"watchman-{next(numbers)}", env)

    found: dict[str, Create] = {Fsmond.name: lambda root: Fsmond(root, env)}
    if git:
        found[GitDaemon.name] = lambda root: GitDaemon(root, env, git)
    if watchman:
        found[Watchman.name] = create_watchman
    return found


def available_libraries(environment: Mapping[str, str], *, watchfiles: bool) -> dict[str, Create]:
    """Return the event libraries that can be measured on this machine."""
    env = dict(environment)
    found: dict[str, Create] = {Watchdog.name: lambda root: Watchdog(root, env)}
    if watchfiles:
        found[Watchfiles.name] = lambda root: Watchfiles(root, env)
    return found
