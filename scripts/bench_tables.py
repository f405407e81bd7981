"""Tables in Markdown, of what was measured."""

from collections.abc import Iterable, Sequence

from bench_figures import Figures, quantile, shown, slope
from bench_results import Series
from bench_targets import Verdict

_MANY = 60  # measurements, from which on a 99th percentile says something


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table; numbers stand at the right."""
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def of_section(series: Sequence[Series]) -> list[str]:
    """Return one table of a section: a row for each thing, a column for each contestant."""
    whos = _in_order(each.who for each in series if each.values)
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for each in series:
        if each.values:
            row = cells.setdefault((_named(each), each.unit), {})
            row[each.who] = str(Figures.of(each.values))
    rows = [
        [f"{what}, {unit}" if unit else what, *(row.get(who, "–") for who in whos)]  # noqa: RUF001
        for (what, unit), row in cells.items()
    ]
    return table(["median (p10 – p90)", *whos], rows) if rows else []  # noqa: RUF001


def of_tails(series: Sequence[Series]) -> list[str]:
    """Return the 99th percentiles and the longest, of what was measured often enough."""
    often = [each for each in series if len(each.values) >= _MANY]
    whos = _in_order(each.who for each in often)
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for each in often:
        p99, longest = quantile(each.values, 0.99), max(each.values)
        row = cells.setdefault((_named(each), each.unit), {})
        row[each.who] = f"{shown(p99)} / {shown(longest)}"
    rows = [
        [f"{what}, {unit}", *(row.get(who, "–") for who in whos)]  # noqa: RUF001
        for (what, unit), row in cells.items()
    ]
    return table(["99th percentile / longest", *whos], rows) if rows else []


def of_slopes(series: Sequence[Series]) -> list[str]:
    """Return with which power of the size each curve grows."""
    curves: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for each in series:
        if each.at is not None and each.values:
            points = curves.setdefault(each.what, {}).setdefault(each.who, [])
            points.append((each.at, Figures.of(each.values).median))
    whos = _in_order(who for curve in curves.values() for who in curve)
    rows = []
    for what, curve in curves.items():
        powers = [slope(curve.get(who, ())) for who in whos]
        rows.append([what, *("–" if power is None else f"{power:.2f}" for power in powers)])  # noqa: RUF001
    return table(["exponent of growth", *whos], rows) if rows else []


def of_verdicts(verdicts: Sequence[Verdict]) -> list[str]:
    """Return the table of targets."""
    rows = []
    for each in verdicts:
        ours = "–" if each.ours is None else f"{shown(each.ours)} {each.unit}"  # noqa: RUF001
        theirs, ratio = "–", "–"  # noqa: RUF001
        if each.theirs is not None:
            theirs = f"{shown(each.theirs)} {each.unit}"
            ratio = f"{each.ours / each.theirs:.2f}" if each.ours is not None else ratio
        rows.append([each.target.what, ours, theirs, ratio, each.wanted, each.word])
    return table(["what", "fsmond", "held against", "ratio", "wanted", "verdict"], rows)


def remarks(series: Sequence[Series]) -> list[str]:
    """Return what the contestants said, each thing once."""
    found = _in_order(f"- {each.who}, {_named(each)}: {each.said}" for each in series if each.said)
    return [" ".join(line.split()) for line in found]


def _named(each: Series) -> str:
    if each.at is None or each.section == "latency":
        return each.what
    return f"{each.what}: {each.at:,.0f}"


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
