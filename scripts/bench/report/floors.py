"""The least that a row can take, as the same run measured it."""

from collections.abc import Sequence
from typing import NamedTuple

from bench import names
from bench.report.behind import Gap
from bench.report.figures import Figures
from bench.results import Series

_SECONDS = {"µs": 1e-6, "ms": 1e-3, "s": 1.0}
_SAME_ROW = (names.EMPTY_PROGRAM, names.NO_WATCHER, names.BARE)
_OVER_SOCKETS = ("latency", "clients", "telling", "watchman")
_OF_TREES = ("growth", "restart")


class Floor(NamedTuple):
    """What does nothing but what cannot be avoided."""

    who: str
    times: float
    """What fsmond takes in units of that: less is better, also of rates."""


def floor_of(row: Gap, series: Sequence[Series]) -> Floor | None:
    """Return a row's floor; None if nothing was measured that could be one.

    That is what took part in the row and does nothing; else, for an answer, the round trip of a
    bare socket; for a start, a walk over the same files.
    """
    for each in series:
        place = (each.section, each.what, each.unit, each.at)
        if place == (row.section, row.what, row.unit, row.at) and each.who in _SAME_ROW:
            return _floor(each, row) if each.values else None
    if row.unit not in _SECONDS or row.what.endswith("process"):
        return None
    for each in series:
        is_trip = row.section in _OVER_SOCKETS and each.what == names.ROUND_TRIP
        is_walk = row.section in _OF_TREES and each.what == names.BARE_WALK and each.at == row.at
        if each.values and ((is_trip and each.who == names.BARE) or is_walk):
            return _floor(each, row)
    return None


def _floor(series: Series, row: Gap) -> Floor | None:
    value = Figures.of(series.values).median
    if series.unit != row.unit:
        value *= _SECONDS[series.unit] / _SECONDS[row.unit]
    who = names.BARE_WALK if series.what == names.BARE_WALK else series.who
    return Floor(who, row._replace(theirs=value).ratio) if value > 0 else None
