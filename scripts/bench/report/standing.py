"""Where fsmond stands: which rows it wins, which it loses, and which are open."""

from collections.abc import Sequence
from typing import NamedTuple

from bench import names
from bench.report.behind import MARGIN, Gap, points
from bench.report.floors import Floor, floor_of
from bench.results import Series, pooled

_SHARES_OF_CHANGES = (names.ALL_CHANGES, names.SEVERAL)  # the truth's rows that have all the others
_Curve = list[Gap]


class Row(NamedTuple):
    """One row of the report, with all points of its curve if it has one."""

    shown: Gap
    """The point that is shown: the design's tree, or else where fsmond stands worst."""
    ratios: tuple[float, ...]
    """At each point what fsmond takes, in units of what the best peer takes: less is better."""
    floor: Floor | None
    """The least that the point which is shown can take."""
    runs: tuple[tuple[float, ...], ...]
    """The ratios at each point, of each run that measured the row."""
    shown_runs: tuple[float, ...]
    """The ratio at the point that is shown, of each of these runs."""

    @property
    def word(self) -> str:
        """Who is ahead, at all points in all runs."""
        ratios = [ratio for run in self.runs for ratio in run]
        if set(ratios) == {1.0}:
            return "equal"
        if max(ratios) < 1 / MARGIN:
            return "won"
        return "lost" if min(ratios) > MARGIN else "open"


def standing(series: Sequence[Series]) -> list[Row]:
    """Return all rows that a peer has as well, in the order of the sections."""
    together = pooled(series)
    runs = [_curves(_of_run(series, run)) for run in sorted({each.run for each in series})]
    return [
        _row(curve, [run[row] for run in runs if row in run], together)
        for row, curve in _curves(together).items()
    ]


def _of_run(series: Sequence[Series], run: int) -> list[Series]:
    return [each for each in series if each.run == run]


def _curves(series: Sequence[Series]) -> dict[tuple[str, str], _Curve]:
    found: dict[tuple[str, str], _Curve] = {}
    for each in points(series):
        if each.section != "truth" or each.what in _SHARES_OF_CHANGES:
            found.setdefault((each.section, each.what), []).append(each)
    return found


def _row(curve: _Curve, runs: Sequence[_Curve], series: Sequence[Series]) -> Row:
    at_design = [each for each in curve if each.at == names.DESIGN]
    shown = at_design[0] if at_design else max(curve, key=lambda each: each.ratio)
    return Row(
        shown,
        tuple(each.ratio for each in curve),
        floor_of(shown, series),
        tuple(tuple(each.ratio for each in run) for run in runs),
        tuple(each.ratio for run in runs for each in run if each.at == shown.at),
    )
