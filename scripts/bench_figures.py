"""Figures of a measurement, and the table they are printed in."""

import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_WIDTHS = (54, 26, 26, 7, 18)


class Figures(NamedTuple):
    """What is said of many measurements of one thing."""

    median: float
    p10: float
    p90: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Figures":
        """Sum up measurements; a single one is all three."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        tenths = statistics.quantiles(values, n=10, method="inclusive")
        return cls(statistics.median(values), tenths[0], tenths[-1])

    def __str__(self) -> str:
        digits = 0 if self.median >= 1000 else 1 if self.median >= 10 else 2
        median, p10, p90 = (f"{value:,.{digits}f}" for value in self)
        return median if median == p10 == p90 else f"{median} ({p10} - {p90})"


class Row(NamedTuple):
    """A line of the table; figures that are sentences stand as they are."""

    what: str
    ours: Figures | str
    theirs: Figures | str | None = None
    """Of git's own daemon, if it was measured."""
    at_most: float | None = None
    """The target: ours may be so many times theirs."""
    limit: float | None = None
    """The target: ours may be so much."""

    def show(self) -> None:
        """Print the line."""
        ratio = self.ratio
        cells = (
            self.what,
            str(self.ours),
            "-" if self.theirs is None else str(self.theirs),
            "-" if ratio is None else f"{ratio:.2f}",
            self._target(ratio),
        )
        print_cells(*cells)

    @classmethod
    def of(cls, what: str, each: Sequence[Figures | str], at_most: float | None = None) -> "Row":
        """Make a line of what was measured of each daemon, ours first."""
        return cls(what, each[0], each[1] if len(each) > 1 else None, at_most)

    @property
    def ratio(self) -> float | None:
        """Ours by theirs."""
        if isinstance(self.ours, Figures) and isinstance(self.theirs, Figures):
            return self.ours.median / self.theirs.median
        return None

    def _target(self, ratio: float | None) -> str:
        if self.at_most is not None:
            reached = None if ratio is None else ratio <= self.at_most
            target = f"x {self.at_most:.2f}"
        elif self.limit is not None and isinstance(self.ours, Figures):
            reached = self.ours.median <= self.limit
            target = f"{self.limit:.1f}"
        else:
            return "-"
        return target + {None: "", True: "  reached", False: "  MISSED"}[reached]


def print_cells(*cells: str) -> None:
    """Print a line of the table."""
    line = "".join(f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))
    print(line.rstrip(), flush=True)


def print_heading() -> None:
    """Print the first line of the table."""
    print_cells("median (p10 - p90)", "fsmond", "git's daemon", "ratio", "at most")


def print_machine(git: str, directory: str) -> None:
    """Print what the figures are true of."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    load = Path("/proc/loadavg").read_text(encoding="utf-8").split()[0]
    print(f"machine  {_processor()}, {os.cpu_count()} cores, load {load}")
    print(f"system   {platform.system()} {platform.release()}, {python}, {_version(git)}")
    print(f"trees    in {directory}, file system {_file_system(directory)}")


def _version(git: str) -> str:
    return subprocess.check_output([git, "version"], text=True).strip()


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.machine()


def _file_system(directory: str) -> str:
    return subprocess.check_output(["stat", "-f", "-c", "%T", directory], text=True).strip()
