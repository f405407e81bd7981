"""What was measured, as plain values that survive in a file and can be shown again."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

KEPT = 201  # of more measurements than these, so many quantiles; p99 survives, and files stay small
_DIGITS = 5  # that are written down


class Series(NamedTuple):
    """Measurements of one thing, of one contestant."""

    section: str
    what: str
    who: str
    unit: str
    values: tuple[float, ...]
    at: float | None = None
    """Where on a curve: with how many clients, on how many directories."""
    said: str = ""
    """What it, or the measurement, has to say of itself: a failure, or how it ended."""

    @classmethod
    def of(cls, section: str, what: str, who: str, unit: str, values: Iterable[float]) -> "Series":
        """Keep measurements, thinned out if they are many."""
        return cls(section, what, who, unit, thinned(tuple(values)))


class Results(NamedTuple):
    """All of one run."""

    facts: dict[str, str]
    """What the numbers are true of."""
    absent: dict[str, str]
    """Who could not be measured, and how to get it."""
    series: list[Series]
    texts: dict[str, str]
    """Tables that other programs wrote."""


def thinned(values: Sequence[float]) -> tuple[float, ...]:
    """Return values in the order they came, or the quantiles of many, rounded."""
    kept = list(values)
    if len(kept) > KEPT:
        ordered = sorted(kept)
        last = len(ordered) - 1
        kept = [ordered[round(last * step / (KEPT - 1))] for step in range(KEPT)]
    return tuple(float(f"{value:.{_DIGITS}g}") for value in kept)


def save(results: Results, path: Path) -> None:
    """Write them down, a line for each series, so that a difference can be read."""
    rows = ",\n  ".join(json.dumps(each._asdict(), ensure_ascii=False) for each in results.series)
    head = json.dumps(
        {"facts": results.facts, "absent": results.absent, "texts": results.texts},
        indent=1,
        ensure_ascii=False,
    )
    path.write_text(f'{head[:-2]},\n "series": [\n  {rows}\n ]\n}}\n', encoding="utf-8")


def load(path: Path) -> Results:
    """Read them back."""
    found = json.loads(path.read_text(encoding="utf-8"))
    series = [Series(**{**each, "values": tuple(each["values"])}) for each in found["series"]]
    return Results(found["facts"], found["absent"], series, found["texts"])
