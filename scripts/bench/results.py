"""The results of a run: plain values that are saved as JSON and loaded for the report."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

KEPT = 101  # values of a series; of more, as many quantiles are kept: enough for p99
_DIGITS = 5  # significant ones in the file


class Series(NamedTuple):
    """The values of one quantity, for one program.

    `what` and `who` are keys: they stay as they are, so that runs can be compared.  The report may
    show a row by another name (`bench.report.texts`).
    """

    section: str
    what: str
    who: str
    unit: str
    values: tuple[float, ...]
    at: float | None = None
    """The point on a curve: how many clients, or how many directories."""
    said: str = ""
    """A remark: a failure, or how it ended."""
    run: int = 0
    """In which of the runs that make up one report; most sections have several."""

    @classmethod
    def of(cls, section: str, what: str, who: str, unit: str, values: Iterable[float]) -> "Series":
        """Return a series of these values, thinned out if they are many."""
        return cls(section, what, who, unit, thinned(tuple(values)))


class Results(NamedTuple):
    """The results of one run."""

    facts: dict[str, str]
    """The machine and the versions that were measured."""
    absent: dict[str, str]
    """Programs that could not be measured, and how to get them."""
    series: list[Series]
    texts: dict[str, str]
    """Tables of profilers, by title."""


def pooled(series: Iterable[Series]) -> list[Series]:
    """Return one series for what several runs have measured, in the order of the first."""
    found: dict[tuple[object, ...], Series] = {}
    for each in series:
        key = (each.section, each.what, each.who, each.unit, each.at)
        before = found.get(key, each._replace(values=(), said=""))
        said = "; ".join(dict.fromkeys(text for text in (before.said, each.said) if text))
        found[key] = before._replace(values=before.values + each.values, said=said, run=0)
    return list(found.values())


def thinned(values: Sequence[float]) -> tuple[float, ...]:
    """Return rounded values in their order, or quantiles if there are many values."""
    kept = list(values)
    if len(kept) > KEPT:
        ordered = sorted(kept)
        last = len(ordered) - 1
        kept = [ordered[round(last * step / (KEPT - 1))] for step in range(KEPT)]
    return tuple(float(f"{value:.{_DIGITS}g}") for value in kept)


def save(results: Results, path: Path) -> None:
    """Save results as JSON, one line for each series, so that a diff can be read."""
    rows = ",\n  ".join(json.dumps(each._asdict(), ensure_ascii=False) for each in results.series)
    head = json.dumps(
        {"facts": results.facts, "absent": results.absent, "texts": results.texts},
        indent=1,
        ensure_ascii=False,
    )
    path.write_text(f'{head[:-2]},\n "series": [\n  {rows}\n ]\n}}\n', encoding="utf-8")


def load(path: Path) -> Results:
    """Load results that `save` wrote."""
    found = json.loads(path.read_text(encoding="utf-8"))
    series = [Series(**{**each, "values": tuple(each["values"])}) for each in found["series"]]
    return Results(found["facts"], found["absent"], series, found["texts"])
