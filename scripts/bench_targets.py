"""The numbers that the design wants, each held against what was measured in the same run."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

import bench_names as names
from bench_figures import shown
from bench_results import Series


class Target(NamedTuple):
    """What ours may take at most: so many times another's, so much more than it, or so much."""

    what: str
    section: str
    row: str
    who: str = names.OURS
    rival: str = names.GIT_DAEMON
    times: float = 0.0
    plus: float = 0.0
    limit: float | None = None
    at: float | None = None
    worst: bool = False
    """Not the median decides, but the worst round."""


class Verdict(NamedTuple):
    """What came of a target."""

    target: Target
    ours: float | None
    theirs: float | None
    allowed: float | None
    unit: str

    @property
    def word(self) -> str:
        """Say it in one word, or two."""
        if self.ours is None or self.allowed is None:
            return "not measured"
        return "reached" if self.ours <= self.allowed else "**MISSED**"

    @property
    def wanted(self) -> str:
        """Say what was wanted."""
        target = self.target
        if target.limit is not None:
            return f"≤ {shown(target.limit)} {self.unit}".strip()
        if target.plus:
            return f"≤ {target.rival} + {shown(target.plus)} {self.unit}"
        return f"≤ {target.times:g} × {target.rival}"  # noqa: RUF001


TARGETS = (
    Target("query, nothing changed", "latency", names.IDLE, times=0.4),
    Target("query after one change", "latency", names.ONE, times=0.55),
    Target("query that answers 100,000 paths", "latency", names.AGAIN, times=0.6),
    Target(
        "start until the first query is answered, 99,000 files in 11,000 directories",
        "growth",
        names.FIRST,
        times=0.45,
        at=names.DESIGN,
    ),
    Target(
        "hook process, whole",
        "latency",
        f"{names.IDLE}, process",
        names.HOOK,
        names.FLOOR,
        plus=3,
    ),
    Target(
        "`fsmond query` process, whole",
        "latency",
        f"{names.IDLE}, process",
        names.QUERY,
        names.FLOOR,
        plus=5,
    ),
    Target("memory after start, same tree", "growth", names.MEMORY, limit=32, at=names.DESIGN),
    Target(
        "memory after 10 million events on 10,000 paths, beyond that after 1 million",
        "memory",
        names.KEPT,
        limit=2,
        at=names.DESIGN_EVENTS,
    ),
    Target(
        "burst: 100,000 creates and deletes on tmpfs, not told, the worst round",
        "bursts",
        names.PASSED,
        limit=0,
        worst=True,
    ),
    Target("the same: overflows of the queue", "bursts", names.OVERFLOWS, limit=0, worst=True),
)


def judge(series: Sequence[Series]) -> list[Verdict]:
    """Hold each target against the medians."""
    found = []
    for target in TARGETS:
        ours = _of(series, target, target.who)
        theirs = _of(series, target, target.rival) if target.limit is None else None
        base = theirs.median if theirs else None
        allowed = target.limit
        if allowed is None and base is not None:
            allowed = base * target.times + (base + target.plus if target.plus else 0)
        median = ours.median if ours else None
        found.append(Verdict(target, median, base, allowed, ours.unit if ours else ""))
    return found


class _Median(NamedTuple):
    median: float
    unit: str


def _of(series: Sequence[Series], target: Target, who: str) -> _Median | None:
    for each in series:
        same = (each.section, each.what, each.who) == (target.section, target.row, who)
        if same and each.values and target.at in (None, each.at):
            decides = max if target.worst else statistics.median
            return _Median(decides(each.values), each.unit)
    return None
