"""The plots of how fast and how much: latency, clients, growth, memory."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench_canvas import Sheet, curve, logarithmic, look_of, panels_of, pick, whos
from bench_figures import Figures, quantile, slope
from bench_names import (
    AT_REST,
    EVENTS,
    EXACT,
    FIRST,
    IDLE,
    LATENCY,
    MEMORY,
    ONE,
    RATE,
    RESTED,
    SPENT,
)
from bench_results import Results, Series


def latency(results: Results, path: Path) -> Path:
    """Draw which share of answers came within which time."""
    rows = [IDLE, RESTED, ONE, f"{ONE}, process"]
    sheet = Sheet(2, 2, height=3.4)
    for panel, what in panels_of(sheet, rows):
        for each in pick(results, "latency", what):
            values = sorted(each.values)
            shares = [(at + 1) / len(values) for at in range(len(values))]
            look = look_of(each.who)
            panel.step(values, shares, where="post", label=each.who, color=look["color"])
        logarithmic(panel, "x")
        panel.set_title(what)
        panel.set_xlabel("milliseconds" if "process" in what else "microseconds")
        panel.set_ylabel("share of answers within")
        panel.legend(loc="lower right")
    title = "The further left, the sooner the answer; a flat end is a long tail"
    return sheet.keep(path, title)


def changes(results: Results, path: Path) -> Path:
    """Draw how latency grows with what changed."""
    found: list[Series] = []
    for each in pick(results, "latency"):
        if each.at and not each.what.endswith("rest"):
            factor = 1e-3 if each.unit == "µs" else 1.0
            found.append(each._replace(values=tuple(value * factor for value in each.values)))
    sheet = Sheet(2, height=4.4)
    for panel, kind in panels_of(sheet, ["wire", "process"]):
        chosen = [each for each in found if ("process" in each.what) == (kind == "process")]
        curve(panel, chosen)
        logarithmic(panel)
        panel.set_title("over the socket, or delivered" if kind == "wire" else "a whole process")
        panel.set_xlabel("files changed right before the question")
        panel.set_ylabel("milliseconds until the answer")
        panel.legend()
    return sheet.keep(path, "An answer costs as much as there is to tell")


def clients(results: Results, path: Path) -> Path:
    """Draw what many clients at once get, and how long they wait."""
    sheet = Sheet(2)
    rate, wait = sheet.panels
    curve(rate, pick(results, "clients", RATE))
    logarithmic(rate, "x")
    rate.set_ylim(bottom=0)
    rate.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    rate.set_title("answers a second, of all clients")
    rate.legend()
    waits = pick(results, "clients", LATENCY)
    curve(wait, waits)
    for who in dict.fromkeys(each.who for each in waits):
        tail = [(each.at, quantile(each.values, 0.99)) for each in waits if each.who == who]
        wait.plot(*zip(*tail, strict=True), linestyle=":", color=look_of(who)["color"])
    logarithmic(wait)
    wait.set_title("a client's wait, µs; dotted: 99th percentile")
    for panel in sheet.panels:
        panel.set_xlabel("clients at once")
        panel.set_xticks([1, 2, 4, 8, 16, 32, 64])
        panel.minorticks_off()
    return sheet.keep(
        path, "More clients share one daemon: who serves them, and how long they wait"
    )


def growth(results: Results, path: Path) -> Path:
    """Draw what grows with the tree, and how fast."""
    units = {FIRST: "ms", EXACT: "ms", MEMORY: "MB", SPENT: "ms", AT_REST: "% of a processor"}
    sheet = Sheet(3, 2, width=13, height=3.8)
    *panels, rest = sheet.panels
    for panel, (what, unit) in zip(panels, units.items(), strict=True):
        series = pick(results, "growth", what)
        curve(panel, series)
        logarithmic(panel, "x" if what == AT_REST else "xy")
        panel.margins(x=0.15)
        panel.set_title(what, fontsize=10)
        panel.set_xlabel("directories, of nine files each")
        panel.set_ylabel(unit)
        if what != AT_REST:
            _name_powers(panel, series)
    rest.axis("off")
    rest.legend(*panels[0].get_legend_handles_labels(), loc="center", fontsize=11)
    return sheet.keep(
        path, "What a larger tree costs; beside each curve the exponent of its growth"
    )


def _name_powers(panel: Any, series: Sequence[Series]) -> None:
    """Write at the end of each curve with which power it grows."""
    for who in whos(series):
        of = sorted(
            (each.at or 0, Figures.of(each.values).median) for each in series if each.who == who
        )
        power = slope(of)
        if power is not None:
            panel.annotate(
                f"{power:.2f}",
                of[-1],
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color=look_of(who)["color"],
            )


def memory(results: Results, path: Path) -> Path:
    """Draw memory over events."""
    sheet = Sheet(1)
    curve(sheet.panels[0], pick(results, "memory", EVENTS))
    sheet.panels[0].set_ylim(bottom=0)
    sheet.panels[0].set_xlabel("events on the same 10,000 paths")
    sheet.panels[0].xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    sheet.panels[0].set_ylabel("MB in memory")
    sheet.panels[0].legend()
    return sheet.keep(path, "Memory while events go on: level is bounded, a climb is not")
