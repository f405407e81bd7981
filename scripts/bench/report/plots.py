"""The plots: a function for each, and `draw` for all that there are results for."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.names import (
    AFTER_REST,
    ALL_CHANGES,
    BARE_WALK,
    EMPTY_PROGRAM,
    EXACT_AFTER,
    FIRST_ANSWER,
    FIRST_BY_NAME,
    FIRST_STATUS,
    IDLE,
    IDLE_TIME,
    LATENCY,
    LOST,
    MEMORY_BY_EVENTS,
    NO_WATCHER,
    ONE,
    RATE,
    RECOVERY,
    SEVERAL,
    START_MEMORY,
    START_TIME,
)
from bench.report.canvas import Sheet, curve, dots, logarithmic, panels_of, pick, style_of, whos
from bench.report.figures import Figures, quantile, slope
from bench.report.texts import label
from bench.results import Results, Series


def draw(results: Results, folder: Path) -> list[Path]:
    """Draw the plots of all sections that were measured, as SVG files in the folder."""
    measured = {each.section for each in results.series if each.values}
    return [
        plot(results, folder / f"{name}.svg")
        for name, (section, plot) in PLOTS.items()
        if section in measured
    ]


def latency(results: Results, path: Path) -> Path:
    """Draw the distribution of latencies: the share of answers within a time."""
    rows = [IDLE, AFTER_REST, ONE, f"{ONE}, process"]
    sheet = Sheet(2, 2, height=3.4)
    for panel, what in panels_of(sheet, rows):
        for each in pick(results, "latency", what):
            values = sorted(each.values)
            shares = [(at + 1) / len(values) for at in range(len(values))]
            style = style_of(each.who)
            panel.step(values, shares, where="post", label=label(each.who), color=style["color"])
        logarithmic(panel, "x")
        panel.set_title(label(what))
        panel.set_xlabel("milliseconds" if "process" in what else "microseconds")
        panel.set_ylabel("share of answers within")
        panel.legend(loc="lower right")
    title = "Distribution of latencies: further left is faster; a flat end is a long tail"
    return sheet.save(path, title)


def changes(results: Results, path: Path) -> Path:
    """Draw how latency grows with the number of changes."""
    found: list[Series] = []
    for each in pick(results, "latency"):
        if each.at and not each.what.endswith("rest"):
            factor = 1e-3 if each.unit == "µs" else 1.0
            found.append(each._replace(values=tuple(value * factor for value in each.values)))
    sheet = Sheet(2, height=4.4)
    for panel, kind in panels_of(sheet, ["socket", "process"]):
        chosen = [each for each in found if ("process" in each.what) == (kind == "process")]
        curve(panel, chosen)
        logarithmic(panel)
        panel.set_title("a whole process" if kind == "process" else "over the socket, or delivered")
        panel.set_xlabel("files changed right before the query")
        panel.set_ylabel("milliseconds until the answer")
        panel.legend()
    return sheet.save(path, "Latency grows with the number of paths in the answer")


def clients(results: Results, path: Path) -> Path:
    """Draw the answers a second of many clients at once, and their latency."""
    sheet = Sheet(2)
    rate, latency_panel = sheet.panels
    curve(rate, pick(results, "clients", RATE))
    logarithmic(rate, "x")
    rate.set_ylim(bottom=0)
    rate.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    rate.set_title("answers a second, of all clients")
    rate.legend()
    latencies = pick(results, "clients", LATENCY)
    curve(latency_panel, latencies)
    for who in dict.fromkeys(each.who for each in latencies):
        tail = [(each.at, quantile(each.values, 0.99)) for each in latencies if each.who == who]
        latency_panel.plot(*zip(*tail, strict=True), linestyle=":", color=style_of(who)["color"])
    logarithmic(latency_panel)
    latency_panel.set_title("latency of an answer, µs; dotted: 99th percentile")
    for panel in sheet.panels:
        panel.set_xlabel("clients at once")
        panel.set_xticks([1, 2, 4, 8, 16, 32, 64])
        panel.minorticks_off()
    return sheet.save(
        path, "Many clients of one daemon: answers a second of all, and latency of each"
    )


def growth(results: Results, path: Path) -> Path:
    """Draw the costs that grow with the size of the tree."""
    units = {
        FIRST_ANSWER: "ms",
        FIRST_BY_NAME: "ms",
        START_MEMORY: "MB",
        START_TIME: "ms",
        IDLE_TIME: "% of a processor",
    }
    sheet = Sheet(3, 2, width=13, height=3.8)
    *panels, unused = sheet.panels
    for panel, (what, unit) in zip(panels, units.items(), strict=True):
        series = pick(results, "growth", what)
        curve(panel, series)
        logarithmic(panel, "x" if what == IDLE_TIME else "xy")
        panel.margins(x=0.15)
        panel.set_title(label(what), fontsize=10)
        panel.set_xlabel("directories, of nine files each")
        panel.set_ylabel(unit)
        if what != IDLE_TIME:
            _annotate_exponents(panel, series)
    unused.axis("off")
    unused.legend(*panels[0].get_legend_handles_labels(), loc="center", fontsize=11)
    return sheet.save(
        path, "Costs by size of the tree; beside each curve the exponent of its growth"
    )


def _annotate_exponents(panel: Any, series: Sequence[Series]) -> None:
    """Write the exponent of growth at the end of each curve."""
    for who in whos(series):
        points = sorted(
            (each.at or 0, Figures.of(each.values).median) for each in series if each.who == who
        )
        exponent = slope(points)
        if exponent is not None:
            panel.annotate(
                f"{exponent:.2f}",
                points[-1],
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color=style_of(who)["color"],
            )


def memory(results: Results, path: Path) -> Path:
    """Draw memory by number of events."""
    sheet = Sheet(1)
    curve(sheet.panels[0], pick(results, "memory", MEMORY_BY_EVENTS))
    sheet.panels[0].set_ylim(bottom=0)
    sheet.panels[0].set_xlabel("events on the same 10,000 paths")
    sheet.panels[0].xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    sheet.panels[0].set_ylabel("MB in memory")
    sheet.panels[0].legend()
    return sheet.save(
        path, "Memory by number of events on the same paths: bounded if the curve is level"
    )


def bursts(results: Results, path: Path) -> Path:
    """Draw the worst loss of each workload, and the time until the answer."""
    loads = [each.what for each in pick(results, "bursts") if each.what.endswith(f": {LOST}")]
    loads = [what.removesuffix(f": {LOST}") for what in dict.fromkeys(loads)]
    sheet = Sheet(2, width=11, height=0.75 * len(loads) + 1.6)
    losses, delays = sheet.panels
    names = whos(pick(results, "bursts"))
    for at, load in enumerate(loads):
        _row(losses, pick(results, "bursts", f"{load}: {LOST}"), names, at, worst=True)
        _row(delays, pick(results, "bursts", f"{load}: answered after"), names, at, worst=False)
    for panel in sheet.panels:
        panel.set_yticks(
            range(len(loads)),
            [label(load) for load in loads] if panel is losses else [""] * len(loads),
        )
        panel.set_ylim(len(loads) - 0.5, -0.5)
    losses.set_xlim(-3, 103)
    losses.set_title("changed paths not reported, %, worst round")
    logarithmic(delays, "x")
    delays.set_title("time until the answer after the burst, ms")
    handles = [delays.plot([], [], linestyle="", label=who, **style_of(who))[0] for who in names]
    sheet.figure.legend(handles=handles, loc="outside lower center", ncols=len(names))
    return sheet.save(path, "After a burst: changes lost (left: none), and time until the answer")


def _row(panel: Any, series: Sequence[Series], names: list[str], at: int, *, worst: bool) -> None:
    for each in series:
        offset = (names.index(each.who) - (len(names) - 1) / 2) * 0.15
        value = max(each.values) if worst else Figures.of(each.values).median
        panel.plot([value], [at + offset], markersize=7, **style_of(each.who))


def writers(results: Results, path: Path) -> Path:
    """Draw how much longer each workload takes when it is watched."""
    series = pick(results, "writers")
    loads = list(dict.fromkeys(each.what for each in series))
    sheet = Sheet(3, 2, width=13, height=2.6)
    for panel, load in panels_of(sheet, loads):
        of_load = [each for each in series if each.what == load]
        alone = [Figures.of(each.values).median for each in of_load if each.who == NO_WATCHER]
        dots(panel, of_load, 1 / alone[0] if alone else 1)
        panel.axvline(1, color="#888888", linewidth=1)
        panel.margins(x=0.2)
        panel.set_title(label(load), fontsize=10)
        panel.set_xlabel("time, relative to no watcher")
    return sheet.save(path, "What watching costs the programs that write (1: nothing)")


def overflow(results: Results, path: Path) -> Path:
    """Draw the share of lost changes, and the time until an answer had all of them."""
    sheet = Sheet(2, width=11, height=3)
    lost, recovery = sheet.panels
    ended = {each.who for each in results.series if each.what == LOST and "ended" in each.said}
    dots(lost, pick(results, "overflow", LOST))
    lost.set_xlim(-3, 118)
    lost.set_title("changes never reported, %")
    times = pick(results, "overflow", RECOVERY)
    dots(recovery, times)
    names = [f"{each.who},\nrestarted" if each.who in ended else each.who for each in times]
    recovery.set_yticks(range(len(times)), names)
    logarithmic(recovery, "x")
    recovery.margins(x=0.25)
    recovery.set_title("time until an answer had all changes, ms")
    return sheet.save(
        path, "After the kernel dropped events: changes lost for good, and time to recover"
    )


def truth(results: Results, path: Path) -> Path:
    """Draw the share of changes that each watcher missed, for each kind of change."""
    series = pick(results, "truth")
    names = whos(series)
    kinds = sorted({each.what for each in series} - {ALL_CHANGES, SEVERAL})
    kinds = [ALL_CHANGES, SEVERAL, *kinds]
    changes = {(each.what, each.who): each.values[0] for each in series}
    sheet = Sheet(1, width=8.5, height=0.27 * len(kinds) + 1.4)
    panel = sheet.panels[0]
    shares = [[changes.get((kind, who), 0.0) for who in names] for kind in kinds]
    panel.imshow(shares, aspect="auto", cmap="Oranges", vmin=0, vmax=100)
    for row, kind in enumerate(kinds):
        for column, who in enumerate(names):
            share = changes.get((kind, who))
            text = "" if share is None else "0" if not share else f"{share:.3g} %"
            colour = "#aaaaaa" if not share else "white" if share > 60 else "black"
            panel.text(column, row, text, ha="center", va="center", color=colour, fontsize=9)
    panel.set_xticks(range(len(names)), names)
    panel.set_yticks(range(len(kinds)), [kind.replace("_", " ") for kind in kinds])
    panel.tick_params(length=0)
    panel.grid(visible=False)
    return sheet.save(path, "Changed paths that were not reported, by kind of change")


def status(results: Results, path: Path) -> Path:
    """Draw the time of `git status` for each setup."""
    series = [each for each in pick(results, "status") if each.who != EMPTY_PROGRAM]
    rows = list(dict.fromkeys(each.what for each in series if "alone" not in each.what))
    sheet = Sheet(2, max(1, -(-len(rows) // 2)), width=13, height=3)
    for panel, what in panels_of(sheet, rows):
        of_row = [each for each in series if each.what == what]
        of_row.sort(key=lambda each: Figures.of(each.values).median)
        dots(panel, of_row)
        panel.set_xlim(left=0)
        panel.margins(x=0.2)
        panel.set_title(label(what))
        panel.set_xlabel("milliseconds, the whole process")
    return sheet.save(path, "git status with each setup, the fastest at the top")


def restart(results: Results, path: Path) -> Path:
    """Draw the time until an old token is answered exactly, and that of the first git status."""
    sheet = Sheet(2, width=13)
    exact, first = sheet.panels
    walks = pick(results, "restart", BARE_WALK)
    found = [each for each in pick(results, "restart") if each.what.startswith(EXACT_AFTER)]
    named = [
        each._replace(who=f"{each.who},{each.what.removeprefix(EXACT_AFTER + ':')} files changed")
        for each in found
    ]
    curve(exact, [*(each._replace(who=each.what) for each in walks), *named])
    logarithmic(exact)
    exact.set_title("until an old token is answered exactly, ms")
    exact.set_xlabel("directories, of nine files each")
    exact.legend()
    series = pick(results, "restart", FIRST_STATUS)
    series.sort(key=lambda each: Figures.of(each.values).median)
    dots(first, series)
    first.set_xlim(left=0)
    first.margins(x=0.2)
    first.set_title("start of the daemon and the first git status, ms")
    return sheet.save(path, "After a restart")


def ipc(results: Results, path: Path) -> Path:
    """Draw round trips and rates."""
    series = pick(results, "ipc")
    rows = list(dict.fromkeys(each.what for each in series))
    sheet = Sheet(2, -(-len(rows) // 2), width=13, height=2)
    for panel, what in panels_of(sheet, rows):
        of_row = [each for each in series if each.what == what]
        dots(panel, of_row)
        panel.set_xlim(left=0)
        panel.margins(x=0.2)
        panel.set_title(f"{label(what)}, {of_row[0].unit}", fontsize=10)
    return sheet.save(path, "ipc and its peers: for round trips left is better, for rates right")


PLOTS: dict[str, tuple[str, Callable[[Results, Path], Path]]] = {  # by file name: its section
    "latency": ("latency", latency),
    "latency-changes": ("latency", changes),
    "clients": ("clients", clients),
    "growth": ("growth", growth),
    "memory": ("memory", memory),
    "bursts": ("bursts", bursts),
    "writers": ("writers", writers),
    "overflow": ("overflow", overflow),
    "truth": ("truth", truth),
    "status": ("status", status),
    "restart": ("restart", restart),
    "ipc": ("ipc", ipc),
}
