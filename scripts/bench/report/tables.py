"""The tables of the report, in Markdown."""

import math
from collections.abc import Iterable, Sequence

from bench.report.behind import Gap
from bench.report.figures import Figures, quantile, shown, slope
from bench.report.standing import Row
from bench.report.targets import TargetResult
from bench.report.texts import TEXTS, label
from bench.results import Series

_TIMES = "×"  # noqa: RUF001 - the sign, not the letter
_ABSENT = "–"  # noqa: RUF001 - a dash as in all tables
_MANY = 60  # values; with fewer, a 99th percentile means nothing


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table; all columns but the first are aligned to the right."""
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def of_section(series: Sequence[Series]) -> list[str]:
    """Return the table of a section: a row for each quantity, a column for each program."""
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
    return table(["median (p10 – p90)", *map(label, whos)], rows) if rows else []  # noqa: RUF001


def of_tails(series: Sequence[Series]) -> list[str]:
    """Return the 99th percentiles and the maxima of series with enough values."""
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
    return table(["99th percentile / longest", *map(label, whos)], rows) if rows else []


def of_slopes(series: Sequence[Series]) -> list[str]:
    """Return the exponent of growth of each curve."""
    curves: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for each in series:
        if each.at is not None and each.values:
            points = curves.setdefault(each.what, {}).setdefault(each.who, [])
            points.append((each.at, Figures.of(each.values).median))
    whos = _in_order(who for curve in curves.values() for who in curve)
    rows = []
    for what, curve in curves.items():
        exponents = [slope(curve.get(who, ())) for who in whos]
        rows.append([label(what), *("–" if each is None else f"{each:.2f}" for each in exponents)])  # noqa: RUF001
    return table(["exponent of growth", *whos], rows) if rows else []


def of_targets(results: Sequence[TargetResult]) -> list[str]:
    """Return the table of targets and results."""
    rows = []
    for each in results:
        ours = "–" if each.ours is None else f"{shown(each.ours)} {each.unit}"  # noqa: RUF001
        theirs, ratio = "–", "–"  # noqa: RUF001
        if each.theirs is not None:
            theirs = f"{shown(each.theirs)} {each.unit}"
            ratio = f"{each.ours / each.theirs:.2f}" if each.ours is not None else ratio
        rows.append([each.target.what, ours, theirs, ratio, each.limit, each.word])
    return table(["what", "fsmond", "compared with", "ratio", "target", "result"], rows)


def of_standing(rows: Sequence[Row]) -> list[str]:
    """Return the table of all rows that a peer has as well."""
    lines = []
    for each in rows:
        least, most = (_share(ratio) for ratio in (min(each.ratios), max(each.ratios)))
        shown_at = each.shown
        lines.append(
            [
                f"{TEXTS[shown_at.section].title}: {label(shown_at.what)}",
                f"{shown(shown_at.ours)} {shown_at.unit}".strip(),
                f"{shown(shown_at.theirs)} {shown_at.unit}".strip() + f" ({label(shown_at.peer)})",
                least if least == most else f"{least} – {most}",  # noqa: RUF001
                ", ".join(map(_share, each.shown_runs)),
                f"{each.floor.times:.2f} {_TIMES} {label(each.floor.who)}"
                if each.floor
                else _ABSENT,
                f"**{each.word}**" if each.word in ("lost", "open") else each.word,
            ]
        )
    return table(
        ["what", "fsmond", "best peer", "ratio", "each run", "over the floor", "standing"], lines
    )


def _share(ratio: float) -> str:
    return "∞" if math.isinf(ratio) else f"{ratio:.2f}"


def of_gaps(gaps: Sequence[Gap]) -> list[str]:
    """Return the table of rows in which fsmond is behind."""
    rows = []
    for each in gaps:
        on_curve = each.section in ("clients", "growth", "memory", "restart")
        at = f": {each.at:,.0f}" if on_curve and each.at is not None else ""
        points = [f"{point:,.0f}: {_times(ratio)}" for point, ratio in each.curve if on_curve]
        rows.append(
            [
                f"{TEXTS[each.section].title}: {label(each.what)}{at}",
                f"{shown(each.ours)} {each.unit} ({each.who})",
                f"{shown(each.theirs)} {each.unit} ({label(each.peer)})",
                _times(each.ratio),
                "; ".join(points) or "–",  # noqa: RUF001
            ]
        )
    return table(["what", "fsmond", "best peer", "ratio", "ratio at each point"], rows)


def _times(ratio: float) -> str:
    return "–" if math.isinf(ratio) else f"{ratio:.1f}"  # noqa: RUF001


def remarks(series: Sequence[Series]) -> list[str]:
    """Return the remarks, each once."""
    found = _in_order(
        f"- {label(each.who)}, {_named(each)}: {each.said}" for each in series if each.said
    )
    return [" ".join(line.split()) for line in found]


def _named(each: Series) -> str:
    if each.at is None or each.section == "latency":
        return label(each.what)
    return f"{label(each.what)}: {each.at:,.0f}"


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
