"""Where fsmond stands: which rows it wins, which it loses, and which are open."""

from collections.abc import Sequence
from typing import NamedTuple

from bench import names
from bench.report.behind import MARGIN, Gap, points
from bench.results import Series

_SHARES_OF_CHANGES = (names.ALL_CHANGES, names.SEVERAL)  # the truth's rows that have all the others


class Row(NamedTuple):
    """One row of the report, with all points of its curve if it has one."""

    shown: Gap
    """The point that is shown: the design's tree, or else where fsmond stands worst."""
    ratios: tuple[float, ...]
    """At each point what fsmond takes, in units of what the best peer takes: less is better."""

    @property
    def word(self) -> str:
        """Who is ahead, at all points."""
        if set(self.ratios) == {1.0}:
            return "equal"
        if max(self.ratios) < 1 / MARGIN:
            return "won"
        return "lost" if min(self.ratios) > MARGIN else "open"


def standing(series: Sequence[Series]) -> list[Row]:
    """Return all rows that a peer has as well, in the order of the sections."""
    found: dict[tuple[str, str], list[Gap]] = {}
    for each in points(series):
        if each.section != "truth" or each.what in _SHARES_OF_CHANGES:
            found.setdefault((each.section, each.what), []).append(each)
    return [_row(curve) for curve in found.values()]


def _row(curve: Sequence[Gap]) -> Row:
    at_design = [each for each in curve if each.at == names.DESIGN]
    shown = at_design[0] if at_design else max(curve, key=lambda each: each.ratio)
    return Row(shown, tuple(each.ratio for each in curve))
