"""The targets, each compared with the results of the same run."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from bench import names
from bench.report.figures import shown
from bench.results import Series


class Target(NamedTuple):
    """The most that fsmond may take: a multiple of a peer, a peer plus a constant, or a limit."""

    what: str
    section: str
    row: str
    who: str = names.OURS
    peer: str = names.GIT_DAEMON
    times: float = 0.0
    plus: float = 0.0
    limit: float | None = None
    at: float | None = None
    worst: bool = False
    """The worst round decides, not the median."""


class TargetResult(NamedTuple):
    """A target, and what was measured."""

    target: Target
    ours: float | None
    theirs: float | None
    allowed: float | None
    unit: str

    @property
    def word(self) -> str:
        """The result in a word or two."""
        if self.ours is None or self.allowed is None:
            return "not measured"
        return "reached" if self.ours <= self.allowed else "**MISSED**"

    @property
    def limit(self) -> str:
        """The target as the report shows it."""
        target = self.target
        if target.limit is not None:
            return f"≤ {shown(target.limit)} {self.unit}".strip()
        if target.plus:
            return f"≤ {target.peer} + {shown(target.plus)} {self.unit}"
        return f"≤ {target.times:g} × {target.peer}"  # noqa: RUF001


TARGETS = (
    Target("query, nothing changed", "latency", names.IDLE, times=0.4),
    Target("query after one change", "latency", names.ONE, times=0.55),
    Target("query that answers 100,000 paths", "latency", names.OLD_CHANGES, times=0.6),
    Target(
        "start until the first query is answered, 99,000 files in 11,000 directories",
        "growth",
        names.FIRST_ANSWER,
        times=0.45,
        at=names.DESIGN,
    ),
    Target(
        "hook process, whole",
        "latency",
        f"{names.IDLE}, process",
        names.HOOK,
        names.EMPTY_PROGRAM,
        plus=3,
    ),
    Target(
        "`fsmond query` process, whole",
        "latency",
        f"{names.IDLE}, process",
        names.QUERY,
        names.EMPTY_PROGRAM,
        plus=5,
    ),
    Target(
        "memory after start, same tree", "growth", names.START_MEMORY, limit=32, at=names.DESIGN
    ),
    Target(
        "memory after 10 million events on 10,000 paths, minus that after 1 million",
        "memory",
        names.MEMORY_GROWTH,
        limit=2,
        at=names.DESIGN_EVENTS,
    ),
    Target(
        "burst: 100,000 creates and deletes on tmpfs, not reported, the worst round",
        "bursts",
        names.SHORT_LIVED,
        limit=0,
        worst=True,
    ),
    Target("the same: overflows of the queue", "bursts", names.OVERFLOWS, limit=0, worst=True),
)


def check_targets(series: Sequence[Series]) -> list[TargetResult]:
    """Compare each target with the results."""
    found = []
    for target in TARGETS:
        ours = _of(series, target, target.who)
        theirs = _of(series, target, target.peer) if target.limit is None else None
        base = theirs.value if theirs else None
        allowed = target.limit
        if allowed is None and base is not None:
            allowed = base * target.times + (base + target.plus if target.plus else 0)
        value = ours.value if ours else None
        found.append(TargetResult(target, value, base, allowed, ours.unit if ours else ""))
    return found


class _Value(NamedTuple):
    value: float
    unit: str


def _of(series: Sequence[Series], target: Target, who: str) -> _Value | None:
    for each in series:
        same = (each.section, each.what, each.who) == (target.section, target.row, who)
        if same and each.values and target.at in (None, each.at):
            decides = max if target.worst else statistics.median
            return _Value(decides(each.values), each.unit)
    return None
