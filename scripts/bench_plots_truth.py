"""The plots of what is told, and what it costs others: bursts, writers, overflow, truth, status."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench_canvas import Sheet, dots, logarithmic, look_of, panels_of, pick, whos
from bench_figures import Figures
from bench_names import ALL_CHANGES, FLOOR, LOST, NOBODY, RECOVERED, TOGETHER
from bench_results import Results, Series


def bursts(results: Results, path: Path) -> Path:
    """Draw the worst loss of each workload, and how long the answer took."""
    loads = [each.what for each in pick(results, "bursts") if each.what.endswith(f": {LOST}")]
    loads = [what.removesuffix(f": {LOST}") for what in dict.fromkeys(loads)]
    sheet = Sheet(2, width=11, height=0.75 * len(loads) + 1.6)
    losses, waits = sheet.panels
    names = whos(pick(results, "bursts"))
    for at, load in enumerate(loads):
        _row(losses, pick(results, "bursts", f"{load}: {LOST}"), names, at, worst=True)
        _row(waits, pick(results, "bursts", f"{load}: answered after"), names, at, worst=False)
    for panel in sheet.panels:
        panel.set_yticks(range(len(loads)), loads if panel is losses else [""] * len(loads))
        panel.set_ylim(len(loads) - 0.5, -0.5)
    losses.set_xlim(-3, 103)
    losses.set_title("changed paths that were not told, %, worst round")
    logarithmic(waits, "x")
    waits.set_title("until the answer after the burst, ms")
    handles = [waits.plot([], [], linestyle="", label=who, **look_of(who))[0] for who in names]
    sheet.figure.legend(handles=handles, loc="outside lower center", ncols=len(names))
    return sheet.keep(path, "After a burst: what was lost (left: nothing), and how long it took")


def _row(panel: Any, series: Sequence[Series], names: list[str], at: int, *, worst: bool) -> None:
    for each in series:
        offset = (names.index(each.who) - (len(names) - 1) / 2) * 0.15
        value = max(each.values) if worst else Figures.of(each.values).median
        panel.plot([value], [at + offset], markersize=7, **look_of(each.who))


def writers(results: Results, path: Path) -> Path:
    """Draw how many times as long work takes that is watched."""
    series = pick(results, "writers")
    loads = list(dict.fromkeys(each.what for each in series))
    sheet = Sheet(3, 2, width=13, height=2.6)
    for panel, load in panels_of(sheet, loads):
        of_load = [each for each in series if each.what == load]
        alone = [Figures.of(each.values).median for each in of_load if each.who == NOBODY]
        dots(panel, of_load, 1 / alone[0] if alone else 1)
        panel.axvline(1, color="#888888", linewidth=1)
        panel.margins(x=0.2)
        panel.set_title(load, fontsize=10)
        panel.set_xlabel("times as long as with nobody watching")
    return sheet.keep(path, "What being watched costs those who write (1: nothing)")


def overflow(results: Results, path: Path) -> Path:
    """Draw what was lost, and how long it took until nothing was."""
    sheet = Sheet(2, width=11, height=3)
    lost, whole = sheet.panels
    ended = {each.who for each in results.series if each.what == LOST and "ended" in each.said}
    dots(lost, pick(results, "overflow", LOST))
    lost.set_xlim(-3, 118)
    lost.set_title("changes never told, %")
    times = pick(results, "overflow", RECOVERED)
    dots(whole, times)
    names = [f"{each.who},\nstarted anew" if each.who in ended else each.who for each in times]
    whole.set_yticks(range(len(times)), names)
    logarithmic(whole, "x")
    whole.margins(x=0.25)
    whole.set_title("until an answer held all, ms")
    return sheet.keep(path, "After the kernel dropped events: who recovers, and who never does")


def truth(results: Results, path: Path) -> Path:
    """Draw the share of changes that each missed, for each kind."""
    series = pick(results, "truth")
    names = whos(series)
    kinds = sorted({each.what for each in series} - {ALL_CHANGES, TOGETHER})
    kinds = [ALL_CHANGES, TOGETHER, *kinds]
    missed = {(each.what, each.who): each.values[0] for each in series}
    sheet = Sheet(1, width=8.5, height=0.27 * len(kinds) + 1.4)
    panel = sheet.panels[0]
    shares = [[missed.get((kind, who), 0.0) for who in names] for kind in kinds]
    panel.imshow(shares, aspect="auto", cmap="Oranges", vmin=0, vmax=100)
    for row, kind in enumerate(kinds):
        for column, who in enumerate(names):
            share = missed.get((kind, who))
            text = "" if share is None else "0" if not share else f"{share:.3g} %"
            colour = "#aaaaaa" if not share else "white" if share > 60 else "black"
            panel.text(column, row, text, ha="center", va="center", color=colour, fontsize=9)
    panel.set_xticks(range(len(names)), names)
    panel.set_yticks(range(len(kinds)), [kind.replace("_", " ") for kind in kinds])
    panel.tick_params(length=0)
    panel.grid(visible=False)
    return sheet.keep(path, "Changed paths that were not told, by what was done")


def status(results: Results, path: Path) -> Path:
    """Draw git's whole time by each way of asking."""
    series = [each for each in pick(results, "status") if each.who != FLOOR]
    rows = list(dict.fromkeys(each.what for each in series if "alone" not in each.what))
    sheet = Sheet(2, max(1, -(-len(rows) // 2)), width=13, height=3)
    for panel, what in panels_of(sheet, rows):
        of_row = [each for each in series if each.what == what]
        of_row.sort(key=lambda each: Figures.of(each.values).median)
        dots(panel, of_row)
        panel.set_xlim(left=0)
        panel.margins(x=0.2)
        panel.set_title(what)
        panel.set_xlabel("milliseconds, the whole process")
    return sheet.keep(path, "git status by each way of asking, the fastest on top")


def ipc(results: Results, path: Path) -> Path:
    """Draw round trips and answers."""
    series = pick(results, "ipc")
    rows = list(dict.fromkeys(each.what for each in series))
    sheet = Sheet(2, -(-len(rows) // 2), width=13, height=2)
    for panel, what in panels_of(sheet, rows):
        of_row = [each for each in series if each.what == what]
        dots(panel, of_row)
        panel.set_xlim(left=0)
        panel.margins(x=0.2)
        panel.set_title(f"{what}, {of_row[0].unit}", fontsize=10)
    return sheet.keep(path, "ipc beside its rivals: round trips (left is better), rates (right is)")
