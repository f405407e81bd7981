"""Where fsmond is behind: the rows in which a peer's median is better."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench import names
from bench.report.figures import Figures
from bench.results import Series

MARGIN = 1.05  # times as much; less is within the spread of most rows
_HIGHER_IS_BETTER = ("/s", "MB/s")
_NO_PEERS = (
    names.EMPTY_PROGRAM,
    names.NO_WATCHER,
    "git alone",
    "bare socket",
    "Python",
)  # beginnings of names


class Gap(NamedTuple):
    """A row in which fsmond is behind; of a curve, the point at which it is most behind."""

    section: str
    what: str
    unit: str
    who: str
    """The program of ours that does best in this row."""
    ours: float
    peer: str
    theirs: float
    at: float | None
    curve: tuple[tuple[float, float], ...]
    """All points of the curve at which a peer is better, each with its ratio."""

    @property
    def ratio(self) -> float:
        """How many times better the peer is."""
        worse, better = self.ours, self.theirs
        if self.unit in _HIGHER_IS_BETTER:
            worse, better = better, worse
        if better > 0:
            return worse / better
        return float("inf") if worse > better else 1.0  # a growth may be negative


def gaps(series: Sequence[Series]) -> list[Gap]:
    """Return where fsmond is behind, in the order of the sections."""
    found: dict[tuple[str, str], list[Gap]] = {}
    for gap in points(series):
        if gap.ours != gap.theirs and gap.ratio > MARGIN:
            found.setdefault((gap.section, gap.what), []).append(gap)
    return [_most_behind(points) for points in found.values()]


def points(series: Sequence[Series]) -> Iterator[Gap]:
    """Yield each row that a peer has as well, at each point of its curve; behind or not."""
    found: dict[tuple[str, str, str, float | None], dict[str, float]] = {}
    for each in series:
        if each.values and not each.who.startswith(_NO_PEERS):
            medians = found.setdefault((each.section, each.what, each.unit, each.at), {})
            medians[each.who] = Figures.of(each.values).median
    for (section, what, unit, at), medians in found.items():
        ours = {who: value for who, value in medians.items() if _is_ours(who)}
        theirs = {who: value for who, value in medians.items() if not _is_ours(who)}
        if ours and theirs:
            best = max if unit in _HIGHER_IS_BETTER else min
            who, peer = best(ours, key=ours.__getitem__), best(theirs, key=theirs.__getitem__)
            yield Gap(section, what, unit, who, ours[who], peer, theirs[peer], at, ())


def _is_ours(who: str) -> bool:
    return who.startswith((names.OURS, "ipc"))


def _most_behind(points: Sequence[Gap]) -> Gap:
    worst = max(points, key=lambda gap: gap.ratio if gap.theirs else 0)
    return worst._replace(curve=tuple((gap.at, gap.ratio) for gap in points if gap.at is not None))
