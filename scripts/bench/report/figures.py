"""Summary statistics of many measurements."""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Figures(NamedTuple):
    """The median of many values, with the tenth and ninetieth percentile."""

    median: float
    p10: float
    p90: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Figures":
        """Summarize values; a single one is all three figures."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        tenths = statistics.quantiles(values, n=10, method="inclusive")
        return cls(statistics.median(values), tenths[0], tenths[-1])

    def __str__(self) -> str:
        median, p10, p90 = (shown(value, like=self.median) for value in self)
        return median if median == p10 == p90 else f"{median} ({p10} – {p90})"  # noqa: RUF001


def shown(value: float, *, like: float | None = None) -> str:
    """Format a number with digits that fit its size, or that of `like`."""
    size = abs(value if like is None else like)
    digits = 0 if size >= 100 or size == int(size) else 1 if size >= 10 else 2
    return f"{value:,.{digits}f}"


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share of all values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """Return the exponent of growth of a curve, by least squares: 1 means proportional."""
    logs = [(math.log(x), math.log(y)) for x, y in points if x > 0 and y > 0]
    if len({x for x, _ in logs}) < 2:
        return None
    return statistics.linear_regression([x for x, _ in logs], [y for _, y in logs]).slope
